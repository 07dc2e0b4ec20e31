// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_CERTIFICATES_H
#define STACK_STORE_REGISTRY_CERTIFICATES_H

#include "core/base/err.h"

/*
 * Certificates: who may vouch for a registry beside those whom the system trusts
 *
 * containers-certs.d(5): the *.crt in /etc/containers/certs.d/HOST:PORT and in
 * /etc/docker/certs.d/HOST:PORT.
 */

/*
 * A file in memory with the system's certificates and those for HOST; RET_FD is -1 when
 * there are none for it.  Blocks: for the disk.
 */
int certificates_open(const char *host, int *ret_fd, struct err *err);

#endif
