// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/nft_script.h"

#include "core/base/cleanup.h"
#include "core/base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HASH_DIGITS 16

/* The chains that rules are in; the table says which project's they are. */
static const char *const role_names[CHAIN_COUNT] = {
	[CHAIN_RAW] = "raw",	   [CHAIN_FILTER] = "filter",	  [CHAIN_FILTER_OUT] = "filter-out",
	[CHAIN_NAT] = "published", [CHAIN_NAT_POST] = "outgoing",
};

/* The chains that packets come to, with the names that plans have for these places. */
static const struct base {
	enum firewall_table table;
	const char *planned;
	const char *name, *type, *hook;
	int priority;
} bases[] = {
	{TABLE_RAW, "PREROUTING", "raw-prerouting", "filter", "prerouting", -300},
	{TABLE_FILTER, FIREWALL_SHARED_CHAIN, "forward", "filter", "forward", 0},
	{TABLE_NAT, "PREROUTING", "prerouting", "nat", "prerouting", -100},
	{TABLE_NAT, "OUTPUT", "output", "nat", "output", -100},
	{TABLE_NAT, "POSTROUTING", "postrouting", "nat", "postrouting", 100},
};

struct script {
	const struct firewall_plan *plan;
	struct strbuf *out;
	const char *unnameable; /* a link */
};

const char *nft_family_name(uint8_t family)
{
	return family == AF_INET6 ? "ip6" : "ip";
}

void nft_table_name(const char *project_id, char ret[NFT_TABLE_SIZE])
{
	snprintf(ret, NFT_TABLE_SIZE, NFT_TABLE_PREFIX "%s", project_id);
}

/* Strings have no escapes: what would end one, or a line, is left out. */
static void copy_string(const char *text, char *ret, size_t size)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		ret[n++] =
			*text == '"' || *text == '\\' || (unsigned char)*text < ' ' ? '_' : *text;
	ret[n] = '\0';
}

static void add_comment(struct script *script, const char *text)
{
	char comment[NFT_COMMENT_MAX + 1];

	copy_string(text, comment, sizeof(comment));
	strbuf_printf(script->out, " comment \"%s\"\n", comment);
}

/* A star at the end would stand for any name that begins so. */
static void add_link(struct script *script, const char *key, const struct packet_link *link)
{
	if (!link->name[0])
		return;
	if (link->name[strcspn(link->name, "\"\\*")])
		script->unnameable = link->name;
	strbuf_printf(script->out, " %s %s\"%s\"", key, link->invert ? "!= " : "", link->name);
}

static void add_prefix(struct script *script, const char *key, const struct packet_prefix *prefix)
{
	char text[CIDR_TEXT_SIZE];

	if (prefix->cidr.len == 0)
		return;
	cidr_format(&prefix->cidr, text);
	strbuf_printf(script->out, " %s %s %s%s", nft_family_name(script->plan->family), key,
		      prefix->invert ? "!= " : "", text);
}

static const char *protocol_name(uint8_t protocol)
{
	return protocol == IPPROTO_TCP ? "tcp" : protocol == IPPROTO_UDP ? "udp" : "sctp";
}

static void add_conditions(struct script *script, const struct packet_rule *rule)
{
	add_link(script, "iifname", &rule->in);
	add_link(script, "oifname", &rule->out);
	add_prefix(script, "saddr", &rule->src);
	add_prefix(script, "daddr", &rule->dst);
	if (rule->first_port)
		strbuf_printf(script->out, " %s dport %u-%u", protocol_name(rule->protocol),
			      rule->first_port, rule->last_port);
	if (rule->src_local)
		strbuf_puts(script->out, " fib saddr type local");
	if (rule->dst_local)
		strbuf_puts(script->out, " fib daddr type local");
	if (rule->states & PACKET_ESTABLISHED)
		strbuf_puts(script->out, " ct state established,related");
	if (rule->states & PACKET_TRANSLATED)
		strbuf_puts(script->out, " ct status dnat");
	if (rule->one_of > 1)
		strbuf_printf(script->out, " numgen random mod %u 0", rule->one_of);
}

/* The n-th port of one range is the n-th of the other: two ranges would mean any to any. */
static void add_dnat(struct script *script, const struct packet_rule *rule)
{
	char to[INET6_ADDRSTRLEN];

	cidr_format_address(&rule->to, to);
	/* Before a port, an IPv6 address is in brackets. */
	strbuf_printf(script->out, cidr_is_v6(&rule->to) ? " dnat to [%s]" : " dnat to %s", to);
	if (rule->to_port == rule->first_port)
		return;
	if (rule->first_port == rule->last_port) {
		strbuf_printf(script->out, ":%u", rule->to_port);
		return;
	}
	strbuf_printf(script->out, ":%s dport map {", protocol_name(rule->protocol));
	for (unsigned int port = rule->first_port; port <= rule->last_port; port++)
		strbuf_printf(script->out, " %u : %u,", port,
			      rule->to_port + port - rule->first_port);
	strbuf_puts(script->out, " }");
}

static void add_rule(struct script *script, const struct packet_rule *rule)
{
	static const char *const words[] = {
		[PACKET_ACCEPT] = " accept",
		[PACKET_DROP] = " drop",
		[PACKET_RETURN] = " return",
		[PACKET_MASQUERADE] = " masquerade",
	};

	add_conditions(script, rule);
	if (rule->action == PACKET_DNAT)
		add_dnat(script, rule);
	else if (rule->action == PACKET_JUMP)
		strbuf_printf(script->out, " jump %s", rule->target);
	else
		strbuf_puts(script->out, words[rule->action]);
	add_comment(script, rule->comment);
}

static void begin_chain(struct script *script, const char *name)
{
	strbuf_printf(script->out, "chain %s {\n", name);
}

static bool belongs(const struct script *script, const struct firewall_hook *hook,
		    const struct base *base)
{
	const struct firewall_chain *chain = &script->plan->chains[hook->role];

	return chain->n > 0 && chain->table == base->table &&
	       strcmp(hook->base, base->planned) == 0;
}

/* Where packets come from BASE to the chains with rules; nothing if there are none. */
static void add_base(struct script *script, const struct base *base, const char *comment)
{
	struct packet_rule rule = {.action = PACKET_JUMP};
	bool begun = false;

	snprintf(rule.comment, sizeof(rule.comment), "%s", comment);
	for (size_t i = 0; i < firewall_n_hooks; i++) {
		const struct firewall_hook *hook = &firewall_hooks[i];

		if (!belongs(script, hook, base))
			continue;
		if (!begun) {
			begin_chain(script, base->name);
			strbuf_printf(script->out, "type %s hook %s priority %d; policy accept;\n",
				      base->type, base->hook, base->priority);
			begun = true;
		}
		rule.dst_local = hook->dst_local;
		snprintf(rule.target, sizeof(rule.target), "%s", role_names[hook->role]);
		add_rule(script, &rule);
	}
	if (begun)
		strbuf_puts(script->out, "}\n");
}

static void add_chains(struct script *script, const char *comment)
{
	for (size_t i = 0; i < CHAIN_COUNT; i++) {
		const struct firewall_chain *chain = &script->plan->chains[i];

		if (chain->n == 0)
			continue;
		begin_chain(script, role_names[i]);
		for (size_t j = 0; j < chain->n; j++)
			add_rule(script, &chain->rules[j]);
		strbuf_puts(script->out, "}\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++)
		add_base(script, &bases[i], comment);
}

int nft_script(const struct firewall_plan *plan, const char *project_id, const char *project,
	       struct strbuf *out, char ret_comment[NFT_COMMENT_MAX + 1], struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf chains = STRBUF_INIT;
	struct script script = {.plan = plan, .out = &chains};
	char comment[PACKET_COMMENT_SIZE], hash[HASH_DIGITS + 1], table[NFT_TABLE_SIZE];
	const char *family = nft_family_name(plan->family);

	snprintf(comment, sizeof(comment), "stack:%s", project);
	nft_table_name(project_id, table);
	add_chains(&script, comment);
	if (script.unnameable)
		return err_set(err, EINVAL,
			       "nftables cannot be told of the link '%s'; choose another name for "
			       "the network's bridge",
			       script.unnameable);
	hash_name(hash, HASH_DIGITS, chains.text, NULL);
	snprintf(ret_comment, NFT_COMMENT_MAX + 1, "%.100s %s", comment, hash);
	strbuf_printf(out, "add table %s %s\ndelete table %s %s\n", family, table, family, table);
	strbuf_printf(out, "table %s %s {\ncomment \"%s\"\n%s}\n", family, table, ret_comment,
		      chains.text);
	return 0;
}
