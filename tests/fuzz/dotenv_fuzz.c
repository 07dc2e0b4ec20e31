// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/dotenv.h"
#include "core/model/report.h"
#include "core/model/variables.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(variables_release) struct variables variables = {.arena = arena};
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	struct reporter reporter = {.diag = &diag, .arena = arena};
	const struct dotenv dotenv = {.file = ".env", .raw = size > 0 && data[0] == 'r'};

	dotenv_parse(&dotenv, (const char *)data, size, &variables, &reporter);
	return 0;
}
