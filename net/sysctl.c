// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/sysctl.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool has_value(const char *path, const char *value)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = strlen(value);

	return fd_read_file(AT_FDCWD, path, 4096, &text, NULL, NULL) == 0 &&
	       strncmp(text, value, len) == 0 && strcmp(text + len, "\n") == 0;
}

int sysctl_net(const char *value, struct err *err, const char *path, ...)
{
	char name[NAME_MAX], full[PATH_MAX];
	struct err failure = ERR_INIT;
	va_list args;
	int r;

	va_start(args, path);
	vsnprintf(name, sizeof(name), path, args);
	va_end(args);
	r = paths_join(full, sizeof(full), err, "/proc/sys/net/%s", name);
	if (r < 0)
		return r;
	r = fd_write_control(AT_FDCWD, full, value, &failure);
	if (r == 0 || r == -ENOENT || has_value(full, value))
		return 0;
	if (err)
		*err = failure;
	return r;
}
