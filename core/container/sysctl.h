// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_SYSCTL_H
#define STACK_CORE_CONTAINER_SYSCTL_H

#include "core/container/spec.h"

struct err;

/*
 * Sysctls of a container's own namespaces
 *
 * Write each "net.core.somaxconn=1024" of SPEC through PROC, a descriptor of a
 * /proc of our own making.
 *
 * -EPERM: a sysctl that no namespace of the container owns would change others.
 */
int sysctl_write_all(int proc, const struct container_spec *spec, struct err *err);

#endif
