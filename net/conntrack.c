// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/conntrack.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/message.h"
#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>

/* The part of a flow that is looked at. */
struct flow {
	uint8_t protocol;
	struct cidr host_addr, container; /* whom it was sent to, and who answers */
	uint16_t host_port;
};

struct search {
	const struct conntrack_match *matches;
	size_t n;
	struct netlink_batch batch; /* requests to delete what was found */
	size_t open;		    /* connections that were found open */
};

static struct nlattr *inside(struct nlattr *attr, int type)
{
	return attr ? nla_find(nla_data(attr), nla_len(attr), type) : NULL;
}

/* Copy SIZE bytes of ATTR, if it is there and has as many. */
static void take(struct nlattr *attr, void *ret, size_t size)
{
	if (attr && (size_t)nla_len(attr) >= size)
		memcpy(ret, nla_data(attr), size);
}

/* The address in the tuple TUPLE, which is of FAMILY: the one it has in its V4 or V6. */
static struct cidr address_in(struct nlattr *tuple, uint8_t family, int v4, int v6)
{
	struct nlattr *addresses = inside(tuple, CTA_TUPLE_IP);
	struct cidr address = {.family = family};

	take(inside(addresses, family == AF_INET6 ? v6 : v4), &address.addr6, cidr_bytes(&address));
	return cidr_address(&address);
}

static struct flow parse_flow(uint8_t family, struct nlattr *orig, struct nlattr *reply)
{
	struct nlattr *proto = inside(orig, CTA_TUPLE_PROTO);
	struct flow flow = {
		.host_addr = address_in(orig, family, CTA_IP_V4_DST, CTA_IP_V6_DST),
		.container = address_in(reply, family, CTA_IP_V4_SRC, CTA_IP_V6_SRC),
	};
	uint16_t port = 0;

	take(inside(proto, CTA_PROTO_NUM), &flow.protocol, sizeof(flow.protocol));
	take(inside(proto, CTA_PROTO_DST_PORT), &port, sizeof(port));
	flow.host_port = ntohs(port);
	return flow;
}

static bool is_or_any(const struct cidr *wanted, const struct cidr *address)
{
	return !wanted->len || cidr_same_address(wanted, address);
}

static bool matches(const struct conntrack_match *match, const struct flow *flow)
{
	unsigned int count = match->count ? match->count : 1;

	if (!match->host_port && !match->container.len)
		return false;
	if (match->protocol && match->protocol != flow->protocol)
		return false;
	if (match->host_port &&
	    (flow->host_port < match->host_port || flow->host_port >= match->host_port + count))
		return false;
	return is_or_any(&match->host_addr, &flow->host_addr) &&
	       is_or_any(&match->container, &flow->container);
}

static struct nl_msg *request(int type, int flags, uint8_t family)
{
	const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};

	return message_new(NFNL_SUBSYS_CTNETLINK << 8 | type, flags, &header, sizeof(header));
}

static uint8_t family_of(const struct nlmsghdr *reply)
{
	return ((const struct nfgenmsg *)nlmsg_data(reply))->nfgen_family;
}

/* The identifier makes sure that it is this flow, not a later one with the same addresses. */
static void add_delete(struct netlink_batch *batch, uint8_t family,
		       struct nlattr *attrs[CTA_MAX + 1])
{
	static const int identity[] = {CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE};
	struct nl_msg *msg = request(IPCTNL_MSG_CT_DELETE, 0, family);

	for (size_t i = 0; i < ARRAY_SIZE(identity); i++) {
		struct nlattr *attr = attrs[identity[i]];

		if (attr)
			message_put(msg, attr->nla_type, nla_data(attr), (size_t)nla_len(attr));
	}
	netlink_batch_add(batch, msg, ENOENT, "forget a tracked connection");
}

/* Is the flow of REPLY one that is searched?  RET_ATTRS has what it consists of then. */
static bool is_searched(const struct search *search, const struct nlmsghdr *reply,
			struct nlattr *ret_attrs[CTA_MAX + 1])
{
	struct flow flow;

	if (nlmsg_parse((struct nlmsghdr *)reply, sizeof(struct nfgenmsg), ret_attrs, CTA_MAX,
			NULL) < 0)
		return false;
	flow = parse_flow(family_of(reply), ret_attrs[CTA_TUPLE_ORIG], ret_attrs[CTA_TUPLE_REPLY]);
	for (size_t i = 0; i < search->n; i++)
		if (matches(&search->matches[i], &flow))
			return true;
	return false;
}

static int delete_flow(const struct nlmsghdr *reply, void *data)
{
	struct nlattr *attrs[CTA_MAX + 1];
	struct search *search = data;

	if (is_searched(search, reply, attrs))
		add_delete(&search->batch, family_of(reply), attrs);
	return 0;
}

/* From the first packet to the first half of the end; include/linux of nf_conntrack_tcp.h. */
static bool is_open(uint8_t state)
{
	return state >= TCP_CONNTRACK_SYN_SENT && state <= TCP_CONNTRACK_CLOSE_WAIT;
}

static int count_flow(const struct nlmsghdr *reply, void *data)
{
	struct nlattr *attrs[CTA_MAX + 1];
	struct search *search = data;
	uint8_t state = TCP_CONNTRACK_NONE;

	if (!is_searched(search, reply, attrs))
		return 0;
	take(inside(inside(attrs[CTA_PROTOINFO], CTA_PROTOINFO_TCP), CTA_PROTOINFO_TCP_STATE),
	     &state, sizeof(state));
	search->open += is_open(state);
	return 0;
}

static void search_release(struct search *search)
{
	netlink_batch_release(&search->batch);
}

int conntrack_flush(const struct conntrack_match *match_list, size_t n, size_t *ret_deleted,
		    struct err *err)
{
	CLEANUP(search_release)
	struct search search = {
		.matches = match_list,
		.n = n,
		.batch = NETLINK_BATCH_INIT,
	};
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	size_t deleted = 0;
	int r;

	r = netlink_open(NETLINK_NETFILTER, &nl, err);
	if (r == 0)
		r = netlink_query(nl, request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC),
				  delete_flow, &search, err, "list the tracked connections");
	if (r == 0)
		r = netlink_batch_send(nl, &search.batch, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < search.batch.n; i++)
		deleted += netlink_batch_result(&search.batch, i, NULL) == 0;
	if (ret_deleted)
		*ret_deleted = deleted;
	return 0;
}

int conntrack_count(const struct conntrack_match *match_list, size_t n, size_t *ret_n,
		    struct err *err)
{
	CLEANUP(search_release)
	struct search search = {.matches = match_list, .n = n, .batch = NETLINK_BATCH_INIT};
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	int r;

	r = netlink_open(NETLINK_NETFILTER, &nl, err);
	if (r == 0)
		r = netlink_query(nl, request(IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC), count_flow,
				  &search, err, "list the tracked connections");
	if (r == 0)
		*ret_n = search.open;
	return r;
}
