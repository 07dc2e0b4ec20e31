// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_USER_H
#define STACK_CORE_CONTAINER_USER_H

#include "core/container/spec.h"

#include <stddef.h>
#include <sys/types.h>

struct err;

/*
 * User: whom a container's program runs as
 *
 * "name", "uid", "name:group", "uid:gid" in any mixture, names being those of
 * the image's /etc/passwd and /etc/group.  Digits are always a number and never
 * a name, 0 to 2^31-1; a name is never a number.  A number needs no entry, but
 * gets its group, home and supplementary groups from one that is there.  NULL
 * and "" are root; an empty part around ':' is an error, for it is mostly a
 * variable that was not set.
 */
struct user {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* GID first, then the supplementary ones; malloc'ed */
	size_t n_groups;
	char *home; /* malloc'ed; "/" when there is no entry */
};

/*
 * Look TEXT and the additional GROUPS up in the contents of passwd(5) and
 * group(5) files (NUL-terminated; "" when there is none).
 *
 * -EINVAL: TEXT or a group is malformed.  -ENOENT: no such name.
 */
int user_parse(const char *text, spec_strings groups, const char *passwd, const char *group,
	       struct user *ret_user, struct err *err);

/*
 * The same with the files of the root file system ROOT.  They are the image's
 * work: only regular files of at most 10 MiB are read.
 */
int user_lookup(int root, const char *text, spec_strings groups, struct user *ret_user,
		struct err *err);

void user_release(struct user *user);

#endif
