// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_IPTABLES_CALLS_H
#define STACK_NET_IPTABLES_CALLS_H

#include <stdint.h>

/*
 * The calls of libiptc, which has all of them once for each family
 *
 * They are as libiptc's own manual, its header, describes them; entries are struct
 * ipt_entry or struct ip6t_entry.  0 is failure, with errno.
 */
struct xtc_handle;

/* As the kernel has the name of a chain: libiptc reads all of its bytes. */
typedef char xt_chainlabel[32];

struct iptables_calls {
	struct xtc_handle *(*init)(const char *table);
	void (*free)(struct xtc_handle *handle);
	int (*commit)(struct xtc_handle *handle);
	const char *(*strerror)(int code);
	int (*is_chain)(const xt_chainlabel chain, struct xtc_handle *handle);
	int (*create_chain)(const xt_chainlabel chain, struct xtc_handle *handle);
	int (*flush_entries)(const xt_chainlabel chain, struct xtc_handle *handle);
	int (*delete_chain)(const xt_chainlabel chain, struct xtc_handle *handle);
	const void *(*first_rule)(const xt_chainlabel chain, struct xtc_handle *handle);
	const void *(*next_rule)(const void *before, struct xtc_handle *handle);
	const char *(*get_target)(const void *entry, struct xtc_handle *handle);
	int (*append_entry)(const xt_chainlabel chain, const void *entry,
			    struct xtc_handle *handle);
	int (*insert_entry)(const xt_chainlabel chain, const void *entry, unsigned int number,
			    struct xtc_handle *handle);
	int (*delete_num_entry)(const xt_chainlabel chain, unsigned int number,
				struct xtc_handle *handle);
};

/* AF_INET or AF_INET6. */
const struct iptables_calls *iptables_calls(uint8_t family);

#endif
