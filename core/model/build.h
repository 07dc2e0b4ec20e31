// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_BUILD_H
#define STACK_CORE_MODEL_BUILD_H

#include "core/model/project.h"

/* services.<name>.build: how its image is made from a Dockerfile */
struct build {
	struct position pos;
	const char *context;		/* absolute, or a URL */
	const char *dockerfile;		/* starts in the context; NULL: Dockerfile */
	const char *dockerfile_inline;	/* the Dockerfile itself; NULL: `dockerfile` counts */
	const char *target;		/* NULL: the last stage */
	const char *network;		/* NULL, "host", "none" */
	struct map args;		/* a value NULL: not said, its default counts */
	struct map labels;		/* of the image */
	struct map additional_contexts; /* name → absolute path, URL, or "service:NAME" */
	struct map extra_hosts;
	struct map ssh; /* id → absolute path of a key or socket; "": the agent's */
	struct strings tags, platforms, cache_from, cache_to;
	struct file_references secrets; /* `target` is the id that RUN knows it by */
	struct ulimits ulimits;
	int64_t shm_size; /* bytes; 0: not said */
	bool no_cache, pull, privileged;
	const struct kept *kept;
};

/*
 * The image name in TEXT, which is an entry of cache_from or cache_to, and its length: that of
 * "type=registry,ref=NAME", whatever else is said there, or of NAME alone.  NULL: it is no
 * registry's.  Docker's build documentation, "Cache storage backends".
 */
const char *build_cache_reference(const char *text, size_t *ret_len);

#endif
