// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/nft_message.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

struct nl_msg *nft_question(int type, int flags, uint8_t family)
{
	const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};

	return message_new(NFNL_SUBSYS_NFTABLES << 8 | type, flags, &header, sizeof(header));
}

struct nlattr *nft_attribute(const struct nlmsghdr *reply, int type)
{
	return nlmsg_find_attr((struct nlmsghdr *)reply, sizeof(struct nfgenmsg), type);
}

bool nft_text_is(const struct nlmsghdr *reply, int type, const char *text)
{
	struct nlattr *attr = nft_attribute(reply, type);

	return attr && nla_strcmp(attr, text) == 0;
}

uint8_t nft_family(const struct nlmsghdr *reply)
{
	return ((const struct nfgenmsg *)nlmsg_data(reply))->nfgen_family;
}

int nft_chains(struct netlink *nl, netlink_reply_fn *reply, void *data, struct err *err)
{
	return netlink_query(nl, nft_question(NFT_MSG_GETCHAIN, NLM_F_DUMP, NFPROTO_UNSPEC), reply,
			     data, err, "read the chains of nftables");
}

int nft_rules(struct netlink *nl, uint8_t family, const char *table, netlink_reply_fn *reply,
	      void *data, struct err *err)
{
	struct nl_msg *msg = nft_question(NFT_MSG_GETRULE, NLM_F_DUMP, family);

	message_put_text(msg, NFTA_RULE_TABLE, table);
	return netlink_query(nl, msg, reply, data, err, "read the rules of the nftables table '%s'",
			     table);
}
