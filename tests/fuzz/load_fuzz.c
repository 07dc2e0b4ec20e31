// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"
#include "core/model/load.h"
#include "core/model/project.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whatever loads, loads again from what is written of it, and is the same then. */
static void check_round_trip(const struct project *project)
{
	CLEANUP(strbuf_release) struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf rendered = STRBUF_INIT;
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(project_cleanup) struct project *again = NULL;

	project_emit_json(project, &first);
	if (load_canonical(first.text, first.len, "again", &diag, &again, NULL) < 0) {
		diagnostics_render(&diag, &rendered);
		fputs(rendered.text, stderr);
		abort();
	}
	project_emit_json(again, &second);
	if (strcmp(first.text, second.text) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf_release) struct strbuf rendered = STRBUF_INIT;
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(project_cleanup) struct project *project = NULL;

	if (load_canonical((const char *)data, size, "fuzz", &diag, &project, NULL) == 0)
		check_round_trip(project);
	diagnostics_render(&diag, &rendered);
	return 0;
}
