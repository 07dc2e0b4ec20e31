// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_NOTIFY_H
#define STACK_CORE_BASE_NOTIFY_H

/*
 * Notify: tell the service manager that started us, if one did
 *
 * STATE ("READY=1") goes as one datagram to the socket that NOTIFY_SOCKET
 * names, a path or, behind '@', an abstract name.  Nobody there: nothing is
 * done.  Source: sd_notify(3).
 */
void notify_send(const char *state);

#endif
