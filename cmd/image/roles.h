// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_ROLES_H
#define STACK_CMD_IMAGE_ROLES_H

#include "core/base/err.h"
#include "core/base/paths.h"
#include "store/registry/pull.h"
#include "store/registry/push.h"

#include <stddef.h>

/*
 * Roles: the processes of a pull and of a push that see foreign bytes
 *
 *	download	speaks with registries; no capability, writes to images/pull only
 *	unpack		makes images of what came; no network, no device
 *	upload		speaks with registries, with the rights of download
 *
 * None believes another, and a failure of any is a line for the one who
 * started them (events.h).  All end with him.
 */
struct download_role {
	const struct paths *paths;
	struct source *sources;
	const char *const *known; /* the image's id in the store, or NULL, for each source */
	size_t n;
	struct pull_options options;
};

/* Returns the exit status.  OUT takes its events.  Blocks: until all is there. */
int role_download(const struct download_role *role, int out);

/*
 * The same for what comes through IN: events of role_download(), layers that are there
 * ("downloaded", "exists") and images that are that or "current".
 */
int role_unpack(const struct paths *paths, int in, int out);

struct upload_role {
	const struct paths *paths;
	struct source *sources; /* source_init_push() */
	const char *const *hex; /* of each one's image, the digits of the id */
	size_t n;
	struct push_options options;
};

/* As role_download(), to the registries.  Blocks: until all is there. */
int role_upload(const struct upload_role *role, int out);

#endif
