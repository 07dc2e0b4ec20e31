// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/state.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/sys.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum kind { INT, U64, BOOL, BOOT_ID };

/* A line of a record; one table for writing and for reading. */
struct line {
	const char *key;
	enum kind kind;
	size_t offset;
};

static const struct line state_lines[] = {
	{"pid", INT, offsetof(struct container_state, pid)},
	{"pid_start", U64, offsetof(struct container_state, pid_start)},
	{"shim", INT, offsetof(struct container_state, shim)},
	{"shim_start", U64, offsetof(struct container_state, shim_start)},
	{"boot_id", BOOT_ID, offsetof(struct container_state, boot_id)},
	{"started_ns", U64, offsetof(struct container_state, started_ns)},
	{"started_boot_ns", U64, offsetof(struct container_state, started_boot_ns)},
};

static const struct line exit_lines[] = {
	{"known", BOOL, offsetof(struct container_exit, known)},
	{"code", INT, offsetof(struct container_exit, code)},
	{"signal", INT, offsetof(struct container_exit, signal)},
	{"oom_killed", BOOL, offsetof(struct container_exit, oom_killed)},
	{"finished_ns", U64, offsetof(struct container_exit, finished_ns)},
	{"ran_ms", U64, offsetof(struct container_exit, ran_ms)},
};

#define RECORD_MAX  1024
#define BOOT_ID_LEN 36

static int record_write(int dirfd, const char *name, const struct line *lines, size_t n,
			const void *record, struct err *err)
{
	char text[RECORD_MAX];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const void *value = (const char *)record + lines[i].offset;
		char *out = text + len;
		size_t left = sizeof(text) - len;

		if (lines[i].kind == INT)
			snprintf(out, left, "%s %d\n", lines[i].key, *(const int *)value);
		else if (lines[i].kind == U64)
			snprintf(out, left, "%s %" PRIu64 "\n", lines[i].key,
				 *(const uint64_t *)value);
		else if (lines[i].kind == BOOL)
			snprintf(out, left, "%s %d\n", lines[i].key, *(const bool *)value);
		else
			snprintf(out, left, "%s %s\n", lines[i].key, (const char *)value);
		len += strlen(out);
	}
	return fd_replace_file(dirfd, name, text, len, 0600, err);
}

static bool value_parse(enum kind kind, const char *text, void *ret_value)
{
	char *end = NULL;
	long long number;
	uint64_t big;

	if (kind == BOOT_ID) {
		if (strlen(text) != BOOT_ID_LEN)
			return false;
		memcpy(ret_value, text, BOOT_ID_LEN + 1);
		return true;
	}
	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	big = strtoull(text, &end, 10);
	if (errno || *end)
		return false;
	if (kind == U64) {
		*(uint64_t *)ret_value = big;
		return true;
	}
	if (big > INT32_MAX || (kind == BOOL && big > 1))
		return false;
	number = (long long)big;
	if (kind == INT)
		*(int *)ret_value = (int)number;
	else
		*(bool *)ret_value = number;
	return true;
}

static int record_read(int dirfd, const char *name, const struct line *lines, size_t n,
		       void *ret_record, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char *line, *next;
	int r;

	r = fd_read_file(dirfd, name, RECORD_MAX, &text, NULL, err);
	if (r < 0)
		return r;
	line = text;
	for (size_t i = 0; i < n; i++, line = next) {
		size_t key_len = strlen(lines[i].key);

		next = strchr(line, '\n');
		if (!next)
			return err_set(err, EBADMSG, "record '%s' is incomplete", name);
		*next++ = '\0';
		if (strncmp(line, lines[i].key, key_len) != 0 || line[key_len] != ' ' ||
		    !value_parse(lines[i].kind, line + key_len + 1,
				 (char *)ret_record + lines[i].offset))
			return err_set(err, EBADMSG, "record '%s' has no valid '%s'", name,
				       lines[i].key);
	}
	return *line ? err_set(err, EBADMSG, "record '%s' is too long", name) : 0;
}

int state_write(int dirfd, const struct container_state *state, struct err *err)
{
	return record_write(dirfd, "state", state_lines, ARRAY_SIZE(state_lines), state, err);
}

int exit_write(int dirfd, const struct container_exit *record, struct err *err)
{
	return record_write(dirfd, "exit", exit_lines, ARRAY_SIZE(exit_lines), record, err);
}

int state_read(int dirfd, struct container_state *ret_state, struct err *err)
{
	struct container_state state = {0};
	int r = record_read(dirfd, "state", state_lines, ARRAY_SIZE(state_lines), &state, err);

	if (r == 0)
		*ret_state = state;
	return r;
}

int exit_read(int dirfd, struct container_exit *ret_exit, struct err *err)
{
	struct container_exit record = {0};
	int r = record_read(dirfd, "exit", exit_lines, ARRAY_SIZE(exit_lines), &record, err);

	if (r == 0)
		*ret_exit = record;
	return r;
}

/* The start time is read after the pidfd is held: the pid cannot change hands in between. */
static int open_verified(pid_t pid, uint64_t start)
{
	CLEANUP_FD int fd = pid > 0 ? sys_pidfd_open(pid) : -1;

	if (fd < 0 || state_start_time(pid) != start)
		return -1;
	return TAKE_FD(fd);
}

void state_open(const struct container_state *state, int *ret_pidfd, int *ret_shim_pidfd)
{
	char boot_id[BOOT_ID_LEN + 1];
	bool this_boot = state_boot_id(boot_id, NULL) == 0 && !strcmp(boot_id, state->boot_id);

	*ret_pidfd = this_boot ? open_verified(state->pid, state->pid_start) : -1;
	*ret_shim_pidfd = this_boot ? open_verified(state->shim, state->shim_start) : -1;
}

uint64_t state_start_time(pid_t pid)
{
	CLEANUP_FD int fd = -1;
	char path[64], text[1024];
	const char *p;
	ssize_t len;

	if (pid < 0)
		snprintf(path, sizeof(path), "/proc/self/stat");
	else
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : fd_read_full(fd, text, sizeof(text) - 1);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	/* The name in field 2 may hold spaces and parentheses; field 3 follows the last one. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

int state_boot_id(char ret_boot_id[37], struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	int r;

	r = fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL, err);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (strlen(text) != BOOT_ID_LEN)
		return err_set(err, EBADMSG, "the kernel's boot_id is not a UUID");
	memcpy(ret_boot_id, text, BOOT_ID_LEN + 1);
	return 0;
}
