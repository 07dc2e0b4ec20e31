// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/sysctl.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool has_value(const char *path, const char *value)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = strlen(value);

	return fd_read_file(AT_FDCWD, path, 4096, &text, NULL, NULL) == 0 &&
	       strncmp(text, value, len) == 0 && strcmp(text + len, "\n") == 0;
}

/* The file of the setting that FMT and ARGS name. */
PRINTF_LIKE(2, 0)
static int setting_path(char ret_path[PATH_MAX], const char *fmt, va_list args, struct err *err)
{
	char name[NAME_MAX];

	vsnprintf(name, sizeof(name), fmt, args);
	return paths_join(ret_path, PATH_MAX, err, "/proc/sys/net/%s", name);
}

int sysctl_net(const char *value, struct err *err, const char *path, ...)
{
	struct err failure = ERR_INIT;
	char full[PATH_MAX];
	va_list args;
	int r;

	va_start(args, path);
	r = setting_path(full, path, args, err);
	va_end(args);
	if (r < 0)
		return r;
	r = fd_write_control(AT_FDCWD, full, value, &failure);
	if (r == 0 || r == -ENOENT || has_value(full, value))
		return 0;
	if (err)
		*err = failure;
	return r;
}

bool sysctl_net_is(const char *value, const char *path, ...)
{
	char full[PATH_MAX];
	va_list args;
	int r;

	va_start(args, path);
	r = setting_path(full, path, args, NULL);
	va_end(args);
	return r == 0 && has_value(full, value);
}
