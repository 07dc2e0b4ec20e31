// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/ipam.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of 2^56 subnets is hardly ever taken, twice in a row never. */
#define SUBNET6_TRIES 16

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
	if (cidr_is_v6(&cidr))
		return err_set(err, EINVAL, "'%s' is not of IPv4", part);
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

	struct cidr subnet;

	while (n >= subnets_in(part))
		n -= subnets_in(part++);
	subnet = cidr_nth(part, n << (32 - IPAM_SUBNET_LEN));

	subnet.len = IPAM_SUBNET_LEN;
	return subnet;
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

/* Behind fd, all of the subnet's number is drawn (RFC 4193). */
#define ULA_HEX_DIGITS 14

struct cidr ipam_subnet6(const char *project_id, const char *network, unsigned int attempt)
{
	struct cidr subnet = {.family = AF_INET6, .len = IPAM_SUBNET6_LEN};
	char hex[ULA_HEX_DIGITS + 1], number[16];
	uint64_t bits;

	snprintf(number, sizeof(number), "%u", attempt);
	hash_name(hex, ULA_HEX_DIGITS, project_id, network, number, NULL);
	bits = strtoull(hex, NULL, 16);
	subnet.addr6.s6_addr[0] = 0xfd;
	for (size_t i = ULA_HEX_DIGITS / 2; i > 0; i--, bits >>= 8)
		subnet.addr6.s6_addr[i] = (uint8_t)bits;
	return subnet;
}

int ipam_choose_subnet6(const struct cidr_list *taken, const char *project_id, const char *network,
			struct cidr *ret_subnet, struct err *err)
{
	for (unsigned int i = 0; i < SUBNET6_TRIES; i++) {
		struct cidr subnet = ipam_subnet6(project_id, network, i);

		if (is_taken(&subnet, taken))
			continue;
		*ret_subnet = subnet;
		return 0;
	}
	return err_set(err, ENOSPC,
		       "network '%s': the host has routes to all of fd00::/8; say an IPv6 subnet "
		       "in its ipam.config",
		       network);
}

static bool is_used(const struct cidr *addr, const struct cidr *used, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cidr_same_address(&used[i], addr))
			return true;
	return false;
}

/* The first and the last address of a subnet name it and its broadcast; IPv6 has no broadcast,
 * but the first one is everybody who routes. */
static bool is_host_address(const struct cidr *subnet, const struct cidr *addr)
{
	struct cidr first = cidr_nth(subnet, 0), last = cidr_nth(subnet, cidr_size(subnet) - 1);

	return cidr_contains(subnet, addr) && !cidr_same_address(addr, &first) &&
	       (cidr_is_v6(addr) || !cidr_same_address(addr, &last));
}

int ipam_choose_address(const struct cidr *subnet, const struct cidr *range,
			const struct cidr *used, size_t n, const char *container,
			struct cidr *ret_addr, struct err *err)
{
	const struct cidr *from = range && range->len ? range : subnet;
	uint64_t size = cidr_size(from), start = start_number(container, "");
	char text[CIDR_TEXT_SIZE];

	/* More than there can be containers: a short address is easier to read. */
	if (cidr_is_v6(from) && size > IPAM_ADDRESSES6)
		size = IPAM_ADDRESSES6;
	for (uint64_t i = 0; i < size; i++) {
		struct cidr addr = cidr_nth(from, (start + i) % size);

		if (!is_host_address(subnet, &addr) || is_used(&addr, used, n))
			continue;
		addr.len = subnet->len;
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
	return cidr_nth(subnet, 1);
}
