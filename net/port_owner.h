// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_PORT_OWNER_H
#define STACK_NET_PORT_OWNER_H

#include "net/cidr.h"

/*
 * Who has a port: for the sentence that says it is taken
 *
 * Writes "by nginx (pid 123)" or "by the stack project 'shop'" to RET_TEXT;
 * "by another program" when nobody can be found, as when its process is in
 * a PID namespace that cannot be seen from here.  Looks into the descriptors of
 * all processes, so it is for the case that something has failed already.
 */
void port_owner_describe(uint8_t protocol, const struct cidr *addr, uint16_t port, char *ret_text,
			 size_t size);

#endif
