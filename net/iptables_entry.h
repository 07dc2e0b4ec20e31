// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_IPTABLES_ENTRY_H
#define STACK_NET_IPTABLES_ENTRY_H

#include "net/packet_rule.h"

#include <stdalign.h>

/*
 * Entry: a packet rule in the binary form of the kernel's legacy iptables, that is
 * a struct ipt_entry or, for IPv6, a struct ip6t_entry with what follows it
 *
 * The revisions of matches and targets are those that iptables-legacy knows,
 * so `iptables-legacy -S` prints our rules like its own.
 */
struct iptables_entry {
	uint8_t family;
	alignas(8) unsigned char data[1024];
};

/* Everything outside of what RULE says is zero, so two entries can be compared byte by byte. */
void iptables_entry_build(const struct packet_rule *rule, uint8_t family,
			  struct iptables_entry *ret_entry);

/* The name in the entry's target: "DNAT", "ACCEPT", the chain it jumps to. */
const char *iptables_entry_target(const struct iptables_entry *entry);

/*
 * Does ENTRY have the same conditions as OTHER, one of its family from the kernel?
 * With TARGETS, also the same target's parameters; without, the targets' names are
 * the caller's to compare (the kernel gives verdicts and jumps as numbers).
 */
bool iptables_entry_same(const struct iptables_entry *entry, const void *other, bool targets);

/* Has the target parameters, i.e. is it neither a verdict nor a jump? */
bool iptables_entry_has_parameters(const struct packet_rule *rule);

#endif
