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
	struct cidr addr;
	uint16_t port;
	unsigned long inodes[MAX_INODES]; /* of sockets that listen there */
	size_t n;
};

static bool is_any(const struct cidr *addr)
{
	static const struct in6_addr zero;

	return !addr->len || memcmp(&addr->addr, &zero, cidr_bytes(addr)) == 0;
}

/*
 * A local address gets in the way of WANTED if they are the same or one is all of
 * them.  A socket of IPv6 is in the way of IPv4, too: by the last 32 bits of its
 * address, which are the IPv4 address that is mapped there, or 0 for all.
 */
static bool clashes(const struct cidr *local, const struct cidr *wanted)
{
	struct cidr mapped = {.family = AF_INET, .len = 32};

	if (cidr_family(local) == cidr_family(wanted))
		return is_any(local) || is_any(wanted) || cidr_same_address(local, wanted);
	if (cidr_is_v6(wanted))
		return false;
	memcpy(&mapped.addr, &local->addr6.s6_addr[12], sizeof(mapped.addr));
	return clashes(&mapped, wanted);
}

/* As /proc/net has it: 32 bits after the other, each in the host's order of bytes. */
static bool parse_address(const char *hex, struct cidr *ret)
{
	size_t words = strlen(hex) / 8;

	if (words != 1 && words != 4)
		return false;
	*ret = (struct cidr){.family = words == 4 ? AF_INET6 : AF_INET};
	ret->len = cidr_full(ret);
	for (size_t i = 0; i < words; i++) {
		char word[9] = "";

		memcpy(word, hex + 8 * i, 8);
		ret->addr6.s6_addr32[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	return true;
}

/* One line of /proc/net/{tcp,udp}{,6}. */
static void take_line(struct wanted *wanted, const char *line)
{
	unsigned int port, state;
	unsigned long inode;
	struct cidr local;
	char addr[33];

	if (sscanf(line, " %*d: %32[0-9A-F]:%x %*s %x %*s %*s %*s %*s %*s %lu", addr, &port, &state,
		   &inode) != 4 ||
	    !parse_address(addr, &local))
		return;
	if (port != wanted->port || !clashes(&local, &wanted->addr) ||
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

/* The local address and port of the socket FD. */
static bool local_name(int fd, struct cidr *ret_addr, uint16_t *ret_port)
{
	struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&name;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&name;
	socklen_t len = sizeof(name);

	if (getsockname(fd, (struct sockaddr *)&name, &len) < 0)
		return false;
	*ret_addr =
		name.ss_family == AF_INET6 ? cidr_of6(&six->sin6_addr) : cidr_of(four->sin_addr);
	*ret_port = ntohs(name.ss_family == AF_INET6 ? six->sin6_port : four->sin_port);
	return name.ss_family == AF_INET6 || name.ss_family == AF_INET;
}

/* Is descriptor FD of the process PID bound to what is wanted? */
static bool is_bound_there(const struct wanted *wanted, pid_t pid, int fd)
{
	CLEANUP_FD int process = (int)syscall(SYS_pidfd_open, pid, 0);
	CLEANUP_FD int copy = -1;
	socklen_t size = sizeof(int);
	int protocol = 0;
	struct cidr addr;
	uint16_t port;

	if (process >= 0)
		copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	return copy >= 0 && local_name(copy, &addr, &port) &&
	       getsockopt(copy, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       protocol == wanted->protocol && port == wanted->port &&
	       clashes(&addr, &wanted->addr);
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

void port_owner_describe(uint8_t protocol, const struct cidr *addr, uint16_t port, char *ret_text,
			 size_t size)
{
	struct wanted wanted = {.protocol = protocol, .addr = *addr, .port = port};
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
