// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_CIDR_H
#define STACK_NET_CIDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * CIDR: IPv4 addresses with a prefix length
 *
 * `addr` is in network byte order, as everywhere in net/.  It may carry host
 * bits: 10.1.2.1/24 is an address together with its subnet 10.1.2.0/24.
 */
struct cidr {
	struct in_addr addr;
	uint8_t len; /* 0 … 32 */
};

#define CIDR_TEXT_SIZE sizeof("255.255.255.255/255") /* room for any uint8_t */

/* "a.b.c.d/len".  -EINVAL: anything else, also without a length. */
int cidr_parse(const char *text, struct cidr *ret_cidr, struct err *err);

/* "a.b.c.d".  -EINVAL: anything else. */
int addr_parse(const char *text, struct in_addr *ret_addr, struct err *err);

void cidr_format(const struct cidr *cidr, char ret_text[CIDR_TEXT_SIZE]);
void addr_format(struct in_addr addr, char ret_text[INET_ADDRSTRLEN]);

/* 255.255.255.0 for a /24. */
struct in_addr cidr_mask(const struct cidr *cidr);

/* The subnet alone: without host bits. */
struct cidr cidr_subnet(const struct cidr *cidr);

/* Address number N of the subnet; 0 is the subnet's own address.  N is not checked. */
struct in_addr cidr_nth(const struct cidr *cidr, uint32_t n);

/* How many addresses there are, the first and the last included. */
uint64_t cidr_size(const struct cidr *cidr);

bool cidr_contains(const struct cidr *cidr, struct in_addr addr);
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

/* Prefixes that a list owns.  Running out of memory ends the program, as in arena.h. */
struct cidr_list {
	struct cidr *items;
	size_t n, size;
};

#define CIDR_LIST_INIT                                                                             \
	{                                                                                          \
		.items = NULL                                                                      \
	}

void cidr_list_add(struct cidr_list *list, struct cidr cidr);
void cidr_list_release(struct cidr_list *list);

#endif
