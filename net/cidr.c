// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/cidr.h"

#include "core/base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int addr_parse(const char *text, struct in_addr *ret_addr, struct err *err)
{
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1)
		return err_set(err, EINVAL, "'%s' is not an IPv4 address (a.b.c.d)", text);
	*ret_addr = addr;
	return 0;
}

static int parse_address(const char *text, struct cidr *ret)
{
	struct cidr cidr = {.family = AF_INET};

	if (inet_pton(AF_INET, text, &cidr.addr) != 1) {
		cidr.family = AF_INET6;
		if (inet_pton(AF_INET6, text, &cidr.addr6) != 1)
			return -EINVAL;
	}
	cidr.len = cidr_full(&cidr);
	*ret = cidr;
	return 0;
}

int cidr_parse_address(const char *text, struct cidr *ret_cidr, struct err *err)
{
	return parse_address(text, ret_cidr) == 0
		       ? 0
		       : err_set(err, EINVAL, "'%s' is no IP address", text);
}

int cidr_parse(const char *text, struct cidr *ret_cidr, struct err *err)
{
	char addr_text[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	struct cidr cidr;
	unsigned int len = 0;
	const char *p;

	if (!slash || (size_t)(slash - text) >= sizeof(addr_text))
		goto invalid;
	memcpy(addr_text, text, (size_t)(slash - text));
	addr_text[slash - text] = '\0';
	if (parse_address(addr_text, &cidr) < 0)
		goto invalid;
	for (p = slash + 1; *p >= '0' && *p <= '9' && p - slash <= 3; p++)
		len = len * 10 + (unsigned int)(*p - '0');
	if (p == slash + 1 || *p != '\0' || len > cidr_full(&cidr) || (slash[1] == '0' && len > 0))
		goto invalid;
	cidr.len = (uint8_t)len;
	*ret_cidr = cidr;
	return 0;
invalid:
	return err_set(err, EINVAL, "'%s' is no subnet (a.b.c.d/length or x:y::/length)", text);
}

struct cidr cidr_of(struct in_addr addr)
{
	return (struct cidr){.addr = addr, .family = AF_INET, .len = 32};
}

struct cidr cidr_of6(const struct in6_addr *addr)
{
	return (struct cidr){.addr6 = *addr, .family = AF_INET6, .len = 128};
}

struct cidr cidr_address(const struct cidr *cidr)
{
	struct cidr address = *cidr;

	address.len = cidr_full(cidr);
	return address;
}

void addr_format(struct in_addr addr, char ret_text[INET_ADDRSTRLEN])
{
	inet_ntop(AF_INET, &addr, ret_text, INET_ADDRSTRLEN);
}

void cidr_format_address(const struct cidr *cidr, char ret_text[INET6_ADDRSTRLEN])
{
	inet_ntop(cidr_family(cidr), &cidr->addr, ret_text, INET6_ADDRSTRLEN);
}

void cidr_format(const struct cidr *cidr, char ret_text[CIDR_TEXT_SIZE])
{
	char addr[INET6_ADDRSTRLEN];

	cidr_format_address(cidr, addr);
	snprintf(ret_text, CIDR_TEXT_SIZE, "%s/%d", addr, cidr->len);
}

/* The address's bytes, the first one first, whichever family. */
static uint8_t *bytes(struct cidr *cidr)
{
	return cidr->addr6.s6_addr;
}

/* Of byte number I, the bits that a prefix of LEN has. */
static uint8_t byte_mask(uint8_t len, size_t i)
{
	size_t before = i * 8;

	if (len >= before + 8)
		return 0xff;
	return len <= before ? 0 : (uint8_t)(0xff << (before + 8 - len));
}

struct cidr cidr_mask(const struct cidr *cidr)
{
	struct cidr mask = {.family = cidr->family};

	mask.len = cidr_full(&mask);
	for (size_t i = 0; i < cidr_bytes(cidr); i++)
		bytes(&mask)[i] = byte_mask(cidr->len, i);
	return mask;
}

struct cidr cidr_subnet(const struct cidr *cidr)
{
	struct cidr subnet = *cidr;

	for (size_t i = 0; i < cidr_bytes(cidr); i++)
		bytes(&subnet)[i] &= byte_mask(cidr->len, i);
	return subnet;
}

struct cidr cidr_nth(const struct cidr *cidr, uint64_t n)
{
	struct cidr nth = cidr_subnet(cidr);
	unsigned int carry = 0;

	for (size_t i = cidr_bytes(cidr); i-- > 0; n >>= 8) {
		carry += bytes(&nth)[i] + (unsigned int)(n & 0xff);
		bytes(&nth)[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return nth;
}

uint64_t cidr_size(const struct cidr *cidr)
{
	unsigned int bits = cidr_full(cidr) - cidr->len;

	return bits < 64 ? (uint64_t)1 << bits : UINT64_MAX;
}

bool cidr_contains(const struct cidr *cidr, const struct cidr *addr)
{
	struct cidr other = *addr, own = cidr_subnet(cidr);

	if (cidr_family(cidr) != cidr_family(addr))
		return false;
	other.len = cidr->len;
	other = cidr_subnet(&other);
	return cidr_same_address(&other, &own);
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	return a->len <= b->len ? cidr_contains(a, b) : cidr_contains(b, a);
}

bool cidr_same_address(const struct cidr *a, const struct cidr *b)
{
	return cidr_family(a) == cidr_family(b) && memcmp(&a->addr, &b->addr, cidr_bytes(a)) == 0;
}

void cidr_list_add(struct cidr_list *list, struct cidr cidr)
{
	if (list->n == list->size) {
		list->size = list->size ? list->size * 2 : 16;
		list->items = reallocarray(list->items, list->size, sizeof(*list->items));
		if (!list->items)
			abort();
	}
	list->items[list->n++] = cidr;
}

void cidr_list_release(struct cidr_list *list)
{
	free(list->items);
	*list = (struct cidr_list)CIDR_LIST_INIT;
}
