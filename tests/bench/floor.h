// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_BENCH_FLOOR_H
#define STACK_TESTS_BENCH_FLOOR_H

#include <stdint.h>

/*
 * Floor: the system calls that the kernel demands for N containers, and no more
 *
 * What `stack up` is measured against (bench.sh).  No error is survived and nothing is kept in
 * order: this is the cheapest program that ends with the same objects in the kernel.
 */

/* Print MESSAGE with errno and end the program. */
void die(const char *message) __attribute__((noreturn));

/* The host's side: a bridge with 10.99.0.1/16, up; returns its index. */
int net_bridge(void);

/*
 * A named network namespace for container I: veth with one end in BRIDGE and the other as eth0
 * with 10.99.x.y/16 and a default route.  Returns its descriptor.
 */
int net_container(int bridge, int i);

/* The end of all: names, links, bridge. */
void net_remove(int bridge, int n);

/* Child of clone3, in its new namespaces: becomes a container with netns NETNS, ends in exec. */
void child_run(const char *dir, const char *lower, int netns, int i) __attribute__((noreturn));

#endif
