// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/queue.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/message.h"
#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define HANDLE_DELAYS 0x53540000u /* "5354:" */
#define HANDLE_BUCKET 0x53550000u
#define TICK_NS	      64u /* what the kernel counts time in here: PSCHED_SHIFT */
#define NS_PER_MS     1000000u
#define NS_PER_S      1000000000u

#define BURST_MIN   (16u << 10)
#define BURST_SHARE 100		/* of a second's bytes: 10 ms */
#define WAIT_SHARE  20		/* 50 ms that packets may wait before they are dropped … */
#define WAIT_MIN    (16u << 10) /* … but some of them at any rate */
#define DELAYED_MAX 10000	/* packets that are on their way with a delay */

static uint32_t capped(uint64_t value)
{
	return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static uint32_t burst_of(const struct queue *queue)
{
	uint64_t share = queue->rate / BURST_SHARE;

	if (queue->burst)
		return queue->burst;
	return share > BURST_MIN ? capped(share) : BURST_MIN;
}

static uint32_t limit_of(const struct queue *queue)
{
	uint64_t wait = queue->rate / WAIT_SHARE;

	return capped(burst_of(queue) + (wait > WAIT_MIN ? wait : WAIT_MIN));
}

/* How long the burst takes at that rate, as the kernel reports it. */
static uint32_t ticks_of(const struct queue *queue)
{
	return capped((uint64_t)burst_of(queue) * NS_PER_S / queue->rate / TICK_NS);
}

static bool has_delays(const struct queue *queue)
{
	return queue->delay_ms || queue->loss;
}

/* --- what there is --- */

struct found {
	int ifindex;
	uint32_t root; /* handle of the root; 0: the kernel's own */
	struct queue queue;
	uint32_t ticks, limit;
};

static void take_bucket(struct nlattr *options, struct found *found)
{
	struct nlattr *parms = nla_find(nla_data(options), nla_len(options), TCA_TBF_PARMS);
	struct nlattr *rate64 = nla_find(nla_data(options), nla_len(options), TCA_TBF_RATE64);
	struct tc_tbf_qopt qopt;

	if (!parms || nla_len(parms) < (int)sizeof(qopt))
		return;
	memcpy(&qopt, nla_data(parms), sizeof(qopt));
	found->queue.rate = qopt.rate.rate;
	if (rate64 && nla_len(rate64) >= (int)sizeof(uint64_t))
		memcpy(&found->queue.rate, nla_data(rate64), sizeof(uint64_t));
	found->ticks = qopt.buffer;
	found->limit = qopt.limit;
}

static void take_delays(struct nlattr *options, struct found *found)
{
	struct tc_netem_qopt qopt;

	if (nla_len(options) < (int)sizeof(qopt))
		return;
	memcpy(&qopt, nla_data(options), sizeof(qopt));
	found->queue.delay_ms = (uint32_t)((uint64_t)qopt.latency * TICK_NS / NS_PER_MS);
	found->queue.loss = qopt.loss;
}

static int on_queue(const struct nlmsghdr *reply, void *data)
{
	const struct tcmsg *header = nlmsg_data(reply);
	struct found *found = data;
	struct nlattr *options;

	if (reply->nlmsg_type != RTM_NEWQDISC ||
	    !nlmsg_valid_hdr((struct nlmsghdr *)reply, sizeof(*header)) ||
	    header->tcm_ifindex != found->ifindex)
		return 0;
	if (header->tcm_parent == TC_H_ROOT)
		found->root = header->tcm_handle;
	options = nlmsg_find_attr((struct nlmsghdr *)reply, sizeof(*header), TCA_OPTIONS);
	if (options && header->tcm_handle == HANDLE_BUCKET)
		take_bucket(options, found);
	if (options && header->tcm_handle == HANDLE_DELAYS)
		take_delays(options, found);
	return 0;
}

/* The kernel lists those of all links, and some kernels tell everybody when one is asked for. */
static int find(struct netlink *nl, int ifindex, const char *name, struct found *ret,
		struct err *err)
{
	const struct tcmsg header = {.tcm_family = AF_UNSPEC};

	*ret = (struct found){.ifindex = ifindex};
	return netlink_query(nl, message_new(RTM_GETQDISC, NLM_F_DUMP, &header, sizeof(header)),
			     on_queue, ret, err, "list the queues of the link '%s'", name);
}

static bool is_ours(uint32_t handle)
{
	return handle == HANDLE_DELAYS || handle == HANDLE_BUCKET;
}

static uint32_t root_of(const struct queue *wanted)
{
	if (has_delays(wanted))
		return HANDLE_DELAYS;
	return wanted->rate ? HANDLE_BUCKET : 0;
}

/* Equal but for rounding. */
static bool about(uint64_t a, uint64_t b)
{
	uint64_t distance = a > b ? a - b : b - a;

	return distance <= 1 + b / 64;
}

static bool is_like(const struct found *found, const struct queue *wanted)
{
	const struct queue *queue = &found->queue;

	if (found->root != root_of(wanted))
		return !is_ours(found->root) && root_of(wanted) == 0;
	if (queue->rate != wanted->rate || !about(queue->delay_ms, wanted->delay_ms) ||
	    queue->loss != wanted->loss)
		return false;
	return wanted->rate == 0 ||
	       (about(found->ticks, ticks_of(wanted)) && found->limit == limit_of(wanted));
}

int queue_is(struct netlink *nl, int ifindex, const char *name, const struct queue *wanted,
	     bool *ret_is, struct err *err)
{
	struct found found;
	int r = find(nl, ifindex, name, &found, err);

	if (r == 0)
		*ret_is = is_like(&found, wanted);
	return r;
}

/* --- making it --- */

static struct nl_msg *queue_message(int type, int flags, int ifindex, uint32_t handle,
				    uint32_t parent, const char *kind)
{
	const struct tcmsg header = {.tcm_family = AF_UNSPEC,
				     .tcm_ifindex = ifindex,
				     .tcm_handle = handle,
				     .tcm_parent = parent};
	struct nl_msg *msg = message_new(type, flags, &header, sizeof(header));

	if (kind)
		message_put_text(msg, TCA_KIND, kind);
	return msg;
}

static struct nl_msg *bucket_message(int ifindex, const struct queue *wanted)
{
	uint32_t parent = has_delays(wanted) ? HANDLE_DELAYS | 1 : TC_H_ROOT;
	struct nl_msg *msg = queue_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
					   HANDLE_BUCKET, parent, "tbf");
	const struct tc_tbf_qopt qopt = {
		.rate = {.rate = capped(wanted->rate), .linklayer = TC_LINKLAYER_ETHERNET},
		.limit = limit_of(wanted),
		.buffer = ticks_of(wanted),
	};
	struct nlattr *options = message_nest(msg, TCA_OPTIONS);

	message_put(msg, TCA_TBF_PARMS, &qopt, sizeof(qopt));
	message_put_u32(msg, TCA_TBF_BURST, burst_of(wanted));
	if (wanted->rate > UINT32_MAX)
		message_put(msg, TCA_TBF_RATE64, &wanted->rate, sizeof(wanted->rate));
	message_nest_end(msg, options);
	return msg;
}

static struct nl_msg *delays_message(int ifindex, const struct queue *wanted)
{
	struct nl_msg *msg = queue_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, ifindex,
					   HANDLE_DELAYS, TC_H_ROOT, "netem");
	const struct tc_netem_qopt qopt = {
		.latency = capped((uint64_t)wanted->delay_ms * NS_PER_MS / TICK_NS),
		.limit = DELAYED_MAX,
		.loss = wanted->loss,
	};

	message_put(msg, TCA_OPTIONS, &qopt, sizeof(qopt));
	return msg;
}

/* A kind that the kernel does not know is ENOENT to it. */
static int refusal(struct err *err, const struct err *failure, const char *what, const char *option)
{
	if (failure->code == ENOENT)
		return err_set(err, EOPNOTSUPP,
			       "this kernel cannot do that: %s needs %s, which it was built "
			       "without, or whose module is not installed",
			       what, option);
	return err_set(err, failure->code, "%s", failure->msg);
}

/* Only ours: where the root is another one's, making ours replaces it. */
static int drop(struct netlink *nl, int ifindex, const char *name, const struct found *found,
		struct err *err)
{
	if (!is_ours(found->root))
		return 0;
	return netlink_call(nl, queue_message(RTM_DELQDISC, 0, ifindex, 0, TC_H_ROOT, NULL), ENOENT,
			    err, "remove the limits of the link '%s'", name);
}

int queue_set(struct netlink *nl, int ifindex, const char *name, const struct queue *wanted,
	      struct err *err)
{
	struct err failure = ERR_INIT;
	struct found found;
	int r = find(nl, ifindex, name, &found, err);

	if (r < 0 || is_like(&found, wanted))
		return r;
	/* Other numbers are changed in place; other parts need a new tree. */
	if (found.root != root_of(wanted) || (found.queue.rate == 0) != (wanted->rate == 0))
		r = drop(nl, ifindex, name, &found, err);
	if (r < 0)
		return r;
	if (has_delays(wanted) && netlink_call(nl, delays_message(ifindex, wanted), 0, &failure,
					       "delay packets on the link '%s'", name) < 0)
		return refusal(err, &failure, "'delay' or 'loss'", "netem (CONFIG_NET_SCH_NETEM)");
	if (wanted->rate && netlink_call(nl, bucket_message(ifindex, wanted), 0, &failure,
					 "limit the link '%s'", name) < 0)
		return refusal(err, &failure, "a limit of bandwidth", "tbf (CONFIG_NET_SCH_TBF)");
	return 0;
}

/* --- what comes in --- */

#define INGRESS_HANDLE 0xffff0000u
#define ALL_PROTOCOLS  TC_H_MAKE(1u << 16, htons(ETH_P_ALL)) /* priority 1 */

static struct nl_msg *redirect_message(int from, int to)
{
	const struct tc_mirred parms = {
		.action = TC_ACT_STOLEN, .eaction = TCA_EGRESS_REDIR, .ifindex = (uint32_t)to};
	const struct tc_u32_sel sel = {.flags = TC_U32_TERMINAL, .nkeys = 1};
	/* The one key behind it asks for no bit, which every packet has. */
	char everything[sizeof(sel) + sizeof(struct tc_u32_key)] = {0};
	const struct tcmsg header = {.tcm_family = AF_UNSPEC,
				     .tcm_ifindex = from,
				     .tcm_parent = INGRESS_HANDLE,
				     .tcm_info = ALL_PROTOCOLS};
	struct nl_msg *msg =
		message_new(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	struct nlattr *options, *actions, *first, *mirred;

	memcpy(everything, &sel, sizeof(sel));
	message_put_text(msg, TCA_KIND, "u32");
	options = message_nest(msg, TCA_OPTIONS);
	message_put(msg, TCA_U32_SEL, everything, sizeof(everything));
	actions = message_nest(msg, TCA_U32_ACT);
	first = message_nest(msg, 1);
	message_put_text(msg, TCA_ACT_KIND, "mirred");
	mirred = message_nest(msg, TCA_ACT_OPTIONS);
	message_put(msg, TCA_MIRRED_PARMS, &parms, sizeof(parms));
	message_nest_end(msg, mirred);
	message_nest_end(msg, first);
	message_nest_end(msg, actions);
	message_nest_end(msg, options);
	return msg;
}

int queue_redirect(struct netlink *nl, int from, const char *name, int to, struct err *err)
{
	struct err failure = ERR_INIT;
	int r = netlink_call(
		nl, queue_message(RTM_DELQDISC, 0, from, INGRESS_HANDLE, TC_H_INGRESS, NULL), 0,
		&failure, "remove the limits of the link '%s'", name);

	/* There was none: kernels differ in how they say so. */
	if (r < 0 && r != -ENOENT && r != -EINVAL)
		return err_set(err, failure.code, "%s", failure.msg);
	if (to == 0)
		return 0;
	r = netlink_call(nl,
			 queue_message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, from,
				       INGRESS_HANDLE, TC_H_INGRESS, "ingress"),
			 0, &failure, "limit what comes from the link '%s'", name);
	if (r == 0)
		r = netlink_call(nl, redirect_message(from, to), 0, &failure,
				 "lead packets from the link '%s'", name);
	return r == 0 ? 0
		      : refusal(err, &failure, "a limit of egress",
				"ingress, u32 and mirred (CONFIG_NET_SCH_INGRESS, NET_CLS_U32, "
				"NET_ACT_MIRRED)");
}

static struct nlattr *inner(struct nlattr *attr, int type)
{
	return attr ? nla_find(nla_data(attr), nla_len(attr), type) : NULL;
}

static int on_filter(const struct nlmsghdr *reply, void *data)
{
	struct nlattr *attr =
		nlmsg_find_attr((struct nlmsghdr *)reply, sizeof(struct tcmsg), TCA_OPTIONS);
	static const int path[] = {TCA_U32_ACT, 1, TCA_ACT_OPTIONS, TCA_MIRRED_PARMS};
	struct tc_mirred parms;

	for (size_t i = 0; i < ARRAY_SIZE(path); i++)
		attr = inner(attr, path[i]);
	if (attr && nla_len(attr) >= (int)sizeof(parms)) {
		memcpy(&parms, nla_data(attr), sizeof(parms));
		*(int *)data = parms.eaction == TCA_EGRESS_REDIR ? (int)parms.ifindex : 0;
	}
	return 0;
}

int queue_redirected(struct netlink *nl, int from, const char *name, int *ret_to, struct err *err)
{
	const struct tcmsg header = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = from, .tcm_parent = INGRESS_HANDLE};
	struct err failure = ERR_INIT;
	int r, to = 0;

	r = netlink_query(nl, message_new(RTM_GETTFILTER, NLM_F_DUMP, &header, sizeof(header)),
			  on_filter, &to, &failure, "list the filters of the link '%s'", name);
	if (r < 0 && r != -ENOENT && r != -EINVAL)
		return err_set(err, failure.code, "%s", failure.msg);
	*ret_to = to;
	return 0;
}
