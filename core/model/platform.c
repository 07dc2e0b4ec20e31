// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/platform.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

const char *platform_native(char ret[PLATFORM_NATIVE_MAX])
{
	struct utsname host = {.machine = "unknown"};
	const char *name = host.machine;

	uname(&host);
	/* How images call what uname(2) calls otherwise. */
	if (strcmp(name, "x86_64") == 0)
		name = "amd64";
	else if (strcmp(name, "aarch64") == 0)
		name = "arm64";
	snprintf(ret, PLATFORM_NATIVE_MAX, "%s", name);
	return ret;
}

bool platform_is_native(const char *text)
{
	char native[PLATFORM_NATIVE_MAX];

	platform_native(native);
	return strcmp(text, "linux") == 0 || strcmp(text, native) == 0 ||
	       (strncmp(text, "linux/", 6) == 0 && strncmp(text + 6, native, strlen(native)) == 0);
}
