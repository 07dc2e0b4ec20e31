// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_DOCKERFILE_H
#define STACK_CMD_CLI_DOCKERFILE_H

#include "core/model/project.h"

struct arena;

/*
 * Dockerfile: which images a build may start from
 *
 * buildah reads the language; this finds only the names that FROM, COPY --from
 * and RUN --mount=…,from= have, with ARGs filled in, so that images of the store
 * can be put where buildah finds them.  A name too many does no harm, and one
 * that is missed is looked for in its registry.
 */

/*
 * The names of images in TEXT, each once, NULL-terminated, without stages and
 * without the keys of CONTEXTS.  ARGS go before the defaults in TEXT.
 */
struct strings dockerfile_images(struct arena *arena, const char *text, const struct map *args,
				 const struct map *contexts);

#endif
