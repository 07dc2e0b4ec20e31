// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/interpolate.h"
#include "core/model/variables.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(variables_release) struct variables variables = {.arena = arena};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct interpolation in = {.first = &variables, .budget = 10000};
	struct err err = ERR_INIT;

	variables_set(&variables, "A", "$A ${B}");
	variables_set(&variables, "B", "");
	interpolate(&in, (const char *)data, size, &out, &err);
	if (out.len > 10000)
		abort();
	return 0;
}
