// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/mountfd.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/container/sys.h"

#include <errno.h>
#include <string.h>

/* The kernel explains a refusal in lines "e text" that are read from the context. */
static int refused(struct err *err, int fs, const char *type, const char *options)
{
	int code = errno;
	char text[256];
	ssize_t len = read(fs, text, sizeof(text) - 1);

	if (len <= 2)
		return err_sys(err, code, "mount %s (%s)", type, options ? options : "");
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_set(err, code, "mount %s (%s): %s", type, options ? options : "", text + 2);
}

static int set_option(int fs, char *option)
{
	char *value = strchr(option, '=');

	if (!value)
		return sys_fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL);
	*value++ = '\0';
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, option, value);
}

int mountfd_new(const char *type, const char *options, unsigned int attrs, struct err *err)
{
	CLEANUP_FD int fs = sys_fsopen(type);
	char copy[1024], *save = NULL;
	int fd;

	if (fs < 0)
		return err_sys(err, errno, "the kernel offers no %s file system", type);
	if (options && strlen(options) >= sizeof(copy))
		return err_set(err, E2BIG, "mount %s: too many options", type);
	/* Only for whoever reads /proc/mounts: these file systems have no source. */
	sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", type);
	memcpy(copy, options ? options : "", options ? strlen(options) + 1 : 1);
	for (char *o = strtok_r(copy, ",", &save); o; o = strtok_r(NULL, ",", &save))
		if (set_option(fs, o) < 0)
			return refused(err, fs, type, options);
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
		return refused(err, fs, type, options);
	fd = sys_fsmount(fs, attrs);
	return fd < 0 ? refused(err, fs, type, options) : fd;
}

int mountfd_clone(int dirfd, const char *path, struct err *err)
{
	int fd = sys_open_tree(dirfd, path,
			       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE |
				       (*path ? 0 : AT_EMPTY_PATH));

	return fd < 0 ? err_sys(err, errno, "bind '%s'", *path ? path : "a file") : fd;
}

int mountfd_restrict(int mount, unsigned int attrs, struct err *err)
{
	struct mount_attr attr = {.attr_set = attrs};

	if (attrs && sys_mount_setattr(mount, AT_RECURSIVE, &attr) < 0)
		return err_sys(err, errno, "set mount flags");
	return 0;
}

int mountfd_attach(int mount, int target, struct err *err)
{
	if (sys_move_mount(mount, target) < 0)
		return err_sys(err, errno, "attach the mount");
	return 0;
}
