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
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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

/* --- the backend --- */

static int open_kernel(struct netlink **ret_nl, struct err *err)
{
	return netlink_open(NETLINK_NETFILTER, ret_nl, err);
}

static bool is_nothing(const struct firewall_rules *rules)
{
	return rules->n_networks == 0 && rules->n_ports == 0;
}

/* With the last project goes what the projects shared. */
static int remove_tables(struct netlink *nl, const char *project_id, struct err *err)
{
	CLEANUP(library_close) struct library library = {.handle = NULL};
	CLEANUP(strbuf_release) struct strbuf script = STRBUF_INIT;
	char name[NFT_TABLE_SIZE];
	struct nft_table table;
	bool is_idle;
	int r;

	nft_table_name(project_id, name);
	r = nft_kernel_read(nl, name, &table, err);
	if (r == 0)
		r = nft_kernel_shared_is_idle(nl, name, &is_idle, err);
	if (r < 0)
		return r;
	if (table.is_there)
		strbuf_printf(&script, "delete table " NFT_FAMILY " %s\n", name);
	if (is_idle)
		strbuf_puts(&script, "delete table " NFT_SHARED_FAMILY " " NFT_SHARED_TABLE "\n");
	if (script.len == 0)
		return 0;
	r = library_open(&library, err);
	return r == 0 ? run_script(&library, script.text, err) : r;
}

/* What rules are to be, and whether they are. */
struct wanted {
	char table[NFT_TABLE_SIZE], comment[NFT_COMMENT_MAX + 1];
	struct strbuf script;
	bool is_there;
};

static void wanted_release(struct wanted *wanted)
{
	strbuf_release(&wanted->script);
}

static int compare(struct netlink *nl, const char *project_id, const struct firewall_rules *rules,
		   struct wanted *wanted, struct err *err)
{
	CLEANUP(firewall_plan_release) struct firewall_plan plan = FIREWALL_PLAN_INIT;
	struct nft_table table;
	int r;

	nft_table_name(project_id, wanted->table);
	firewall_plan_compute(project_id, rules, AF_INET, &plan);
	r = nft_script(&plan, project_id, rules->project, &wanted->script, wanted->comment, err);
	if (r == 0)
		r = nft_kernel_read(nl, wanted->table, &table, err);
	if (r == 0)
		wanted->is_there = table.is_awake && table.is_sealed && table.has_user_chain &&
				   strcmp(table.comment, wanted->comment) == 0;
	return r;
}

static int write_table(struct netlink *nl, const struct wanted *wanted, struct err *err)
{
	CLEANUP(library_close) struct library library = {.handle = NULL};
	struct nft_table table;
	char seal[128];
	int r = library_open(&library, err);

	if (r == 0)
		r = run_script(&library, wanted->script.text, err);
	if (r == 0)
		r = nft_kernel_read(nl, wanted->table, &table, err);
	if (r < 0)
		return r;
	snprintf(seal, sizeof(seal), "add chain " NFT_FAMILY " %s %s\n", wanted->table, table.seal);
	return run_script(&library, seal, err);
}

static int nft_sync(const char *project_id, const struct firewall_rules *rules, struct err *err)
{
	CLEANUP(wanted_release) struct wanted wanted = {.script = STRBUF_INIT};
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	CLEANUP_FD int lock = -1;
	int r = lock_file(firewall_lock_file(), FIREWALL_LOCK_MS, &lock, err);

	if (r == 0)
		r = open_kernel(&nl, err);
	if (r < 0)
		return r;
	if (is_nothing(rules))
		return remove_tables(nl, project_id, err);
	r = compare(nl, project_id, rules, &wanted, err);
	return r == 0 && !wanted.is_there ? write_table(nl, &wanted, err) : r;
}

static int nft_check(const char *project_id, const struct firewall_rules *rules, bool *ret_intact,
		     struct err *err)
{
	CLEANUP(wanted_release) struct wanted wanted = {.script = STRBUF_INIT};
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	char name[NFT_TABLE_SIZE];
	struct nft_table table;
	int r = open_kernel(&nl, err);

	if (r < 0)
		return r;
	if (!is_nothing(rules)) {
		r = compare(nl, project_id, rules, &wanted, err);
		if (r == 0)
			*ret_intact = wanted.is_there;
		return r;
	}
	nft_table_name(project_id, name);
	r = nft_kernel_read(nl, name, &table, err);
	if (r == 0)
		*ret_intact = !table.is_there;
	return r;
}

/* A kernel without nftables does not know the question. */
static bool nft_is_available(void)
{
	CLEANUP(netlink_cleanup) struct netlink *nl = NULL;
	struct nft_table ignored;

	return open_kernel(&nl, NULL) == 0 && nft_kernel_read(nl, "", &ignored, NULL) == 0;
}

static int nft_supports(uint8_t family, struct err *err)
{
	(void)family;
	if (nft_is_available())
		return 0;
	return err_set(err, EOPNOTSUPP, "this kernel has no nftables");
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
