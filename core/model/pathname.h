// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_PATHNAME_H
#define STACK_CORE_MODEL_PATHNAME_H

struct arena;

/*
 * PATH made absolute and free of "", "." and ".." without asking the disk:
 * relative ones start at BASE (absolute), "~" and "~/…" at HOME (NULL: left).
 */
const char *pathname_resolve(struct arena *arena, const char *base, const char *home,
			     const char *path);

/* Everything before the last slash; "/" or "." as dirname(3) has it. */
const char *pathname_parent(struct arena *arena, const char *path);

#endif
