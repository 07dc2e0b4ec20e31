// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/user.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The input is a user, /etc/passwd and /etc/group, each up to a NUL. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 3), *passwd, *group;
	struct user user;

	memcpy(text, data, size);
	memset(text + size, '\0', 3);
	passwd = text + strlen(text) + 1;
	group = passwd + strlen(passwd) + 1;
	if (user_parse(text, NULL, passwd, group, &user, NULL) == 0) {
		if (user.uid > INT_MAX || user.gid > INT_MAX || user.n_groups < 1 ||
		    user.groups[0] != user.gid)
			abort();
		user_release(&user);
	}
	free(text);
	return 0;
}
