// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/nft_kernel.h"

#include "core/base/hash.h"
#include "net/nft_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

#define SEAL_PREFIX "sealed-"
#define SEAL_DIGITS 16

#define UDATA_TABLE_COMMENT 0 /* libnftnl's: type, length, text with its NUL */

static bool is_user_chain(const struct nlmsghdr *chain)
{
	return nft_family(chain) == NFPROTO_INET &&
	       nft_text_is(chain, NFTA_CHAIN_TABLE, NFT_SHARED_TABLE) &&
	       nft_text_is(chain, NFTA_CHAIN_NAME, NFT_USER_CHAIN);
}

/* --- one table --- */

struct reading {
	uint8_t family; /* NFPROTO_ and AF_ are the same here */
	const char *name;
	struct nft_table *table;
	struct strbuf contents;	   /* what the seal is a hash of */
	size_t start;		   /* of what this question gave */
	uint64_t first;		   /* handle of the first thing that it gave */
	char found[NFT_SEAL_SIZE]; /* the seal that it has */
};

static void take_comment(struct nlattr *attr, char ret[NFT_COMMENT_MAX + 1])
{
	const char *data = attr ? nla_data(attr) : NULL;

	if (data && nla_len(attr) > 2 && data[0] == UDATA_TABLE_COMMENT)
		snprintf(ret, NFT_COMMENT_MAX + 1, "%.*s", nla_len(attr) - 2, data + 2);
}

static int on_table(const struct nlmsghdr *reply, void *data)
{
	struct reading *reading = data;
	struct nlattr *flags = nft_attribute(reply, NFTA_TABLE_FLAGS);

	reading->table->is_there = true;
	reading->table->is_awake = !flags || !(ntohl(nla_get_u32(flags)) & NFT_TABLE_F_DORMANT);
	take_comment(nft_attribute(reply, NFTA_TABLE_USERDATA), reading->table->comment);
	return 0;
}

/* A thing that comes again is the first one of a second, undisturbed answer. */
static void take_contents(struct reading *reading, const struct nlmsghdr *reply, int handle)
{
	const char *data = nlmsg_data(reply);
	struct nlattr *attr = nft_attribute(reply, handle);
	uint64_t number = attr ? nla_get_u64(attr) : 0;

	if (reading->contents.len == reading->start)
		reading->first = number;
	else if (reading->first == number)
		reading->contents.len = reading->start;
	/* Without the message's own header, which has a number of its own. */
	strbuf_add(&reading->contents, data + NLMSG_ALIGN(sizeof(struct nfgenmsg)),
		   (size_t)nlmsg_attrlen(reply, sizeof(struct nfgenmsg)));
}

static int on_chain(const struct nlmsghdr *reply, void *data)
{
	struct reading *reading = data;
	struct nlattr *name = nft_attribute(reply, NFTA_CHAIN_NAME);

	if (is_user_chain(reply))
		reading->table->has_user_chain = true;
	if (nft_family(reply) != reading->family ||
	    !nft_text_is(reply, NFTA_CHAIN_TABLE, reading->name) || !name)
		return 0;
	if (strncmp(nla_data(name), SEAL_PREFIX, strlen(SEAL_PREFIX)) == 0)
		snprintf(reading->found, sizeof(reading->found), "%.*s", nla_len(name),
			 (const char *)nla_data(name));
	else
		take_contents(reading, reply, NFTA_CHAIN_HANDLE);
	return 0;
}

static int on_rule(const struct nlmsghdr *reply, void *data)
{
	take_contents(data, reply, NFTA_RULE_HANDLE);
	return 0;
}

/* -ENOENT: there is no such table. */
static int ask_table(struct netlink *nl, struct reading *reading, struct err *err)
{
	struct nl_msg *msg = nft_question(NFT_MSG_GETTABLE, 0, reading->family);

	message_put_text(msg, NFTA_TABLE_NAME, reading->name);
	return netlink_query(nl, msg, on_table, reading, err, "read the nftables table '%s'",
			     reading->name);
}

static void make_seal(const struct strbuf *contents, char ret[NFT_SEAL_SIZE])
{
	char hash[HASH_HEX_LEN + 1];

	hash_bytes(hash, contents->text, contents->len);
	snprintf(ret, NFT_SEAL_SIZE, SEAL_PREFIX "%.*s", SEAL_DIGITS, hash);
}

static int read_contents(struct netlink *nl, struct reading *reading, struct err *err)
{
	int r = nft_chains(nl, on_chain, reading, err);

	reading->start = reading->contents.len;
	if (r == 0)
		r = nft_rules(nl, reading->family, reading->name, on_rule, reading, err);
	if (r < 0)
		return r;
	make_seal(&reading->contents, reading->table->seal);
	reading->table->is_sealed = strcmp(reading->found, reading->table->seal) == 0;
	return 0;
}

int nft_kernel_read(struct netlink *nl, uint8_t family, const char *name,
		    struct nft_table *ret_table, struct err *err)
{
	struct nft_table table = {.is_there = false};
	struct reading reading = {
		.family = family, .name = name, .table = &table, .contents = STRBUF_INIT};
	struct err failure = ERR_INIT;
	int r = ask_table(nl, &reading, &failure);

	if (r == 0)
		r = read_contents(nl, &reading, &failure);
	strbuf_release(&reading.contents);
	if (r < 0 && r != -ENOENT) {
		if (err)
			*err = failure;
		return r;
	}
	*ret_table = table;
	return 0;
}

/* --- what the projects share --- */

struct shared {
	const char *leaving;
	bool is_there, is_used;
};

static int look_at_table(const struct nlmsghdr *reply, void *data)
{
	struct shared *shared = data;
	struct nlattr *name = nft_attribute(reply, NFTA_TABLE_NAME);

	if (name && strncmp(nla_data(name), NFT_TABLE_PREFIX, strlen(NFT_TABLE_PREFIX)) == 0 &&
	    !nft_text_is(reply, NFTA_TABLE_NAME, shared->leaving))
		shared->is_used = true;
	if (nft_family(reply) == NFPROTO_INET &&
	    nft_text_is(reply, NFTA_TABLE_NAME, NFT_SHARED_TABLE))
		shared->is_there = true;
	return 0;
}

static int look_at_chain(const struct nlmsghdr *reply, void *data)
{
	struct shared *shared = data;

	if (nft_family(reply) == NFPROTO_INET &&
	    nft_text_is(reply, NFTA_CHAIN_TABLE, NFT_SHARED_TABLE) && !is_user_chain(reply))
		shared->is_used = true;
	return 0;
}

static int look_at_rule(const struct nlmsghdr *reply, void *data)
{
	struct shared *shared = data;

	(void)reply;
	shared->is_used = true;
	return 0;
}

int nft_kernel_shared_is_idle(struct netlink *nl, const char *leaving, bool *ret_idle,
			      struct err *err)
{
	struct shared shared = {.leaving = leaving};
	int r = netlink_query(nl, nft_question(NFT_MSG_GETTABLE, NLM_F_DUMP, NFPROTO_UNSPEC),
			      look_at_table, &shared, err, "read the tables of nftables");

	if (r == 0 && shared.is_there)
		r = nft_chains(nl, look_at_chain, &shared, err);
	if (r == 0 && shared.is_there)
		r = nft_rules(nl, NFPROTO_INET, NFT_SHARED_TABLE, look_at_rule, &shared, err);
	if (r < 0)
		return r;
	*ret_idle = shared.is_there && !shared.is_used;
	return 0;
}
