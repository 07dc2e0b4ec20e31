// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_FIREWALL_BACKEND_H
#define STACK_NET_FIREWALL_BACKEND_H

#include "net/firewall.h"

/*
 * Backend: a packet filter that a firewall's rules can be written to
 *
 * Each works out the same plan (firewall_plan.h) and writes it its own way.
 * firewall.c chooses one; nobody else knows which there are.
 */
struct firewall_backend {
	const char *name;
	bool (*is_available)(void); /* in this kernel, for the calling thread's namespace */

	/* As in firewall.h, on this one alone. */
	int (*sync)(const char *project_id, const struct firewall_rules *rules, struct err *err);
	int (*check)(const char *project_id, const struct firewall_rules *rules, bool *ret_intact,
		     struct err *err);
	int (*supports)(uint8_t family, struct err *err);
	int (*events)(int *ret_fd, struct err *err); /* NULL: the lock's file shows them */
};

extern const struct firewall_backend firewall_legacy; /* firewall_iptables.c */
extern const struct firewall_backend firewall_nft;    /* firewall_nft.c */

#endif
