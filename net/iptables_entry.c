// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/iptables_entry.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_statistic.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stdlib.h>
#include <string.h>

#define ADDRTYPE_REVISION  1
#define CONNTRACK_REVISION 3
#define DNAT_REVISION	   2

static struct ipt_entry *head(struct iptables_entry *entry)
{
	return (struct ipt_entry *)entry->data;
}

const struct ipt_entry *iptables_entry_get(const struct iptables_entry *entry)
{
	return (const struct ipt_entry *)entry->data;
}

/* Room at the entry's end.  The largest rule there can be takes some 750 bytes. */
static void *grow(struct iptables_entry *entry, size_t size)
{
	struct ipt_entry *e = head(entry);
	void *room = entry->data + e->next_offset;

	if (e->next_offset + size > sizeof(entry->data))
		abort();
	e->next_offset = (uint16_t)(e->next_offset + size);
	return room;
}

/* A match of SIZE bytes of parameters; returns the parameters. */
static void *add_match(struct iptables_entry *entry, const char *name, uint8_t revision,
		       size_t size)
{
	size_t total = XT_ALIGN(sizeof(struct xt_entry_match) + size);
	struct xt_entry_match *match = grow(entry, total);

	match->u.user.match_size = (uint16_t)total;
	match->u.user.revision = revision;
	memcpy(match->u.user.name, name, strlen(name));
	head(entry)->target_offset = head(entry)->next_offset;
	return match->data;
}

static void *add_target(struct iptables_entry *entry, const char *name, uint8_t revision,
			size_t size)
{
	size_t total = XT_ALIGN(sizeof(struct xt_entry_target) + size);
	struct xt_entry_target *target = grow(entry, total);

	target->u.user.target_size = (uint16_t)total;
	target->u.user.revision = revision;
	memcpy(target->u.user.name, name, strlen(name));
	return target->data;
}

static void set_link(char name[IFNAMSIZ], unsigned char mask[IFNAMSIZ], uint8_t *invflags,
		     uint8_t invert_flag, const struct packet_link *link)
{
	size_t len = strnlen(link->name, IFNAMSIZ - 1);

	if (len == 0)
		return;
	memcpy(name, link->name, len);
	memset(mask, 0xff, len + 1); /* with the NUL: this name, not all that start with it */
	if (link->invert)
		*invflags |= invert_flag;
}

static void set_prefix(struct in_addr *addr, struct in_addr *mask, uint8_t *invflags,
		       uint8_t invert_flag, const struct packet_prefix *prefix)
{
	if (prefix->cidr.len == 0)
		return;
	*addr = cidr_subnet(&prefix->cidr).addr;
	*mask = cidr_mask(&prefix->cidr);
	if (prefix->invert)
		*invflags |= invert_flag;
}

static void set_head(struct ipt_ip *ip, const struct packet_rule *rule)
{
	set_link(ip->iniface, ip->iniface_mask, &ip->invflags, IPT_INV_VIA_IN, &rule->in);
	set_link(ip->outiface, ip->outiface_mask, &ip->invflags, IPT_INV_VIA_OUT, &rule->out);
	set_prefix(&ip->src, &ip->smsk, &ip->invflags, IPT_INV_SRCIP, &rule->src);
	set_prefix(&ip->dst, &ip->dmsk, &ip->invflags, IPT_INV_DSTIP, &rule->dst);
	ip->proto = rule->protocol;
}

static void add_ports(struct iptables_entry *entry, const struct packet_rule *rule)
{
	if (rule->protocol == IPPROTO_TCP) {
		struct xt_tcp *tcp = add_match(entry, "tcp", 0, sizeof(*tcp));

		tcp->spts[1] = 0xffff;
		tcp->dpts[0] = rule->first_port;
		tcp->dpts[1] = rule->last_port;
	} else if (rule->protocol == IPPROTO_UDP) {
		struct xt_udp *udp = add_match(entry, "udp", 0, sizeof(*udp));

		udp->spts[1] = 0xffff;
		udp->dpts[0] = rule->first_port;
		udp->dpts[1] = rule->last_port;
	} else if (rule->protocol == IPPROTO_SCTP) {
		struct xt_sctp_info *sctp = add_match(entry, "sctp", 0, sizeof(*sctp));

		sctp->dpts[0] = rule->first_port;
		sctp->dpts[1] = rule->last_port;
		sctp->flags = XT_SCTP_DEST_PORTS;
	}
}

static void add_addrtype(struct iptables_entry *entry, const struct packet_rule *rule)
{
	struct xt_addrtype_info_v1 *info;

	if (!rule->src_local && !rule->dst_local)
		return;
	info = add_match(entry, "addrtype", ADDRTYPE_REVISION, sizeof(*info));
	info->source = rule->src_local ? XT_ADDRTYPE_LOCAL : 0;
	info->dest = rule->dst_local ? XT_ADDRTYPE_LOCAL : 0;
}

static void add_state(struct iptables_entry *entry, const struct packet_rule *rule)
{
	struct xt_conntrack_mtinfo3 *info;

	if (!rule->states)
		return;
	info = add_match(entry, "conntrack", CONNTRACK_REVISION, sizeof(*info));
	info->match_flags = XT_CONNTRACK_STATE;
	if (rule->states & PACKET_ESTABLISHED)
		info->state_mask |= XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) |
				    XT_CONNTRACK_STATE_BIT(IP_CT_RELATED);
	if (rule->states & PACKET_TRANSLATED)
		info->state_mask |= XT_CONNTRACK_STATE_DNAT;
}

/* At random and not in turns: the kernel begins each round anew at every commit, by anybody. */
static void add_statistic(struct iptables_entry *entry, const struct packet_rule *rule)
{
	struct xt_statistic_info *info;

	if (rule->one_of < 2)
		return;
	info = add_match(entry, "statistic", 0, sizeof(*info));
	info->mode = XT_STATISTIC_MODE_RANDOM;
	info->u.random.probability = (1u << 31) / rule->one_of;
}

static void add_comment(struct iptables_entry *entry, const struct packet_rule *rule)
{
	struct xt_comment_info *info;

	if (!rule->comment[0])
		return;
	info = add_match(entry, "comment", 0, sizeof(*info));
	memcpy(info->comment, rule->comment, strnlen(rule->comment, sizeof(rule->comment) - 1));
}

static void add_dnat(struct iptables_entry *entry, const struct packet_rule *rule)
{
	struct nf_nat_range2 *range = add_target(entry, "DNAT", DNAT_REVISION, sizeof(*range));
	uint16_t more = (uint16_t)(rule->last_port - rule->first_port);

	range->flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED;
	range->min_addr.in = range->max_addr.in = rule->to;
	range->min_proto.all = htons(rule->to_port);
	range->max_proto.all = htons((uint16_t)(rule->to_port + more));
	/* The n-th port of one range is the n-th of the other, not just any of it. */
	if (more > 0) {
		range->flags |= NF_NAT_RANGE_PROTO_OFFSET;
		range->base_proto.all = htons(rule->first_port);
	}
}

static void add_action(struct iptables_entry *entry, const struct packet_rule *rule)
{
	static const char *const verdicts[] = {
		[PACKET_ACCEPT] = "ACCEPT",
		[PACKET_DROP] = "DROP",
		[PACKET_RETURN] = "RETURN",
	};
	struct nf_nat_ipv4_multi_range_compat *masquerade;

	switch (rule->action) {
	case PACKET_DNAT:
		add_dnat(entry, rule);
		break;
	case PACKET_MASQUERADE:
		masquerade = add_target(entry, "MASQUERADE", 0, sizeof(*masquerade));
		masquerade->rangesize = 1;
		break;
	case PACKET_JUMP:
		add_target(entry, rule->target, 0, sizeof(int));
		break;
	default:
		add_target(entry, verdicts[rule->action], 0, sizeof(int));
	}
}

bool iptables_entry_has_parameters(const struct packet_rule *rule)
{
	return rule->action == PACKET_DNAT || rule->action == PACKET_MASQUERADE;
}

void iptables_entry_build(const struct packet_rule *rule, struct iptables_entry *ret_entry)
{
	memset(ret_entry, 0, sizeof(*ret_entry));
	head(ret_entry)->next_offset = head(ret_entry)->target_offset = sizeof(struct ipt_entry);
	set_head(&head(ret_entry)->ip, rule);
	if (rule->first_port)
		add_ports(ret_entry, rule);
	add_addrtype(ret_entry, rule);
	add_state(ret_entry, rule);
	add_statistic(ret_entry, rule);
	add_comment(ret_entry, rule);
	add_action(ret_entry, rule);
}

const char *iptables_entry_target(const struct iptables_entry *entry)
{
	const struct ipt_entry *e = iptables_entry_get(entry);

	return ((const struct xt_entry_target *)(entry->data + e->target_offset))->u.user.name;
}

/*
 * A match or target, which begin alike: size, name, revision, parameters.  What
 * is behind the end of a name the kernel leaves as it was in our own buffer.
 */
static bool same_extension(const void *ours, const void *other)
{
	const struct xt_entry_match *a = ours, *b = other;
	size_t size = a->u.user.match_size;

	return size == b->u.user.match_size && a->u.user.revision == b->u.user.revision &&
	       strncmp(a->u.user.name, b->u.user.name, sizeof(a->u.user.name)) == 0 &&
	       memcmp(a->data, b->data, size - sizeof(*a)) == 0;
}

bool iptables_entry_same(const struct iptables_entry *entry, const struct ipt_entry *other,
			 bool targets)
{
	const struct ipt_entry *e = iptables_entry_get(entry);
	const unsigned char *a = entry->data, *b = (const unsigned char *)other;
	size_t at = sizeof(*e);

	if (memcmp(&e->ip, &other->ip, sizeof(e->ip)) != 0 ||
	    e->target_offset != other->target_offset || e->next_offset != other->next_offset)
		return false;
	while (at < e->target_offset) {
		if (!same_extension(a + at, b + at))
			return false;
		at += ((const struct xt_entry_match *)(a + at))->u.user.match_size;
	}
	return !targets || same_extension(a + at, b + at);
}
