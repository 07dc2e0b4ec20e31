// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/shaping.h"

#include "core/base/err.h"
#include "net/link.h"
#include "net/message.h"
#include "net/netlink.h"
#include "net/queue.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

void shaping_link(const char *link, char ret_name[IFNAMSIZ])
{
	snprintf(ret_name, IFNAMSIZ, "si%s", link + strlen("sv"));
}

static struct queue incoming(const struct shaping *wanted)
{
	return (struct queue){.rate = wanted->ingress,
			      .burst = wanted->burst,
			      .delay_ms = wanted->delay_ms,
			      .loss = wanted->loss};
}

static struct queue outgoing(const struct shaping *wanted)
{
	return (struct queue){.rate = wanted->egress, .burst = wanted->burst};
}

static struct nl_msg *ifb_message(const char *name, uint32_t group)
{
	struct nl_msg *msg = link_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, name, true);
	struct nlattr *info;

	message_put_u32(msg, IFLA_GROUP, group);
	info = message_nest(msg, IFLA_LINKINFO);
	message_put_text(msg, IFLA_INFO_KIND, "ifb");
	message_nest_end(msg, info);
	return msg;
}

/* Make it, or set up the one that is there. */
static int ensure_ifb(struct netlink *nl, const char *name, uint32_t group,
		      struct link_info *ret_info, struct err *err)
{
	struct err failure = ERR_INIT;
	int r = netlink_call(nl, ifb_message(name, group), EEXIST, &failure, "make the link '%s'",
			     name);

	if (r == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP,
			       "this kernel cannot do that: a limit of egress needs ifb "
			       "(CONFIG_IFB), which it was built without, or whose module is not "
			       "installed");
	if (r < 0)
		return err_set(err, failure.code, "%s", failure.msg);
	r = link_query(nl, name, ret_info, err);
	if (r < 0)
		return r;
	if (ret_info->group != group || strcmp(ret_info->kind, "ifb") != 0)
		return err_foreign_link(err, name);
	if (ret_info->up)
		return 0;
	return netlink_call(nl, link_message(RTM_NEWLINK, 0, ret_info->ifindex, NULL, true), 0, err,
			    "bring the link '%s' up", name);
}

static int limit_egress(struct netlink *nl, const char *link, const struct link_info *host,
			uint32_t group, const struct queue *wanted, struct err *err)
{
	char name[IFNAMSIZ];
	struct link_info ifb;
	int r, to;

	shaping_link(link, name);
	r = ensure_ifb(nl, name, group, &ifb, err);
	if (r == 0)
		r = queue_set(nl, ifb.ifindex, name, wanted, err);
	if (r == 0)
		r = queue_redirected(nl, host->ifindex, link, &to, err);
	if (r == 0 && to != ifb.ifindex)
		r = queue_redirect(nl, host->ifindex, link, ifb.ifindex, err);
	return r;
}

/* Only what was led to a link of ours; what others have there stays. */
static int free_egress(struct netlink *nl, const char *link, const struct link_info *host,
		       uint32_t group, struct err *err)
{
	char name[IFNAMSIZ];
	struct link_info ifb;
	int r;

	shaping_link(link, name);
	if (link_query(nl, name, &ifb, NULL) < 0)
		return 0;
	r = queue_redirect(nl, host->ifindex, link, 0, err);
	return r < 0 ? r : link_remove(nl, name, group, err);
}

int shaping_apply(struct netlink *nl, const char *link, uint32_t group,
		  const struct shaping *wanted, struct err *err)
{
	struct queue in = incoming(wanted), out = outgoing(wanted);
	struct link_info host;
	int r = link_query(nl, link, &host, err);

	if (r == 0)
		r = queue_set(nl, host.ifindex, link, &in, err);
	if (r < 0)
		return r;
	return out.rate ? limit_egress(nl, link, &host, group, &out, err)
			: free_egress(nl, link, &host, group, err);
}

static int check_egress(struct netlink *nl, const char *link, const struct link_info *host,
			const struct queue *wanted, bool *ret_is, struct err *err)
{
	char name[IFNAMSIZ];
	struct link_info ifb;
	int to = 0, r;

	*ret_is = false;
	shaping_link(link, name);
	if (link_query(nl, name, &ifb, NULL) < 0 || !ifb.up)
		return 0;
	r = queue_redirected(nl, host->ifindex, link, &to, err);
	if (r < 0 || to != ifb.ifindex)
		return r;
	return queue_is(nl, ifb.ifindex, name, wanted, ret_is, err);
}

int shaping_check(struct netlink *nl, const char *link, const struct shaping *wanted,
		  const char **ret_wrong, struct err *err)
{
	struct queue in = incoming(wanted), out = outgoing(wanted);
	struct link_info host;
	bool is = true;
	int r = link_query(nl, link, &host, err);

	*ret_wrong = NULL;
	if (r == 0)
		r = queue_is(nl, host.ifindex, link, &in, &is, err);
	if (r == 0 && is && out.rate)
		r = check_egress(nl, link, &host, &out, &is, err);
	if (r == 0 && !is)
		*ret_wrong = "its bandwidth limits were changed by hand";
	return r;
}

int shaping_remove(struct netlink *nl, const char *link, uint32_t group, struct err *err)
{
	char name[IFNAMSIZ];

	shaping_link(link, name);
	return link_remove(nl, name, group, err);
}
