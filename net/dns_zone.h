// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_DNS_ZONE_H
#define STACK_NET_DNS_ZONE_H

#include "core/base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dns_members;
struct dns_name;
struct dns_record;

/*
 * Zone: the names and addresses of one network, made once and then only read
 *
 * Two sorted arrays, as a network has a few hundred names and is asked far
 * more often than it changes.
 */
struct dns_zone;

struct dns_zone_entry {
	const uint8_t *name; /* as in struct dns_name; owned by the zone */
	uint8_t name_len;
	uint32_t order;	      /* index in the records that the zone was made of */
	struct in6_addr addr; /* this and the next two as in struct dns_record */
	struct in_addr client;
	uint32_t group;
};

/* As dns_server_set_records(), which see.  Free with dns_zone_free(). */
int dns_zone_new(const struct dns_record *records, size_t n, const struct dns_members *members,
		 struct dns_zone **ret_zone, struct err *err);
void dns_zone_free(struct dns_zone *zone); /* NULL is fine */

/*
 * The entries of NAME, those that only other clients may know included.  Returns
 * their number, 0 for an unknown name.
 */
size_t dns_zone_find(const struct dns_zone *zone, const struct dns_name *name,
		     const struct dns_zone_entry **ret_first);

/* The same for ADDR; its names stand in the order of the records. */
size_t dns_zone_find_addr(const struct dns_zone *zone, const struct in6_addr *addr,
			  const struct dns_zone_entry **ret_first);

/* May CLIENT know ENTRY of ZONE? */
bool dns_zone_shows(const struct dns_zone *zone, const struct dns_zone_entry *entry,
		    struct in_addr client);

#endif
