// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The firewall on nftables: written through libnftables, read by netlink
 *
 * libnftables and what it needs take 2 ms to load and some megabytes while they
 * work, which hosts with legacy iptables have no use for and others only when
 * rules change.  So it is loaded for a transaction and unloaded after it.
 *
 * nftables knows no lock: a transaction is one step for everybody.  The lock of
 * iptables is taken nevertheless, for what is looked at before it: of two
 * projects, the last one takes the administrator's chain with it.
 */
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/firewall_backend.h"
#include "net/lock.h"
#include "net/netlink.h"
#include "net/nft_kernel.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <nftables/libnftables.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIBRARY "libnftables.so.1"

/* --- libnftables --- */

struct library {
	void *handle;
	__typeof__(nft_ctx_new) *ctx_new;
	__typeof__(nft_ctx_free) *ctx_free;
	__typeof__(nft_ctx_buffer_output) *buffer_output;
	__typeof__(nft_ctx_buffer_error) *buffer_error;
	__typeof__(nft_ctx_get_error_buffer) *error_buffer;
	__typeof__(nft_run_cmd_from_buffer) *run;
};

static void library_close(struct library *library)
{
	if (!library->handle)
		return;
	dlclose(library->handle);
	malloc_trim(0);
}

static int library_open(struct library *ret_library, struct err *err)
{
	struct library *library = ret_library;
	const struct {
		const char *name;
		void *function; /* a pointer to a function, filled in as POSIX says */
	} symbols[] = {
		{"nft_ctx_new", &library->ctx_new},
		{"nft_ctx_free", &library->ctx_free},
		{"nft_ctx_buffer_output", &library->buffer_output},
		{"nft_ctx_buffer_error", &library->buffer_error},
		{"nft_ctx_get_error_buffer", &library->error_buffer},
		{"nft_run_cmd_from_buffer", &library->run},
	};

	library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!library->handle)
		return err_set(err, EOPNOTSUPP,
			       "the nft firewall needs " LIBRARY ": install libnftables1 (%s)",
			       dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		void *symbol = dlsym(library->handle, symbols[i].name);

		if (!symbol)
			return err_set(err, EOPNOTSUPP, LIBRARY " has no %s", symbols[i].name);
		memcpy(symbols[i].function, &symbol, sizeof(symbol));
	}
	return 0;
}

/* SCRIPT is one transaction: all of it happens, or nothing. */
static int run_script(const struct library *library, const char *script, struct err *err)
{
	struct nft_ctx *ctx = library->ctx_new(NFT_CTX_DEFAULT);
	const char *reason;
	int r = 0;

	if (!ctx)
		return err_nomem(err);
	library->buffer_output(ctx);
	library->buffer_error(ctx);
	if (library->run(ctx, script) != 0) {
		/* The first line says it; more of them point into the script. */
		reason = library->error_buffer(ctx);
		r = err_set(err, EIO, "write the rules of nftables: %.*s",
			    (int)strcspn(reason, "\n"), reason);
	}
	library->ctx_free(ctx);
	return r;
}

/*
 * The library waits with select(2), which knows descriptors up to FD_SETSIZE only, and
 * we have more where many ports are published.  So it works in a thread that has a
 * table of descriptors of its own.
 */
struct run {
	const struct library *library;
	const char *script;
	struct err *err;
	int result;
};

static void *run_with_own_descriptors(void *data)
{
	struct run *run = data;

	if (close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_UNSHARE) < 0)
		run->result = err_sys(run->err, errno, "get a table of descriptors for " LIBRARY);
	else
		run->result = run_script(run->library, run->script, run->err);
	return NULL;
}

/* Signals stay with the other threads: what their handlers write to is not there in this one. */
static int run_apart(const struct library *library, const char *script, struct err *err)
{
	struct run run = {.library = library, .script = script, .err = err};
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t all;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setsigmask_np(&attributes, &all);
	r = pthread_create(&thread, &attributes, run_with_own_descriptors, &run);
	pthread_attr_destroy(&attributes);
	if (r != 0)
		return err_sys(err, r, "start a thread for " LIBRARY);
	pthread_join(thread, NULL);
	return run.result;
}

/* --- the backend --- */

/* The table of one family: what it is to be, and whether it is. */
struct wanted {
	uint8_t family;
	bool is_empty; /* there is to be none */
	bool is_right;
	struct strbuf script;
};

/* All of a project. */
struct work {
	struct netlink *nl;
	char table[NFT_TABLE_SIZE];
	struct wanted wanted[2];
};

static void work_release(struct work *work)
{
	netlink_free(work->nl);
	for (size_t i = 0; i < ARRAY_SIZE(work->wanted); i++)
		strbuf_release(&work->wanted[i].script);
}

static int compare_table(struct work *work, struct wanted *wanted, const char *project_id,
			 const struct firewall_rules *rules, struct err *err)
{
	CLEANUP(firewall_plan_release) struct firewall_plan plan = FIREWALL_PLAN_INIT;
	char comment[NFT_COMMENT_MAX + 1];
	struct nft_table table;
	int r = nft_kernel_read(work->nl, wanted->family, work->table, &table, err);

	if (r < 0)
		return r;
	firewall_plan_compute(project_id, rules, wanted->family, &plan);
	wanted->is_empty = firewall_plan_is_empty(&plan);
	wanted->is_right = wanted->is_empty && !table.is_there;
	if (wanted->is_empty)
		return 0;
	r = nft_script(&plan, project_id, rules->project, &wanted->script, comment, err);
	wanted->is_right = r == 0 && table.is_awake && table.is_sealed && table.has_user_chain &&
			   strcmp(table.comment, comment) == 0;
	return r;
}

static int compare(const char *project_id, const struct firewall_rules *rules,
		   struct work *ret_work, struct err *err)
{
	int r = netlink_open(NETLINK_NETFILTER, &ret_work->nl, err);

	nft_table_name(project_id, ret_work->table);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(ret_work->wanted); i++)
		r = compare_table(ret_work, &ret_work->wanted[i], project_id, rules, err);
	return r;
}

/* With the last project goes what the projects shared. */
static int end_script(const struct work *work, struct strbuf *script, struct err *err)
{
	bool is_idle = false;
	int r = 0;

	if (work->wanted[0].is_empty && work->wanted[1].is_empty)
		r = nft_kernel_shared_is_idle(work->nl, work->table, &is_idle, err);
	if (r == 0 && is_idle)
		strbuf_puts(script, "delete table " NFT_SHARED_FAMILY " " NFT_SHARED_TABLE "\n");
	return r;
}

static int seal(const struct library *library, const struct work *work, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf script = STRBUF_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(work->wanted); i++) {
		const struct wanted *wanted = &work->wanted[i];
		struct nft_table table;

		if (wanted->is_right || wanted->is_empty)
			continue;
		r = nft_kernel_read(work->nl, wanted->family, work->table, &table, err);
		if (r == 0)
			strbuf_printf(&script, "add chain %s %s %s\n",
				      nft_family_name(wanted->family), work->table, table.seal);
	}
	return r == 0 && script.len > 0 ? run_apart(library, script.text, err) : r;
}

static int write_tables(const struct work *work, struct err *err)
{
	CLEANUP(library_close) struct library library = {.handle = NULL};
	CLEANUP(strbuf_release) struct strbuf script = STRBUF_INIT;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(work->wanted); i++) {
		const struct wanted *wanted = &work->wanted[i];

		if (wanted->is_right)
			continue;
		if (wanted->is_empty)
			strbuf_printf(&script, "delete table %s %s\n",
				      nft_family_name(wanted->family), work->table);
		else
			strbuf_printf(&script, NFT_SHARED_SCRIPT "%s", wanted->script.text);
	}
	r = end_script(work, &script, err);
	if (r < 0 || script.len == 0)
		return r;
	r = library_open(&library, err);
	if (r == 0)
		r = run_apart(&library, script.text, err);
	return r == 0 ? seal(&library, work, err) : r;
}

#define WORK_INIT                                                                                  \
	{                                                                                          \
		.wanted = {                                                                        \
			{.family = AF_INET, .script = STRBUF_INIT},                                \
			{.family = AF_INET6, .script = STRBUF_INIT},                               \
		},                                                                                 \
	}

static int nft_sync(const char *project_id, const struct firewall_rules *rules, struct err *err)
{
	CLEANUP(work_release) struct work work = WORK_INIT;
	CLEANUP_FD int lock = -1;
	int r = lock_file(firewall_lock_file(), FIREWALL_LOCK_MS, &lock, err);

	if (r == 0)
		r = compare(project_id, rules, &work, err);
	return r == 0 ? write_tables(&work, err) : r;
}

static int nft_check(const char *project_id, const struct firewall_rules *rules, bool *ret_intact,
		     struct err *err)
{
	CLEANUP(work_release) struct work work = WORK_INIT;
	int r = compare(project_id, rules, &work, err);

	if (r == 0)
		*ret_intact = work.wanted[0].is_right && work.wanted[1].is_right;
	return r;
}

/* A kernel without nftables does not know the question. */
static int nft_supports(uint8_t family, struct err *err)
{
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	struct nft_table ignored;

	if (netlink_open(NETLINK_NETFILTER, &nl, NULL) == 0 &&
	    nft_kernel_read(nl, family, "", &ignored, NULL) == 0)
		return 0;
	return err_set(err, EOPNOTSUPP, "this kernel has no nftables%s",
		       family == AF_INET6 ? " for IPv6" : "");
}

static bool nft_is_available(void)
{
	return nft_supports(AF_INET, NULL) == 0;
}

/* All that happens is one kind of news: look at the rules. */
static int nft_events(int *ret_fd, struct err *err)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK,
					    .nl_groups = 1u << (NFNLGRP_NFTABLES - 1)};
	CLEANUP_FD int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(err, errno, "listen to changes of nftables");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

const struct firewall_backend firewall_nft = {
	.name = "nft",
	.is_available = nft_is_available,
	.supports = nft_supports,
	.sync = nft_sync,
	.check = nft_check,
	.events = nft_events,
};
