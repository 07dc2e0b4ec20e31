// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/ipam.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A number that depends on nothing but the two names. */
static uint32_t start_number(const char *a, const char *b)
{
	char hex[8 + 1];

	hash_name(hex, 8, a, b, NULL);
	return (uint32_t)strtoul(hex, NULL, 16);
}

static int pool_add(struct cidr_list *pool, const char *part, struct err *err)
{
	struct cidr cidr;
	int r;

	r = cidr_parse(part, &cidr, err);
	if (r < 0)
		return r;
	if (cidr.len > IPAM_SUBNET_LEN)
		return err_set(err, EINVAL, "'%s' is too small for a subnet of /%d", part,
			       IPAM_SUBNET_LEN);
	cidr_list_add(pool, cidr_subnet(&cidr));
	return 0;
}

int ipam_pool(const char *text, struct cidr_list *ret_pool, struct err *err)
{
	CLEANUP(cidr_list_release) struct cidr_list pool = CIDR_LIST_INIT;
	CLEANUP_FREE char *copy = NULL;
	char *rest, *part;
	int r = 0;

	copy = strdup(text && text[0] ? text : IPAM_POOL_DEFAULT);
	if (!copy)
		return err_nomem(err);
	rest = copy;
	while (r == 0 && (part = strsep(&rest, ",")))
		r = pool_add(&pool, part, err);
	if (r < 0)
		return err_wrap(err, "address pool (STACK_POOL)");
	*ret_pool = pool;
	pool = (struct cidr_list)CIDR_LIST_INIT;
	return 0;
}

static uint32_t subnets_in(const struct cidr *part)
{
	return (uint32_t)1 << (IPAM_SUBNET_LEN - part->len);
}

/* Subnet number N of all that the parts of POOL hold, in their order. */
static struct cidr pool_subnet(const struct cidr_list *pool, uint64_t n)
{
	const struct cidr *part = pool->items;

	while (n >= subnets_in(part))
		n -= subnets_in(part++);
	return (struct cidr){
		.addr = cidr_nth(part, (uint32_t)n << (32 - IPAM_SUBNET_LEN)),
		.len = IPAM_SUBNET_LEN,
	};
}

static bool is_taken(const struct cidr *subnet, const struct cidr_list *taken)
{
	for (size_t i = 0; i < taken->n; i++)
		if (cidr_overlaps(subnet, &taken->items[i]))
			return true;
	return false;
}

int ipam_choose_subnet(const struct cidr_list *pool, const struct cidr_list *taken,
		       const char *project_id, const char *network, struct cidr *ret_subnet,
		       struct err *err)
{
	uint32_t start = start_number(project_id, network);
	uint64_t total = 0;

	for (size_t i = 0; i < pool->n; i++)
		total += subnets_in(&pool->items[i]);
	for (uint64_t i = 0; i < total; i++) {
		struct cidr subnet = pool_subnet(pool, (start + i) % total);

		if (is_taken(&subnet, taken))
			continue;
		*ret_subnet = subnet;
		return 0;
	}
	return err_set(err, ENOSPC,
		       "network '%s': all %llu subnets of the address pool overlap addresses or "
		       "routes of this host; set STACK_POOL to another range (a.b.c.d/len[,…])",
		       network, (unsigned long long)total);
}

static bool is_used(struct in_addr addr, const struct in_addr *used, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (used[i].s_addr == addr.s_addr)
			return true;
	return false;
}

/* The first and the last address of a subnet name it and its broadcast. */
static bool is_host_address(const struct cidr *subnet, struct in_addr addr)
{
	uint64_t size = cidr_size(subnet);

	return cidr_contains(subnet, addr) && addr.s_addr != cidr_nth(subnet, 0).s_addr &&
	       addr.s_addr != cidr_nth(subnet, (uint32_t)(size - 1)).s_addr;
}

int ipam_choose_address(const struct cidr *subnet, const struct cidr *range,
			const struct in_addr *used, size_t n, const char *container,
			struct in_addr *ret_addr, struct err *err)
{
	const struct cidr *from = range ? range : subnet;
	uint64_t size = cidr_size(from), start = start_number(container, "");
	char text[CIDR_TEXT_SIZE];

	for (uint64_t i = 0; i < size; i++) {
		struct in_addr addr = cidr_nth(from, (uint32_t)((start + i) % size));

		if (!is_host_address(subnet, addr) || is_used(addr, used, n))
			continue;
		*ret_addr = addr;
		return 0;
	}
	cidr_format(from, text);
	return err_set(err, ENOSPC,
		       "no free address for '%s' in %s: give the network a larger subnet",
		       container, text);
}

struct cidr ipam_gateway(const struct cidr *subnet)
{
	return (struct cidr){.addr = cidr_nth(subnet, 1), .len = subnet->len};
}
