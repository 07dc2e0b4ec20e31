// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_PORT_H
#define STACK_NET_PORT_H

#include "net/cidr.h"

struct err;

/*
 * Port: a host port kept for us
 *
 * Published ports are packet filter rules, which the socket layer knows
 * nothing of.  A socket that is bound but never listens keeps every other
 * program, and every other project, from taking the port meanwhile.  It is
 * held as long as the rules are there: reserved before, closed after.
 */

/*
 * Reserve PORT of PROTOCOL (IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP) on ADDR
 * (length 0: all addresses of its family, and only of that); PORT 0 lets the
 * kernel choose a free one.
 * Connections of a former listener that are still closing (TIME_WAIT) are not
 * in the way.  RET_FD is the caller's, RET_PORT (may be NULL) the port it got.
 *
 * -EADDRINUSE: taken; the sentence names the owner: "port 8080/tcp is taken by
 * nginx (pid 123)", or "… by the stack project 'shop'".
 * -EADDRNOTAVAIL: this host has no address ADDR.
 * -EPROTONOSUPPORT: this kernel has no such protocol.
 * -EAFNOSUPPORT: it has no IPv6.
 */
int port_reserve(uint8_t protocol, const struct cidr *addr, uint16_t port, int *ret_fd,
		 uint16_t *ret_port, struct err *err);

/* "tcp", "udp" or "sctp" as IPPROTO_*; 0 for anything else. */
uint8_t port_protocol(const char *name);
const char *port_protocol_name(uint8_t protocol);

#endif
