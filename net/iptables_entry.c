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
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stdlib.h>
#include <string.h>

#define ADDRTYPE_REVISION  1
#define CONNTRACK_REVISION 3
#define DNAT_REVISION	   2

/* Where in DATA, an entry of FAMILY, it says where its target begins and where it ends. */
struct offsets {
	uint16_t *target, *next;
};

static struct offsets offsets(uint8_t family, const void *data)
{
	struct ip6t_entry *six = (struct ip6t_entry *)data;
	struct ipt_entry *four = (struct ipt_entry *)data;

	if (family == AF_INET6)
		return (struct offsets){&six->target_offset, &six->next_offset};
	return (struct offsets){&four->target_offset, &four->next_offset};
}

static size_t head_size(uint8_t family)
{
	return family == AF_INET6 ? sizeof(struct ip6t_entry) : sizeof(struct ipt_entry);
}

/* Room at the entry's end.  The largest rule there can be takes some 800 bytes. */
static void *grow(struct iptables_entry *entry, size_t size)
{
	uint16_t *next = offsets(entry->family, entry->data).next;
	void *room = entry->data + *next;

	if (*next + size > sizeof(entry->data))
		abort();
	*next = (uint16_t)(*next + size);
	return room;
}

/* A match of SIZE bytes of parameters; returns the parameters. */
static void *add_match(struct iptables_entry *entry, const char *name, uint8_t revision,
		       size_t size)
{
	size_t total = XT_ALIGN(sizeof(struct xt_entry_match) + size);
	struct xt_entry_match *match = grow(entry, total);
	struct offsets at = offsets(entry->family, entry->data);

	match->u.user.match_size = (uint16_t)total;
	match->u.user.revision = revision;
	memcpy(match->u.user.name, name, strlen(name));
	*at.target = *at.next;
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

/* ADDR and MASK are struct in_addr or struct in6_addr, as PREFIX is. */
static void set_prefix(void *addr, void *mask, uint8_t *invflags, uint8_t invert_flag,
		       const struct packet_prefix *prefix)
{
	const struct cidr *cidr = &prefix->cidr, subnet = cidr_subnet(cidr);
	const struct cidr bits = cidr_mask(cidr);

	if (cidr->len == 0)
		return;
	memcpy(addr, &subnet.addr, cidr_bytes(cidr));
	memcpy(mask, &bits.addr, cidr_bytes(cidr));
	if (prefix->invert)
		*invflags |= invert_flag;
}

static void set_head4(struct ipt_ip *ip, const struct packet_rule *rule)
{
	set_link(ip->iniface, ip->iniface_mask, &ip->invflags, IPT_INV_VIA_IN, &rule->in);
	set_link(ip->outiface, ip->outiface_mask, &ip->invflags, IPT_INV_VIA_OUT, &rule->out);
	set_prefix(&ip->src, &ip->smsk, &ip->invflags, IPT_INV_SRCIP, &rule->src);
	set_prefix(&ip->dst, &ip->dmsk, &ip->invflags, IPT_INV_DSTIP, &rule->dst);
	ip->proto = rule->protocol;
}

static void set_head6(struct ip6t_ip6 *ip, const struct packet_rule *rule)
{
	set_link(ip->iniface, ip->iniface_mask, &ip->invflags, IP6T_INV_VIA_IN, &rule->in);
	set_link(ip->outiface, ip->outiface_mask, &ip->invflags, IP6T_INV_VIA_OUT, &rule->out);
	set_prefix(&ip->src, &ip->smsk, &ip->invflags, IP6T_INV_SRCIP, &rule->src);
	set_prefix(&ip->dst, &ip->dmsk, &ip->invflags, IP6T_INV_DSTIP, &rule->dst);
	ip->proto = rule->protocol;
	if (rule->protocol)
		ip->flags |= IP6T_F_PROTO;
}

static void set_head(struct iptables_entry *entry, const struct packet_rule *rule)
{
	if (entry->family == AF_INET6)
		set_head6(&((struct ip6t_entry *)entry->data)->ipv6, rule);
	else
		set_head4(&((struct ipt_entry *)entry->data)->ip, rule);
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
	memcpy(&range->min_addr, &rule->to.addr, cidr_bytes(&rule->to));
	range->max_addr = range->min_addr;
	range->min_proto.all = htons(rule->to_port);
	range->max_proto.all = htons((uint16_t)(rule->to_port + more));
	/* The n-th port of one range is the n-th of the other, not just any of it. */
	if (more > 0) {
		range->flags |= NF_NAT_RANGE_PROTO_OFFSET;
		range->base_proto.all = htons(rule->first_port);
	}
}

static void add_masquerade(struct iptables_entry *entry)
{
	struct nf_nat_ipv4_multi_range_compat *ranges;

	if (entry->family == AF_INET6) {
		add_target(entry, "MASQUERADE", 0, sizeof(struct nf_nat_range));
		return;
	}
	ranges = add_target(entry, "MASQUERADE", 0, sizeof(*ranges));
	ranges->rangesize = 1;
}

static void add_action(struct iptables_entry *entry, const struct packet_rule *rule)
{
	static const char *const verdicts[] = {
		[PACKET_ACCEPT] = "ACCEPT",
		[PACKET_DROP] = "DROP",
		[PACKET_RETURN] = "RETURN",
	};
	switch (rule->action) {
	case PACKET_DNAT:
		add_dnat(entry, rule);
		break;
	case PACKET_MASQUERADE:
		add_masquerade(entry);
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

void iptables_entry_build(const struct packet_rule *rule, uint8_t family,
			  struct iptables_entry *ret_entry)
{
	struct offsets at;

	memset(ret_entry, 0, sizeof(*ret_entry));
	ret_entry->family = family;
	at = offsets(family, ret_entry->data);
	*at.next = *at.target = (uint16_t)head_size(family);
	set_head(ret_entry, rule);
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
	size_t at = *offsets(entry->family, entry->data).target;

	return ((const struct xt_entry_target *)(entry->data + at))->u.user.name;
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

/* Up to the counters and what the kernel keeps for itself, an entry begins with its addresses. */
static size_t addresses_size(uint8_t family)
{
	return family == AF_INET6 ? sizeof(struct ip6t_ip6) : sizeof(struct ipt_ip);
}

bool iptables_entry_same(const struct iptables_entry *entry, const void *other, bool targets)
{
	const struct offsets mine = offsets(entry->family, entry->data);
	const struct offsets theirs = offsets(entry->family, other);
	const unsigned char *a = entry->data, *b = other;
	size_t at = head_size(entry->family);

	if (memcmp(a, b, addresses_size(entry->family)) != 0 || *mine.target != *theirs.target ||
	    *mine.next != *theirs.next)
		return false;
	while (at < *mine.target) {
		if (!same_extension(a + at, b + at))
			return false;
		at += ((const struct xt_entry_match *)(a + at))->u.user.match_size;
	}
	return !targets || same_extension(a + at, b + at);
}
