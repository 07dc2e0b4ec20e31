// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firewall on the kernel's legacy iptables, through libiptc.
 *
 * libiptc reads a whole table, is told changes, and writes the whole table
 * back.  The kernel notices a change by others in between only if the number
 * of rules changed; so all users of iptables agree on a lock file, held from
 * the reading to the writing.  What has to change is found by comparing; a
 * table in which nothing has to is not written.  Reading, comparing and not
 * writing in the end is also how firewall_check() works.
 */
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "net/firewall_backend.h"
#include "net/firewall_plan.h"
#include "net/iptables_calls.h"
#include "net/iptables_entry.h"
#include "net/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/x_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TABLES_FILE  "/proc/thread-self/net/ip_tables_names" /* of this namespace */
#define TABLES6_FILE "/proc/thread-self/net/ip6_tables_names"
#define COMMIT_TRIES 5

static const char *const table_names[TABLE_COUNT] = {
	[TABLE_RAW] = "raw",
	[TABLE_FILTER] = "filter",
	[TABLE_NAT] = "nat",
};

/* One table while it is being worked on.  After a failure, nothing is done any more. */
struct table {
	const struct iptables_calls *calls;
	uint8_t family;
	struct xtc_handle *handle;
	bool changed;
	int failed; /* errno */
};

static void table_close(struct table *table)
{
	if (table->handle)
		table->calls->free(table->handle);
}

static int table_open(enum firewall_table which, uint8_t family, struct table *ret_table,
		      struct err *err)
{
	const char *name = table_names[which], *six = family == AF_INET6 ? "6" : "";

	ret_table->family = family;
	ret_table->calls = iptables_calls(family);
	ret_table->handle = ret_table->calls->init(name);
	if (ret_table->handle)
		return 0;
	if (errno == ENOPROTOOPT || errno == ENOENT || errno == EAFNOSUPPORT)
		return err_set(err, EOPNOTSUPP,
			       "this kernel has no legacy ip%stables table '%s' loaded: try "
			       "`modprobe -a ip%s_tables ip%stable_%s`",
			       six, name, six, six, name);
	return err_set(err, errno, "read the ip%stables table '%s': %s", six, name,
		       ret_table->calls->strerror(errno));
}

/* Note what a libiptc call that changes something returned. */
static void changed(struct table *table, int ok)
{
	table->changed = true;
	if (!ok && !table->failed)
		table->failed = errno ? errno : EIO;
}

static void chain_label(xt_chainlabel ret_label, const char *name)
{
	memset(ret_label, 0, sizeof(xt_chainlabel));
	memcpy(ret_label, name, strnlen(name, sizeof(xt_chainlabel) - 1));
}

static void create_chain(struct table *table, const xt_chainlabel name)
{
	if (!table->failed && !table->calls->is_chain(name, table->handle))
		changed(table, table->calls->create_chain(name, table->handle));
}

static void delete_chain(struct table *table, const xt_chainlabel name)
{
	if (table->failed || !table->calls->is_chain(name, table->handle))
		return;
	changed(table, table->calls->flush_entries(name, table->handle));
	if (!table->failed)
		changed(table, table->calls->delete_chain(name, table->handle));
}

static bool is_rule(struct table *table, const void *entry, const struct packet_rule *rule)
{
	struct iptables_entry wanted;

	iptables_entry_build(rule, table->family, &wanted);
	return strcmp(table->calls->get_target(entry, table->handle),
		      iptables_entry_target(&wanted)) == 0 &&
	       iptables_entry_same(&wanted, entry, iptables_entry_has_parameters(rule));
}

static bool chain_is_right(struct table *table, const struct firewall_chain *chain)
{
	const void *entry = table->calls->first_rule(chain->name, table->handle);

	for (size_t i = 0; i < chain->n; i++) {
		if (!entry || !is_rule(table, entry, &chain->rules[i]))
			return false;
		entry = table->calls->next_rule(entry, table->handle);
	}
	return !entry;
}

static void fill_chain(struct table *table, const struct firewall_chain *chain)
{
	struct iptables_entry entry;

	create_chain(table, chain->name);
	if (table->failed || chain_is_right(table, chain))
		return;
	changed(table, table->calls->flush_entries(chain->name, table->handle));
	for (size_t i = 0; i < chain->n && !table->failed; i++) {
		iptables_entry_build(&chain->rules[i], table->family, &entry);
		changed(table, table->calls->append_entry(chain->name, entry.data, table->handle));
	}
}

/* The number, from START on, of the first rule in BASE that jumps to TARGET; -1: none. */
static int find_jump(struct table *table, const xt_chainlabel base, const char *target, int start)
{
	const void *entry;
	int i = 0;

	if (!table->calls->is_chain(base, table->handle))
		return -1;
	for (entry = table->calls->first_rule(base, table->handle); entry;
	     entry = table->calls->next_rule(entry, table->handle), i++)
		if (i >= start &&
		    strcmp(table->calls->get_target(entry, table->handle), target) == 0)
			return i;
	return -1;
}

static void delete_jumps(struct table *table, const xt_chainlabel base, const char *target)
{
	int i;

	while (!table->failed && (i = find_jump(table, base, target, 0)) >= 0)
		changed(table,
			table->calls->delete_num_entry(base, (unsigned int)i, table->handle));
}

/* Is there one jump to the rule's target in BASE, and is it RULE? */
static bool jump_is_right(struct table *table, const xt_chainlabel base,
			  const struct packet_rule *rule)
{
	int at = find_jump(table, base, rule->target, 0), i = 0;
	const void *entry;

	if (at < 0 || find_jump(table, base, rule->target, at + 1) >= 0)
		return false;
	entry = table->calls->first_rule(base, table->handle);
	while (i++ < at)
		entry = table->calls->next_rule(entry, table->handle);
	return is_rule(table, entry, rule);
}

/* Number AT: in front of the rule that has it now; -1: behind all. */
static void insert_rule(struct table *table, const xt_chainlabel base, int at,
			const struct packet_rule *rule)
{
	struct iptables_entry entry;

	if (table->failed)
		return;
	iptables_entry_build(rule, table->family, &entry);
	if (at < 0)
		changed(table, table->calls->append_entry(base, entry.data, table->handle));
	else
		changed(table, table->calls->insert_entry(base, entry.data, (unsigned int)at,
							  table->handle));
}

static void sync_hook(struct table *table, const struct firewall_hook *hook,
		      const struct firewall_chain *chain, const char *comment)
{
	struct packet_rule rule = {.action = PACKET_JUMP, .dst_local = hook->dst_local};
	xt_chainlabel base;

	chain_label(base, hook->base);
	memcpy(rule.target, chain->name, sizeof(rule.target));
	snprintf(rule.comment, sizeof(rule.comment), "%s", comment);
	if (chain->n > 0 && jump_is_right(table, base, &rule))
		return;
	delete_jumps(table, base, chain->name);
	if (chain->n > 0)
		insert_rule(table, base, hook->first ? 0 : -1, &rule);
}

static const xt_chainlabel forward_chain = "FORWARD";
static const xt_chainlabel shared_chain = FIREWALL_SHARED_CHAIN;
static const xt_chainlabel user_chain = FIREWALL_USER_CHAIN;

static struct packet_rule shared_jump(const char *target)
{
	struct packet_rule rule = {.action = PACKET_JUMP, .comment = "stack"};

	snprintf(rule.target, sizeof(rule.target), "%s", target);
	return rule;
}

/* FORWARD: the administrator's chain, then ours; behind docker's chain for the administrator,
 * which is there for the same purpose, and before all rules of docker's own. */
static void hook_shared(struct table *table)
{
	const struct packet_rule user = shared_jump(user_chain), shared = shared_jump(shared_chain);
	int at;

	create_chain(table, user_chain);
	create_chain(table, shared_chain);
	if (table->failed || (jump_is_right(table, forward_chain, &user) &&
			      jump_is_right(table, forward_chain, &shared) &&
			      find_jump(table, forward_chain, user_chain, 0) <
				      find_jump(table, forward_chain, shared_chain, 0)))
		return;
	delete_jumps(table, forward_chain, user_chain);
	delete_jumps(table, forward_chain, shared_chain);
	at = find_jump(table, forward_chain, "DOCKER-USER", 0) + 1;
	insert_rule(table, forward_chain, at, &user);
	insert_rule(table, forward_chain, at + 1, &shared);
}

/* With the last project, what the projects shared goes; rules of the administrator stay. */
static void unhook_shared(struct table *table)
{
	if (table->failed || !table->calls->is_chain(shared_chain, table->handle) ||
	    table->calls->first_rule(shared_chain, table->handle))
		return;
	delete_jumps(table, forward_chain, shared_chain);
	delete_chain(table, shared_chain);
	if (table->failed || !table->calls->is_chain(user_chain, table->handle) ||
	    table->calls->first_rule(user_chain, table->handle))
		return;
	delete_jumps(table, forward_chain, user_chain);
	delete_chain(table, user_chain);
}

static void edit_table(struct table *table, enum firewall_table which,
		       const struct firewall_plan *plan, const char *comment)
{
	bool filter = which == TABLE_FILTER;

	if (filter && plan->chains[CHAIN_FILTER].n > 0)
		hook_shared(table);
	for (size_t i = 0; i < CHAIN_COUNT; i++)
		if (plan->chains[i].table == which && plan->chains[i].n > 0)
			fill_chain(table, &plan->chains[i]);
	for (size_t i = 0; i < firewall_n_hooks; i++) {
		const struct firewall_hook *hook = &firewall_hooks[i];

		if (plan->chains[hook->role].table == which)
			sync_hook(table, hook, &plan->chains[hook->role], comment);
	}
	for (size_t i = 0; i < CHAIN_COUNT; i++)
		if (plan->chains[i].table == which && plan->chains[i].n == 0)
			delete_chain(table, plan->chains[i].name);
	if (filter)
		unhook_shared(table);
}

/*
 * One table from reading to writing; RET_CHANGED: something had to change.
 * -EAGAIN: somebody who ignores the lock was faster.
 */
static int sync_table(enum firewall_table which, const struct firewall_plan *plan,
		      const char *comment, bool commit, bool *ret_changed, struct err *err)
{
	CLEANUP(table_close) struct table table = {.handle = NULL};
	const char *six = plan->family == AF_INET6 ? "6" : "";
	int r;

	r = table_open(which, plan->family, &table, err);
	if (r < 0)
		return r;
	edit_table(&table, which, plan, comment);
	if (table.failed)
		return err_set(err, table.failed, "work out the ip%stables table '%s': %s", six,
			       table_names[which], table.calls->strerror(table.failed));
	if (commit && table.changed && !table.calls->commit(table.handle))
		return err_set(err, errno ? errno : EIO, "write the ip%stables table '%s': %s", six,
			       table_names[which], table.calls->strerror(errno));
	*ret_changed = table.changed;
	return 0;
}

/*
 * A project that has nothing needs no table, which opening it would load or bring
 * into being.  All that there are have a line in the file.
 */
static bool is_needless(enum firewall_table which, const struct firewall_plan *plan)
{
	CLEANUP_FREE char *text = NULL;
	char *rest, *line;

	if (!firewall_plan_is_empty(plan))
		return false;
	if (fd_read_file(AT_FDCWD, plan->family == AF_INET6 ? TABLES6_FILE : TABLES_FILE, 4096,
			 &text, NULL, NULL) < 0)
		return true;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (strcmp(line, table_names[which]) == 0)
			return false;
	return true;
}

static int sync_table_locked(enum firewall_table which, const struct firewall_plan *plan,
			     const char *comment, struct err *err)
{
	CLEANUP_FD int lock = -1;
	bool ignored;
	int r;

	r = lock_file(firewall_lock_file(), FIREWALL_LOCK_MS, &lock, err);
	for (int i = 0; r == 0 && i < COMMIT_TRIES; i++) {
		struct err failure = ERR_INIT;

		r = sync_table(which, plan, comment, true, &ignored, &failure);
		if (r == 0)
			return 0;
		if (err)
			*err = failure;
		if (r == -EAGAIN && i + 1 < COMMIT_TRIES)
			r = 0;
	}
	return r;
}

static void jump_comment(const struct firewall_rules *rules, char ret[PACKET_COMMENT_SIZE])
{
	snprintf(ret, PACKET_COMMENT_SIZE, "stack:%s", rules->project);
}

static int sync_plan(const struct firewall_plan *plan, const char *comment, struct err *err)
{
	bool leaving = firewall_plan_is_empty(plan);
	int r = 0;

	/* What closes comes before what opens, and goes after it. */
	for (int i = 0; r == 0 && i < TABLE_COUNT; i++) {
		enum firewall_table which =
			(enum firewall_table)(leaving ? TABLE_COUNT - 1 - i : i);

		if (!is_needless(which, plan))
			r = sync_table_locked(which, plan, comment, err);
	}
	return r;
}

static const uint8_t families[] = {AF_INET, AF_INET6};

static int iptables_sync(const char *project_id, const struct firewall_rules *rules,
			 struct err *err)
{
	char comment[PACKET_COMMENT_SIZE];
	int r = 0;

	jump_comment(rules, comment);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++) {
		CLEANUP(firewall_plan_release) struct firewall_plan plan = FIREWALL_PLAN_INIT;

		firewall_plan_compute(project_id, rules, families[i], &plan);
		r = sync_plan(&plan, comment, err);
	}
	return r;
}

static int check_plan(const struct firewall_plan *plan, const char *comment, bool *ret_intact,
		      struct err *err)
{
	bool differs = false;
	int r = 0;

	for (int i = 0; r == 0 && !differs && i < TABLE_COUNT; i++)
		if (!is_needless((enum firewall_table)i, plan))
			r = sync_table((enum firewall_table)i, plan, comment, false, &differs, err);
	*ret_intact = r == 0 && !differs;
	return r;
}

static int iptables_check(const char *project_id, const struct firewall_rules *rules,
			  bool *ret_intact, struct err *err)
{
	char comment[PACKET_COMMENT_SIZE];
	bool intact = true;
	int r = 0;

	jump_comment(rules, comment);
	for (size_t i = 0; r == 0 && intact && i < ARRAY_SIZE(families); i++) {
		CLEANUP(firewall_plan_release) struct firewall_plan plan = FIREWALL_PLAN_INIT;

		firewall_plan_compute(project_id, rules, families[i], &plan);
		r = check_plan(&plan, comment, &intact, err);
	}
	if (r == 0)
		*ret_intact = intact;
	return r;
}

static bool iptables_is_available(void)
{
	return access(TABLES_FILE, F_OK) == 0;
}

static int iptables_supports(uint8_t family, struct err *err)
{
	int r = 0;

	for (int i = 0; r == 0 && i < TABLE_COUNT; i++) {
		CLEANUP(table_close) struct table table = {.handle = NULL};

		r = table_open((enum firewall_table)i, family, &table, err);
	}
	return r;
}

const struct firewall_backend firewall_legacy = {
	.name = "legacy",
	.is_available = iptables_is_available,
	.sync = iptables_sync,
	.check = iptables_check,
	.supports = iptables_supports,
};
