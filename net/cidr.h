// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_NET_CIDR_H
#define STACK_NET_CIDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * CIDR: addresses with a prefix length, of both families
 *
 * The address is in network byte order, as everywhere in net/.  It may carry
 * host bits: 10.1.2.1/24 is an address together with its subnet 10.1.2.0/24.
 * Where one address of either family is meant, it is a prefix of full length,
 * and length 0 is no address, or every one of the family.
 */
struct cidr {
	union {
		struct in_addr addr;   /* unless family is AF_INET6 */
		struct in6_addr addr6; /* then this */
	};
	uint8_t family; /* AF_INET6; all else is IPv4 */
	uint8_t len;	/* 0 … 32, or … 128 */
};

#define CIDR_TEXT_SIZE (INET6_ADDRSTRLEN + sizeof("/255"))

/* "a.b.c.d/len" or "x:y::z/len".  -EINVAL: anything else, also without a length. */
int cidr_parse(const char *text, struct cidr *ret_cidr, struct err *err);

/* "a.b.c.d".  -EINVAL: anything else. */
int addr_parse(const char *text, struct in_addr *ret_addr, struct err *err);

/* An address of either family, as a prefix of full length.  -EINVAL: it is none. */
int cidr_parse_address(const char *text, struct cidr *ret_cidr, struct err *err);

/* IPv4 or IPv6? */
static inline bool cidr_is_v6(const struct cidr *cidr)
{
	return cidr->family == AF_INET6;
}

/* As `family` of what the kernel is told. */
static inline uint8_t cidr_family(const struct cidr *cidr)
{
	return cidr_is_v6(cidr) ? AF_INET6 : AF_INET;
}

/* The bytes of the address, and how many. */
static inline size_t cidr_bytes(const struct cidr *cidr)
{
	return cidr_is_v6(cidr) ? sizeof(cidr->addr6) : sizeof(cidr->addr);
}

/* The length of a prefix that is one address. */
static inline uint8_t cidr_full(const struct cidr *cidr)
{
	return (uint8_t)(cidr_bytes(cidr) * 8);
}

struct cidr cidr_of(struct in_addr addr);
struct cidr cidr_of6(const struct in6_addr *addr);

/* The address of CIDR alone, as a prefix of full length. */
struct cidr cidr_address(const struct cidr *cidr);

/* With its length, and without it. */
void cidr_format(const struct cidr *cidr, char ret_text[CIDR_TEXT_SIZE]);
void cidr_format_address(const struct cidr *cidr, char ret_text[INET6_ADDRSTRLEN]);
void addr_format(struct in_addr addr, char ret_text[INET_ADDRSTRLEN]);

/* 255.255.255.0 for a /24, as an address of the same family. */
struct cidr cidr_mask(const struct cidr *cidr);

/* The subnet alone: without host bits. */
struct cidr cidr_subnet(const struct cidr *cidr);

/*
 * Address number N of the subnet, with the subnet's length; 0 is the subnet's
 * own address.  N is not checked.
 */
struct cidr cidr_nth(const struct cidr *cidr, uint64_t n);

/* How many addresses there are, the first and the last included; UINT64_MAX: more than that. */
uint64_t cidr_size(const struct cidr *cidr);

/* Is the address of ADDR, of the same family, within CIDR? */
bool cidr_contains(const struct cidr *cidr, const struct cidr *addr);
bool cidr_overlaps(const struct cidr *a, const struct cidr *b);

/* The same address, whatever the lengths are. */
bool cidr_same_address(const struct cidr *a, const struct cidr *b);

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
