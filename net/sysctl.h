// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_SYSCTL_H
#define STACK_NET_SYSCTL_H

#include "core/base/err.h"

#include <stdbool.h>

/*
 * Write VALUE to /proc/sys/net/<PATH>, PATH being printf-like, in the calling
 * thread's network namespace.  A setting that this kernel does not have (no
 * IPv6, say) is success, and so is a read-only one that has VALUE already.
 */
int sysctl_net(const char *value, struct err *err, const char *path, ...) PRINTF_LIKE(3, 4);

/* Has the setting that value?  False where there is none. */
bool sysctl_net_is(const char *value, const char *path, ...) PRINTF_LIKE(2, 3);

#endif
