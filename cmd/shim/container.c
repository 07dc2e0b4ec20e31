// SPDX-License-Identifier: GPL-2.0-or-later
/* A container that is there already, for the commands that go into it. */
#include "cmd/shim/command.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/state.h"
#include "core/container/sys.h"

#include <errno.h>
#include <stdio.h>

int container_open(const char *path, struct loaded_spec *ret_loaded, int *ret_dir, int *ret_pidfd,
		   struct err *err)
{
	CLEANUP_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), shim = -1;
	struct container_state state;
	int pidfd = -1, r;

	if (dir < 0)
		return err_sys(err, errno, "open container directory '%s'", path);
	r = loaded_spec_read(dir, ret_loaded, err);
	if (r < 0)
		return r;
	r = state_read(dir, &state, err);
	if (r == 0)
		state_open(&state, &pidfd, &shim);
	if (r < 0 && r != -ENOENT)
		return r;
	if (err)
		err->code = 0;
	*ret_pidfd = pidfd;
	if (ret_dir)
		*ret_dir = TAKE_FD(dir);
	return 0;
}

void say(const char *text)
{
	char line[1024];
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p && n < sizeof(line); p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		line[n++] = *p < 0x20 || *p == 0x7f || c1 ? '?' : (char)*p;
		p += c1;
	}
	fprintf(stderr, "stack: %.*s\n", (int)n, line);
}
