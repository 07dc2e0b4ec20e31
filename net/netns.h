// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_NETNS_H
#define STACK_NET_NETNS_H

#include <stddef.h>

struct err;
struct netlink;

/*
 * Network namespaces with a name, the way iproute2 makes them
 *
 * A namespace is bind-mounted on NETNS_DIR/<name>, so `ip netns exec <name>`
 * works, and it stays when the processes in it are gone.  The kernel removes
 * it, with every link in it, some milliseconds after the name and the last
 * process are gone.  Source: ip-netns(8), network_namespaces(7).
 *
 * Names are derived from the container: "stack-<project id>-<container>".
 * The caller's thread visits the namespace for the length of a call and is
 * back when it returns; if it cannot come back, the program is aborted, as
 * everything it did from there on would happen in the wrong place.
 */
#define NETNS_DIR      "/run/netns"
#define NETNS_NAME_MAX 192 /* with the NUL */

/*
 * The name for CONTAINER of the project PROJECT_ID (paths.h).  The names of
 * one project have "stack-<project id>-" in front, for netns_list().
 */
void netns_name(const char *project_id, const char *container, char ret_name[NETNS_NAME_MAX]);

/*
 * Make the namespace NAME, or take it when it is there.  A new one has
 * forwarding off, no IPv6 before somebody asks for it, no ear for what routers
 * say (so that none can talk it into an address or another way out), and
 * docker's defaults for ping and for ports below 1024.  What a crash left
 * half-made is made whole.  FRESH is a namespace without a name to take instead
 * of a new one, or -1.  RET_FD is the caller's.
 */
int netns_create(const char *name, int fresh, int *ret_fd, struct err *err);

/*
 * The namespace that PID is in gets the name NAME again, which it lost.  RET_FD
 * is the caller's.
 */
int netns_name_again(const char *name, int pid, int *ret_fd, struct err *err);

/* -ENOENT: there is none of that name. */
int netns_open(const char *name, int *ret_fd, struct err *err);

/* Gone already is success. */
int netns_remove(const char *name, struct err *err);

/*
 * The names that start with PREFIX: malloc'ed strings in a malloc'ed,
 * NULL-terminated array, freed by netns_names_free().  None at all is success.
 */
int netns_list(const char *prefix, char ***ret_names, size_t *ret_n, struct err *err);
void netns_names_free(char **names);

/* A NETLINK_ROUTE socket that works in the namespace FD. */
int netns_socket(int fd, struct netlink **ret_nl, struct err *err);

/* Call FN in the namespace FD and return what it returned. */
int netns_call(int fd, int (*fn)(void *data, struct err *err), void *data, struct err *err);

#endif
