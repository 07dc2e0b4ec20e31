// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/shortform.h"
#include "core/model/units.h"
#include "core/model/words.h"

#include <stdint.h>
#include <stdlib.h>

/* What is written back has to mean the same. */
static void check_duration(const char *text)
{
	char buf[UNITS_TEXT_MAX];
	int64_t ms, again;

	if (units_duration(text, &ms) < 0)
		return;
	if (ms < 0 || units_duration(units_duration_text(ms, buf), &again) < 0 || again != ms)
		abort();
}

static void check_cpus(const char *text)
{
	char buf[UNITS_TEXT_MAX];
	int64_t millis, again;

	if (units_cpus(text, &millis) < 0)
		return;
	if (millis < 0 || units_cpus(units_cpus_text(millis, buf), &again) < 0 || again != millis)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const char *text = arena_strndup(arena, (const char *)data, size);
	struct err err = ERR_INIT;
	struct strings words;
	struct mount mount;
	struct port port;
	int64_t number;
	uint32_t mode;

	check_duration(text);
	check_cpus(text);
	if (units_bytes(text, &number) == 0 && number < 0)
		abort();
	units_integer(text, &number);
	units_mode(text, &mode);
	words_split(arena, text, &words, &err);
	if (shortform_port(arena, text, &port, &err) == 0 &&
	    (port.target + port.count > 65536 || port.published + port.count > 65536))
		abort();
	if (shortform_mount(arena, text, &mount, &err) == 0 && mount.target[0] != '/')
		abort();
	shortform_tmpfs(arena, text, &mount, &err);
	return 0;
}
