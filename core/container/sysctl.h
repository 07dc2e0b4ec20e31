// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_SYSCTL_H
#define STACK_CORE_CONTAINER_SYSCTL_H

#include "core/container/spec.h"

struct err;

/*
 * Sysctls of a container's own namespaces
 *
 * Write each "net.core.somaxconn=1024" of SYSCTLS (NULL: none) through PROC, a
 * descriptor of a /proc of our own making.  OWN_NETNS: the caller is not in the
 * host's network namespace.
 *
 * -EPERM: a sysctl that no namespace of the container owns would change the host.
 */
int sysctl_write_all(int proc, spec_strings sysctls, bool own_netns, struct err *err);

#endif
