// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_SYSCALLS_H
#define STACK_CMD_IMAGE_SYSCALLS_H

#include "core/base/err.h"

/*
 * System calls: what a process that reads foreign bytes may ask of the kernel
 *
 * What is listed in syscalls.c for its role, and nothing else: the rest fails
 * with EPERM.  No role starts a program or another process, mounts, enters a
 * namespace, traces, or signals anybody but itself; threads it may start.
 * Unpacking has no sockets.  Downloading, which is the role of who uploads as
 * well, has those of IP and the netlink that getaddrinfo(3) asks for addresses,
 * but not AF_UNIX, by which it could ask other daemons for what it may not do
 * itself; nscd(8) and systemd-resolved are then passed over, and names looked up
 * as resolv.conf(5) says.
 *
 * Filters of seccomp(2) count for the thread that sets them and for those that
 * it starts, so this comes before any other thread.  It takes
 * PR_SET_NO_NEW_PRIVS or CAP_SYS_ADMIN.
 */
enum syscalls_role { SYSCALLS_UNPACK, SYSCALLS_DOWNLOAD };

/* Where there is no seccomp, or no list for the machine's architecture, nothing is done. */
int syscalls_restrict(enum syscalls_role role, struct err *err);

#endif
