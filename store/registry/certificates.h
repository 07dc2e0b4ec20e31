// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_CERTIFICATES_H
#define STACK_STORE_REGISTRY_CERTIFICATES_H

#include "core/base/err.h"

/*
 * Certificates: who may vouch for a registry, and how we show it who we are
 *
 * containers-certs.d(5): in /etc/containers/certs.d/HOST:PORT and then in
 * /etc/docker/certs.d/HOST:PORT,
 *
 *	*.crt			may vouch for HOST, beside those whom the system trusts
 *	NAME.cert, NAME.key	our certificate for HOST and its key, both PEM
 *
 * Of several pairs the first one by name counts.  All is copied to files in
 * memory (memfd_create(2)): who speaks with the registry may open none of these
 * directories by then, and libcurl with GnuTLS takes a key from a file only.
 */
struct certificates {
	int ca_fd;     /* the system's certificates and those for the host; -1: the system's */
	int client_fd; /* our certificate and its key; -1: none */
};

#define CERTIFICATES_INIT                                                                          \
	{                                                                                          \
		.ca_fd = -1, .client_fd = -1                                                       \
	}

/*
 * Those for HOST, which has its port with it.
 *
 * -EINVAL: a certificate of ours without its key, or the other way round.  -EACCES: a file that
 * the caller may not read.  Blocks: for the disk.
 */
int certificates_open(const char *host, struct certificates *ret, struct err *err);
void certificates_release(struct certificates *certificates);

#endif
