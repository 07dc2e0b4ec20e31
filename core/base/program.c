// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/program.h"

#include "core/base/err.h"
#include "core/base/paths.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int program_find(const char *program, char *ret_path, size_t size, struct err *err)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;
	int r;

	if (len < 0)
		return err_sys(err, errno, "find out where this program is");
	self[len] = '\0';
	slash = strrchr(self, '/');
	r = paths_join(ret_path, size, err, "%.*s/%s", slash ? (int)(slash - self) : 0, self,
		       program);
	if (r == 0 && access(ret_path, X_OK) < 0) {
		r = paths_join(ret_path, size, err, "%s/%s", STACK_LIBEXECDIR, program);
		if (r == 0 && access(ret_path, X_OK) < 0)
			return err_set(err, ENOENT,
				       "%s is missing: it is neither beside %s nor in %s", program,
				       self, STACK_LIBEXECDIR);
	}
	return r;
}
