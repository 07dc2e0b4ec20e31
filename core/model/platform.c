// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/platform.h"

#include "core/base/cleanup.h"

#include <string.h>
#include <sys/utsname.h>

const char *platform_architecture(void)
{
	static const char *const names[][2] = {
		{"x86_64", "amd64"},	{"aarch64", "arm64"}, {"armv7l", "arm"},
		{"armv6l", "arm"},	{"i686", "386"},      {"riscv64", "riscv64"},
		{"ppc64le", "ppc64le"}, {"s390x", "s390x"},   {"loongarch64", "loong64"},
	};
	struct utsname host;

	if (uname(&host) < 0)
		return "unknown";
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(host.machine, names[i][0]) == 0)
			return names[i][1];
	return "unknown";
}

bool platform_is_native(const char *text)
{
	const char *ours = platform_architecture();
	size_t len = strlen(ours);

	if (strcmp(text, "linux") == 0 || strcmp(text, ours) == 0)
		return true;
	return strncmp(text, "linux/", 6) == 0 && strncmp(text + 6, ours, len) == 0 &&
	       (text[6 + len] == '\0' || text[6 + len] == '/');
}
