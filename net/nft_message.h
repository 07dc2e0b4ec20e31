// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_NFT_MESSAGE_H
#define STACK_NET_NFT_MESSAGE_H

#include "core/base/err.h"
#include "net/message.h"
#include "net/netlink.h"

#include <stdbool.h>

/*
 * Asking nftables what it has
 *
 * NL is of NETLINK_NETFILTER.  TYPE is a NFT_MSG_ of linux/netfilter/nf_tables.h,
 * FAMILY one of NFPROTO_, where NFPROTO_UNSPEC stands for all.
 */
struct nl_msg *nft_question(int type, int flags, uint8_t family);

/* Show ON_CHAIN every chain, of all tables of all families. */
int nft_chains(struct netlink *nl, netlink_reply_fn *on_chain, void *data, struct err *err);

/* Show ON_RULE every rule of one table, chain by chain, in their order. */
int nft_rules(struct netlink *nl, uint8_t family, const char *table, netlink_reply_fn *on_rule,
	      void *data, struct err *err);

/* Parts of an answer; an attribute that is not there is NULL, and its text is no text. */
uint8_t nft_family(const struct nlmsghdr *reply);
struct nlattr *nft_attribute(const struct nlmsghdr *reply, int type);
bool nft_text_is(const struct nlmsghdr *reply, int type, const char *text);

#endif
