// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What else stands in the way of forwarded packets
 *
 * Every base chain of the hook `forward` has to let a packet through, whoever
 * made it: that ours accept it spares it nothing.  So those of others that end
 * in a drop are looked for (iptables-nft with docker, ufw, firewalld) and, in
 * their tables, rules that let our bridges pass.  Whether a packet would get
 * through in the end only the kernel can tell; what is looked at here is
 * whether somebody has thought of our bridges at all.
 */
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/strbuf.h"
#include "net/firewall.h"
#include "net/nft_message.h"
#include "net/nft_script.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#define GATES_MAX     16
#define NF_NAME_MAX   128
#define OUR_LINKS     "sb*"
#define PASSES_IN_OUT 2

/* One base chain of somebody else's. */
struct gate {
	uint8_t family;
	char table[NF_NAME_MAX], chain[NF_NAME_MAX];
	bool drops;	   /* by its policy */
	bool ends_in_drop; /* its last rule does it */
	bool is_open;	   /* to everything */
};

struct gates {
	bool matters[NFPROTO_NUMPROTO]; /* families that there are networks of */
	struct gate gates[GATES_MAX];
	size_t n;
};

static uint32_t number(struct nlattr *attr)
{
	return attr && nla_len(attr) >= (int)sizeof(uint32_t) ? ntohl(nla_get_u32(attr)) : 0;
}

static struct nlattr *inside(struct nlattr *attr, int type)
{
	return attr ? nla_find(nla_data(attr), nla_len(attr), type) : NULL;
}

static bool is_ours(const struct nlmsghdr *chain)
{
	struct nlattr *table = nft_attribute(chain, NFTA_CHAIN_TABLE);

	return nft_text_is(chain, NFTA_CHAIN_TABLE, NFT_SHARED_TABLE) ||
	       (table && strncmp(nla_data(table), NFT_TABLE_PREFIX, strlen(NFT_TABLE_PREFIX)) == 0);
}

static int on_chain(const struct nlmsghdr *reply, void *data)
{
	struct nlattr *hook = inside(nft_attribute(reply, NFTA_CHAIN_HOOK), NFTA_HOOK_HOOKNUM);
	struct nlattr *table = nft_attribute(reply, NFTA_CHAIN_TABLE);
	struct nlattr *chain = nft_attribute(reply, NFTA_CHAIN_NAME);
	uint8_t family = nft_family(reply);
	struct gates *gates = data;
	struct gate *gate = &gates->gates[gates->n];

	if (!hook || number(hook) != NF_INET_FORWARD || !table || !chain || is_ours(reply) ||
	    family >= NFPROTO_NUMPROTO || !gates->matters[family] || gates->n == GATES_MAX)
		return 0;
	*gate = (struct gate){.family = family};
	nla_strlcpy(gate->table, table, sizeof(gate->table));
	nla_strlcpy(gate->chain, chain, sizeof(gate->chain));
	gate->drops = number(nft_attribute(reply, NFTA_CHAIN_POLICY)) == NF_DROP;
	gates->n++;
	return 0;
}

/* --- a rule --- */

enum verdict { GOES_ON, ACCEPTS, DROPS, ASKS_ANOTHER_CHAIN };

/* As far as it matters here. */
struct rule_facts {
	enum verdict verdict;
	bool has_in, has_out; /* a name that the link has to have */
	char link[IFNAMSIZ];
	size_t link_len; /* that much of it is compared, its NUL counted */
	bool has_others; /* other conditions */
	uint32_t loaded; /* what the next comparison is with */
};

static enum verdict verdict_of(struct nlattr *data)
{
	struct nlattr *verdict = inside(inside(data, NFTA_IMMEDIATE_DATA), NFTA_DATA_VERDICT);
	int code = (int)number(inside(verdict, NFTA_VERDICT_CODE));

	if (!verdict)
		return GOES_ON;
	if (code == NF_ACCEPT)
		return ACCEPTS;
	if (code == NF_DROP)
		return DROPS;
	return code == NFT_JUMP || code == NFT_GOTO ? ASKS_ANOTHER_CHAIN : GOES_ON;
}

static void take_comparison(struct rule_facts *facts, struct nlattr *data)
{
	struct nlattr *value = inside(inside(data, NFTA_CMP_DATA), NFTA_DATA_VALUE);
	bool in = facts->loaded == NFT_META_IIFNAME, out = facts->loaded == NFT_META_OIFNAME;

	if ((!in && !out) || !value || number(inside(data, NFTA_CMP_OP)) != NFT_CMP_EQ ||
	    nla_len(value) > IFNAMSIZ) {
		facts->has_others = true;
		return;
	}
	facts->has_in |= in;
	facts->has_out |= out;
	facts->link_len = (size_t)nla_len(value);
	memcpy(facts->link, nla_data(value), facts->link_len);
	facts->link_len = strnlen(facts->link, facts->link_len) < facts->link_len
				  ? strlen(facts->link) + 1
				  : facts->link_len;
	facts->loaded = 0;
}

static void take_expression(struct rule_facts *facts, struct nlattr *expression)
{
	struct nlattr *name = inside(expression, NFTA_EXPR_NAME);
	struct nlattr *data = inside(expression, NFTA_EXPR_DATA);

	if (!name || nla_strcmp(name, "counter") == 0 || nla_strcmp(name, "log") == 0)
		return;
	if (nla_strcmp(name, "immediate") == 0)
		facts->verdict = verdict_of(data);
	else if (nla_strcmp(name, "reject") == 0 ||
		 (nla_strcmp(name, "target") == 0 && inside(data, NFTA_TARGET_NAME) &&
		  nla_strcmp(inside(data, NFTA_TARGET_NAME), "REJECT") == 0))
		facts->verdict = DROPS;
	else if (nla_strcmp(name, "meta") == 0 && inside(data, NFTA_META_DREG))
		facts->loaded = number(inside(data, NFTA_META_KEY));
	else if (nla_strcmp(name, "cmp") == 0)
		take_comparison(facts, data);
	else
		facts->has_others = true;
}

static struct rule_facts facts_of(const struct nlmsghdr *rule)
{
	struct nlattr *expressions = nft_attribute(rule, NFTA_RULE_EXPRESSIONS), *expression;
	struct rule_facts facts = {.verdict = GOES_ON};
	int left;

	if (expressions)
		nla_for_each_nested(expression, expressions, left)
			take_expression(&facts, expression);
	return facts;
}

/* --- a table --- */

struct inspection {
	struct gate *gate;
	const struct firewall_rules *rules;
	bool (*passes)[PASSES_IN_OUT]; /* for each network: from it, to it */
};

static void note_bridges(struct inspection *inspection, const struct rule_facts *facts)
{
	if (facts->has_in == facts->has_out || facts->verdict == GOES_ON ||
	    facts->verdict == DROPS || (facts->verdict == ACCEPTS && facts->has_others))
		return;
	for (size_t i = 0; i < inspection->rules->n_networks; i++)
		if (strncmp(inspection->rules->networks[i].bridge, facts->link, facts->link_len) ==
		    0)
			inspection->passes[i][facts->has_out] = true;
}

static int on_rule(const struct nlmsghdr *reply, void *data)
{
	struct inspection *inspection = data;
	struct rule_facts facts = facts_of(reply);
	struct gate *gate = inspection->gate;
	bool plain = !facts.has_in && !facts.has_out && !facts.has_others;

	note_bridges(inspection, &facts);
	if (!nft_text_is(reply, NFTA_RULE_CHAIN, gate->chain))
		return 0;
	gate->ends_in_drop = plain && facts.verdict == DROPS;
	if (plain && facts.verdict == ACCEPTS)
		gate->is_open = true;
	return 0;
}

static int inspect(struct netlink *nl, struct gate *gate, const struct firewall_rules *rules,
		   bool *ret_closed, struct err *err)
{
	CLEANUP_FREE bool(*passes)[PASSES_IN_OUT] = calloc(rules->n_networks, sizeof(*passes));
	struct inspection inspection = {.gate = gate, .rules = rules, .passes = passes};
	bool all_pass = true;
	int r;

	if (!passes)
		return err_nomem(err);
	r = nft_rules(nl, gate->family, gate->table, on_rule, &inspection, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rules->n_networks; i++)
		all_pass = all_pass && passes[i][0] && passes[i][1];
	*ret_closed = (gate->drops || gate->ends_in_drop) && !gate->is_open && !all_pass;
	return 0;
}

static char *sentence(const struct gate *gate)
{
	const char *family =
		gate->family == NFPROTO_INET ? NFT_SHARED_FAMILY : nft_family_name(gate->family);
	struct strbuf out = STRBUF_INIT;

	strbuf_printf(&out,
		      "the chain '%s %s %s' of another firewall drops what it does not accept "
		      "itself, and has no rule for this project's networks; what lets them through "
		      "is: nft '",
		      family, gate->table, gate->chain);
	for (int i = 0; i < PASSES_IN_OUT; i++)
		strbuf_printf(&out, "%sinsert rule %s %s %s %s \"" OUR_LINKS "\" accept",
			      i ? "; " : "", family, gate->table, gate->chain,
			      i ? "oifname" : "iifname");
	strbuf_putc(&out, '\'');
	return strbuf_take(&out);
}

int firewall_obstacle(const struct firewall_rules *rules, char **ret_sentence, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	struct gates gates = {.n = 0};
	bool closed = false;
	char *text = NULL;
	int r = 0;

	for (size_t i = 0; i < rules->n_networks; i++) {
		gates.matters[cidr_family(&rules->networks[i].subnet)] = true;
		gates.matters[NFPROTO_INET] = true;
	}
	if (rules->n_networks > 0)
		r = netlink_open(NETLINK_NETFILTER, &nl, err);
	/* A kernel without nftables has nobody else's chains. */
	if (r == 0 && nl && nft_chains(nl, on_chain, &gates, NULL) < 0)
		gates.n = 0;
	for (size_t i = 0; r == 0 && !closed && i < gates.n; i++) {
		r = inspect(nl, &gates.gates[i], rules, &closed, err);
		if (r == 0 && closed)
			text = sentence(&gates.gates[i]);
	}
	if (r == 0)
		*ret_sentence = text;
	return r;
}
