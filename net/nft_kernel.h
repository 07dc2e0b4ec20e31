// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_NFT_KERNEL_H
#define STACK_NET_NFT_KERNEL_H

#include "net/nft_script.h"

struct netlink;

/*
 * What nftables has, as the kernel tells it by netlink
 *
 * Whether a table is still as it was written cannot be told from its script,
 * since the kernel has it in a form of its own.  So the table is sealed after
 * it was written: it gets an empty chain whose name is a hash of all chains and
 * rules that are in it then.  A table whose seal is right is as it was.
 *
 * NL is of NETLINK_NETFILTER.  Source: linux/netfilter/nf_tables.h.
 */
#define NFT_SEAL_SIZE 32

struct nft_table {
	bool is_there;
	bool is_awake; /* its rules are in effect */
	bool is_sealed;
	bool has_user_chain; /* the administrator's, which all projects need */
	char comment[NFT_COMMENT_MAX + 1];
	char seal[NFT_SEAL_SIZE]; /* the chain that would seal it as it is now */
};

/* The table TABLE of a project in FAMILY (AF_INET, AF_INET6); that there is none is no error. */
int nft_kernel_read(struct netlink *nl, uint8_t family, const char *table,
		    struct nft_table *ret_table, struct err *err);

/* Is the administrator's table there, without rules of his and without a project but LEAVING? */
int nft_kernel_shared_is_idle(struct netlink *nl, const char *leaving, bool *ret_idle,
			      struct err *err);

#endif
