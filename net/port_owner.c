// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listening sockets are listed in /proc/net with their inodes, and inodes are
 * found among the descriptors of a process.  The sockets that a supervisor of
 * ours keeps ports with are in no list, as they never listen; but they can be
 * borrowed and asked.
 */
#include "net/port_owner.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "net/port.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_INODES	256
#define PROC_FILE_MAX	(16 * 1024 * 1024)
#define SUPERVISOR_COMM "stack-superviso" /* the kernel keeps 15 letters */
#define TCP_LISTEN_HEX	0x0A

struct wanted {
	uint8_t protocol;
	struct in_addr addr;
	uint16_t port;
	unsigned long inodes[MAX_INODES]; /* of sockets that listen there */
	size_t n;
};

/* Two local addresses get in each other's way if they are the same or one is all of them. */
static bool clashes(in_addr_t a, in_addr_t b)
{
	return a == b || a == INADDR_ANY || b == INADDR_ANY;
}

/* One line of /proc/net/{tcp,udp}{,6}; the last 32 bits of an IPv6 address are the IPv4
 * address that is mapped there, or 0 for all. */
static void take_line(struct wanted *wanted, const char *line)
{
	unsigned int port, state;
	unsigned long inode;
	char addr[33];
	in_addr_t local;

	if (sscanf(line, " %*d: %32[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", addr, &port, &state,
		   &inode) != 4 ||
	    strlen(addr) < 8)
		return;
	local = (in_addr_t)strtoul(addr + strlen(addr) - 8, NULL, 16);
	if (port != wanted->port || !clashes(local, wanted->addr.s_addr) ||
	    (wanted->protocol == IPPROTO_TCP && state != TCP_LISTEN_HEX) || wanted->n == MAX_INODES)
		return;
	wanted->inodes[wanted->n++] = inode;
}

static void list_inodes(struct wanted *wanted)
{
	static const char *const families[] = {"", "6"};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		CLEANUP_FREE char *text = NULL;
		char path[64], *rest, *line;

		snprintf(path, sizeof(path), "/proc/thread-self/net/%s%s",
			 port_protocol_name(wanted->protocol), families[i]);
		if (fd_read_file(AT_FDCWD, path, PROC_FILE_MAX, &text, NULL, NULL) < 0)
			continue;
		rest = text;
		while ((line = strsep(&rest, "\n")))
			take_line(wanted, line);
	}
}

static bool is_listed(const struct wanted *wanted, const char *link)
{
	unsigned long inode;

	if (sscanf(link, "socket:[%lu]", &inode) != 1)
		return false;
	for (size_t i = 0; i < wanted->n; i++)
		if (wanted->inodes[i] == inode)
			return true;
	return false;
}

/* Is descriptor FD of the process PID bound to what is wanted? */
static bool is_bound_there(const struct wanted *wanted, pid_t pid, int fd)
{
	CLEANUP_FD int process = (int)syscall(SYS_pidfd_open, pid, 0);
	CLEANUP_FD int copy = -1;
	struct sockaddr_in addr = {.sin_family = AF_UNSPEC};
	socklen_t len = sizeof(addr), size = sizeof(int);
	int protocol = 0;

	if (process >= 0)
		copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	return copy >= 0 && getsockname(copy, (struct sockaddr *)&addr, &len) == 0 &&
	       addr.sin_family == AF_INET &&
	       getsockopt(copy, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       protocol == wanted->protocol && ntohs(addr.sin_port) == wanted->port &&
	       clashes(addr.sin_addr.s_addr, wanted->addr.s_addr);
}

/* A supervisor holds <run>/<project>/lock open: that tells whose it is. */
static void take_project(const char *link, char *ret_project, size_t size)
{
	const char *end = strrchr(link, '/'), *start;

	if (!end || end == link || strcmp(end, "/lock") != 0)
		return;
	start = memrchr(link, '/', (size_t)(end - link));
	if (start)
		snprintf(ret_project, size, "%.*s", (int)(end - start - 1), start + 1);
}

/* Look through the descriptors of PID: has it the port, and which project is it? */
static bool process_has_port(const struct wanted *wanted, pid_t pid, bool supervisor,
			     char *ret_project, size_t size)
{
	char path[64], link[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	ssize_t len;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		if (len < 0)
			continue;
		link[len] = '\0';
		found = found || is_listed(wanted, link);
		if (!supervisor)
			continue;
		take_project(link, ret_project, size);
		if (!found && strncmp(link, "socket:", 7) == 0)
			found = is_bound_there(wanted, pid, (int)strtol(entry->d_name, NULL, 10));
	}
	closedir(dir);
	return found;
}

static bool read_comm(pid_t pid, char ret_comm[32])
{
	CLEANUP_FREE char *text = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (fd_read_file(AT_FDCWD, path, 64, &text, NULL, NULL) < 0)
		return false;
	snprintf(ret_comm, 32, "%.*s", (int)strcspn(text, "\n"), text);
	return true;
}

static bool describe_process(const struct wanted *wanted, pid_t pid, char *ret_text, size_t size)
{
	char comm[32], project[64] = "";
	bool supervisor;

	if (!read_comm(pid, comm))
		return false;
	supervisor = strcmp(comm, SUPERVISOR_COMM) == 0;
	if (!process_has_port(wanted, pid, supervisor, project, sizeof(project)))
		return false;
	if (project[0])
		snprintf(ret_text, size, "by the stack project '%s'", project);
	else
		snprintf(ret_text, size, "by %s (pid %d)", comm, (int)pid);
	return true;
}

void port_owner_describe(uint8_t protocol, struct in_addr addr, uint16_t port, char *ret_text,
			 size_t size)
{
	struct wanted wanted = {.protocol = protocol, .addr = addr, .port = port};
	struct dirent *entry;
	DIR *dir;

	snprintf(ret_text, size, "by another program");
	list_inodes(&wanted);
	dir = opendir("/proc");
	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    describe_process(&wanted, (pid_t)strtol(entry->d_name, NULL, 10), ret_text,
				     size))
			break;
	closedir(dir);
}
