// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/dns_zone.h"

#include "core/base/cleanup.h"
#include "net/dns.h"
#include "net/dns_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct dns_zone {
	struct dns_zone_entry *by_name, *by_addr;
	size_t n_names, n_addrs;
	struct dns_member *members; /* by client and group */
	size_t n_members;
	uint8_t *text; /* the names, one after the other */
};

/* All of them compare two struct dns_zone_entry, as qsort(3) and bsearch(3) want it. */
static int compare_names(const void *a, const void *b)
{
	const struct dns_zone_entry *left = a, *right = b;

	if (left->name_len != right->name_len)
		return left->name_len < right->name_len ? -1 : 1;
	return memcmp(left->name, right->name, left->name_len);
}

static int compare_addrs(const void *a, const void *b)
{
	const struct dns_zone_entry *left = a, *right = b;

	return memcmp(&left->addr, &right->addr, sizeof(left->addr));
}

static int order_by_name(const void *a, const void *b)
{
	const struct dns_zone_entry *left = a, *right = b;
	int r = compare_names(a, b);

	if (r == 0)
		r = compare_addrs(a, b);
	if (r == 0)
		r = memcmp(&left->client, &right->client, sizeof(left->client));
	return r ? r : (left->group > right->group) - (left->group < right->group);
}

static int order_by_addr(const void *a, const void *b)
{
	const struct dns_zone_entry *left = a, *right = b;
	int r = compare_addrs(a, b);

	return r ? r : (left->order > right->order) - (left->order < right->order);
}

/* Drop what SAME calls equal to the entry before it.  Returns how many are left. */
static size_t unique(struct dns_zone_entry *entries, size_t n,
		     int (*same)(const void *, const void *))
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || same(&entries[kept - 1], &entries[i]) != 0)
			entries[kept++] = entries[i];
	}
	return kept;
}

static void zone_cleanup(struct dns_zone **zone)
{
	dns_zone_free(*zone);
}

static int zone_fill(struct dns_zone *zone, const struct dns_record *records, size_t n,
		     struct err *err)
{
	uint8_t *text = zone->text;
	struct dns_name name;

	for (size_t i = 0; i < n; i++) {
		if (dns_name_from_text(records[i].name, &name) < 0)
			return err_set(err, EINVAL,
				       "'%s' cannot be a DNS name: its parts between the dots "
				       "have to be of 1 to 63 bytes, 253 in all",
				       records[i].name);
		memcpy(text, name.wire, name.len);
		zone->by_name[i] = (struct dns_zone_entry){.name = text,
							   .name_len = name.len,
							   .order = (uint32_t)i,
							   .addr = records[i].addr,
							   .client = records[i].client,
							   .group = records[i].group};
		text += name.len;
	}
	return 0;
}

static int order_of_members(const void *a, const void *b)
{
	const struct dns_member *left = a, *right = b;
	int r = memcmp(&left->client, &right->client, sizeof(left->client));

	return r ? r : (left->group > right->group) - (left->group < right->group);
}

static int copy_members(struct dns_zone *zone, const struct dns_members *members, struct err *err)
{
	if (!members || members->n == 0)
		return 0;
	zone->members = calloc(members->n, sizeof(*zone->members));
	if (!zone->members)
		return err_nomem(err);
	memcpy(zone->members, members->items, members->n * sizeof(*zone->members));
	zone->n_members = members->n;
	qsort(zone->members, zone->n_members, sizeof(*zone->members), order_of_members);
	return 0;
}

int dns_zone_new(const struct dns_record *records, size_t n, const struct dns_members *members,
		 struct dns_zone **ret_zone, struct err *err)
{
	CLEANUP(zone_cleanup) struct dns_zone *zone = calloc(1, sizeof(*zone));
	size_t text_len = 0;
	int r;

	if (!zone)
		return err_nomem(err);
	/* On the wire a name is two bytes longer than its text. */
	for (size_t i = 0; i < n; i++)
		text_len += strlen(records[i].name) + 2;
	zone->text = malloc(text_len + 1);
	zone->by_name = calloc(n + 1, sizeof(*zone->by_name));
	zone->by_addr = calloc(n + 1, sizeof(*zone->by_addr));
	if (!zone->text || !zone->by_name || !zone->by_addr)
		return err_nomem(err);
	r = zone_fill(zone, records, n, err);
	if (r == 0)
		r = copy_members(zone, members, err);
	if (r < 0)
		return r;
	memcpy(zone->by_addr, zone->by_name, n * sizeof(*zone->by_addr));
	qsort(zone->by_name, n, sizeof(*zone->by_name), order_by_name);
	qsort(zone->by_addr, n, sizeof(*zone->by_addr), order_by_addr);
	zone->n_names = unique(zone->by_name, n, order_by_name);
	zone->n_addrs = n;
	*ret_zone = TAKE_PTR(zone);
	return 0;
}

void dns_zone_free(struct dns_zone *zone)
{
	if (!zone)
		return;
	free(zone->by_name);
	free(zone->by_addr);
	free(zone->members);
	free(zone->text);
	free(zone);
}

/* Of N sorted ENTRIES those that COMPARE calls equal to WANTED. */
static size_t find_range(const struct dns_zone_entry *entries, size_t n,
			 const struct dns_zone_entry *wanted,
			 int (*compare)(const void *, const void *),
			 const struct dns_zone_entry **ret_first)
{
	size_t low = 0, high = n, end;

	/* Not bsearch(3): of several equal ones the first is wanted. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare(&entries[mid], wanted) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < n; end++) {
		if (compare(&entries[end], wanted) != 0)
			break;
	}
	*ret_first = entries + low;
	return end - low;
}

size_t dns_zone_find(const struct dns_zone *zone, const struct dns_name *name,
		     const struct dns_zone_entry **ret_first)
{
	struct dns_zone_entry wanted = {.name = name->wire, .name_len = name->len};

	return find_range(zone->by_name, zone->n_names, &wanted, compare_names, ret_first);
}

size_t dns_zone_find_addr(const struct dns_zone *zone, const struct in6_addr *addr,
			  const struct dns_zone_entry **ret_first)
{
	struct dns_zone_entry wanted = {.addr = *addr};

	return find_range(zone->by_addr, zone->n_addrs, &wanted, compare_addrs, ret_first);
}

bool dns_zone_shows(const struct dns_zone *zone, const struct dns_zone_entry *entry,
		    struct in_addr client)
{
	const struct dns_member member = {.client = client, .group = entry->group};

	if (entry->client.s_addr != INADDR_ANY && entry->client.s_addr != client.s_addr)
		return false;
	return entry->group == 0 ||
	       (zone->n_members > 0 &&
		bsearch(&member, zone->members, zone->n_members, sizeof(member), order_of_members));
}
