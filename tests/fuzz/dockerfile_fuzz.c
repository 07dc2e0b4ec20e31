// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/dockerfile.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const struct key_value given[] = {{"A", "a"}, {"B", NULL}, {"C", "${A}"}};
	const struct map args = {given, 3};
	struct strings images;

	images = dockerfile_images(arena, arena_strndup(arena, (const char *)data, size), &args,
				   &args);
	for (size_t i = 0; i < images.n; i++)
		if (strlen(images.items[i]) == 0)
			__builtin_trap();
	return 0;
}
