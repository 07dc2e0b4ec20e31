// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/caps.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>

const char *const caps_names[] = {
	"CHOWN",
	"DAC_OVERRIDE",
	"DAC_READ_SEARCH",
	"FOWNER",
	"FSETID",
	"KILL",
	"SETGID",
	"SETUID",
	"SETPCAP",
	"LINUX_IMMUTABLE",
	"NET_BIND_SERVICE",
	"NET_BROADCAST",
	"NET_ADMIN",
	"NET_RAW",
	"IPC_LOCK",
	"IPC_OWNER",
	"SYS_MODULE",
	"SYS_RAWIO",
	"SYS_CHROOT",
	"SYS_PTRACE",
	"SYS_PACCT",
	"SYS_ADMIN",
	"SYS_BOOT",
	"SYS_NICE",
	"SYS_RESOURCE",
	"SYS_TIME",
	"SYS_TTY_CONFIG",
	"MKNOD",
	"LEASE",
	"AUDIT_WRITE",
	"AUDIT_CONTROL",
	"SETFCAP",
	"MAC_OVERRIDE",
	"MAC_ADMIN",
	"SYSLOG",
	"WAKE_ALARM",
	"BLOCK_SUSPEND",
	"AUDIT_READ",
	"PERFMON",
	"BPF",
	"CHECKPOINT_RESTORE",
};
const size_t caps_n_names = ARRAY_SIZE(caps_names);

#define CAPS_NAMED ((UINT64_C(1) << ARRAY_SIZE(caps_names)) - 1)

uint64_t caps_all(void)
{
	CLEANUP_FREE char *text = NULL;
	unsigned long last;

	if (fd_read_file(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 64, &text, NULL, NULL) < 0)
		return CAPS_NAMED;
	last = strtoul(text, NULL, 10);
	return last >= 63 ? UINT64_MAX : (UINT64_C(1) << (last + 1)) - 1;
}

int caps_parse(const char *name, uint64_t *ret_mask)
{
	if (!strcasecmp(name, "ALL")) {
		*ret_mask = caps_all();
		return 0;
	}
	if (!strncasecmp(name, "CAP_", 4))
		name += 4;
	for (size_t i = 0; i < caps_n_names; i++) {
		if (!strcasecmp(name, caps_names[i])) {
			*ret_mask = UINT64_C(1) << i;
			return 0;
		}
	}
	return -EINVAL;
}

/* The mask of all names in LIST; RET_ALL: "ALL" is among them. */
static int parse_list(const char *const *list, const char *what, uint64_t *ret_mask, bool *ret_all,
		      struct err *err)
{
	uint64_t mask = 0;
	bool all = false;

	for (; list && *list; list++) {
		uint64_t one;

		if (!strcasecmp(*list, "ALL")) {
			all = true;
			continue;
		}
		if (caps_parse(*list, &one) < 0)
			return err_set(err, EINVAL, "%s: there is no capability '%s'", what, *list);
		mask |= one;
	}
	*ret_mask = mask;
	*ret_all = all;
	return 0;
}

int caps_compute(const char *const *add, const char *const *drop, bool privileged,
		 uint64_t *ret_mask, struct err *err)
{
	uint64_t added = 0, dropped = 0, mask;
	bool add_all = false, drop_all = false;
	int r;

	r = parse_list(add, "cap_add", &added, &add_all, err);
	if (r == 0)
		r = parse_list(drop, "cap_drop", &dropped, &drop_all, err);
	if (r < 0)
		return r;
	if (privileged)
		mask = UINT64_MAX;
	else if (add_all)
		mask = ~dropped;
	else if (drop_all)
		mask = added;
	else
		mask = (CAPS_DEFAULT & ~dropped) | added;
	*ret_mask = mask & caps_all();
	return 0;
}

void caps_format(uint64_t mask, char *out, size_t size)
{
	size_t len = 0;

	if (size)
		out[0] = '\0';
	for (size_t i = 0; i < 64 && len < size; i++) {
		char number[8];

		if (!(mask & UINT64_C(1) << i))
			continue;
		snprintf(number, sizeof(number), "%zu", i);
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "," : "",
					i < caps_n_names ? caps_names[i] : number);
	}
}
