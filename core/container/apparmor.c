// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/apparmor.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/mountfd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Since Linux 5.8 the first, which no other security module takes for its own. */
static const char *const files[] = {"thread-self/attr/apparmor/exec", "thread-self/attr/exec"};

int apparmor_on_exec(const char *profile, struct err *err)
{
	CLEANUP_FD int proc = -1, file = -1;
	char text[512];
	int n, r;

	if (!profile)
		return 0;
	proc = mountfd_new("proc", NULL, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
			   err);
	if (proc < 0)
		return proc;
	for (size_t i = 0; file < 0 && i < ARRAY_SIZE(files); i++)
		file = sys_openat2(proc, files[i], O_WRONLY,
				   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
	if (file < 0)
		return err_set(err, EOPNOTSUPP,
			       "AppArmor profile '%s': this kernel has no AppArmor", profile);
	n = snprintf(text, sizeof(text), "exec %s", profile);
	if (n < 0 || (size_t)n >= sizeof(text))
		return err_set(err, ENAMETOOLONG, "AppArmor profile '%.64s…': too long a name",
			       profile);
	r = fd_write_all(file, text, (size_t)n);
	if (r == -ENOENT)
		return err_set(
			err, ENOENT,
			"no AppArmor profile '%s' is loaded; load it with apparmor_parser -r",
			profile);
	return r < 0 ? err_sys(err, -r, "choose the AppArmor profile '%s'", profile) : 0;
}
