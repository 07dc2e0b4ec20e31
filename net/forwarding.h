// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_FORWARDING_H
#define STACK_NET_FORWARDING_H

struct err;

/*
 * Forwarding: the host passes packets on from one link to another
 *
 * It is one switch for each family and the whole network namespace (that of the
 * calling thread), and stays on when the networks that needed it are gone: others
 * may have come to need it.
 */
int forwarding_enable(struct err *err);

/*
 * The same for IPv6, if it is off.  A host that forwards no longer believes routers,
 * and so would lose the routes and addresses that it had from one: links that
 * believe them now are told to go on (accept_ra=2).
 */
int forwarding_enable6(struct err *err);

#endif
