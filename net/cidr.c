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

int cidr_parse(const char *text, struct cidr *ret_cidr, struct err *err)
{
	char addr_text[INET_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	struct cidr cidr = {.len = 0};
	unsigned int len = 0;
	const char *p;

	if (!slash || (size_t)(slash - text) >= sizeof(addr_text))
		goto invalid;
	memcpy(addr_text, text, (size_t)(slash - text));
	addr_text[slash - text] = '\0';
	if (inet_pton(AF_INET, addr_text, &cidr.addr) != 1)
		goto invalid;
	for (p = slash + 1; *p >= '0' && *p <= '9' && p - slash <= 2; p++)
		len = len * 10 + (unsigned int)(*p - '0');
	if (p == slash + 1 || *p != '\0' || len > 32)
		goto invalid;
	cidr.len = (uint8_t)len;
	*ret_cidr = cidr;
	return 0;
invalid:
	return err_set(err, EINVAL, "'%s' is not an IPv4 subnet (a.b.c.d/length)", text);
}

void addr_format(struct in_addr addr, char ret_text[INET_ADDRSTRLEN])
{
	inet_ntop(AF_INET, &addr, ret_text, INET_ADDRSTRLEN);
}

void cidr_format(const struct cidr *cidr, char ret_text[CIDR_TEXT_SIZE])
{
	char addr[INET_ADDRSTRLEN];

	addr_format(cidr->addr, addr);
	snprintf(ret_text, CIDR_TEXT_SIZE, "%s/%d", addr, cidr->len);
}

/* Host byte order; a shift by 32 would be undefined. */
static uint32_t mask_bits(uint8_t len)
{
	return len == 0 ? 0 : ~(uint32_t)0 << (32 - len);
}

struct in_addr cidr_mask(const struct cidr *cidr)
{
	return (struct in_addr){.s_addr = htonl(mask_bits(cidr->len))};
}

struct cidr cidr_subnet(const struct cidr *cidr)
{
	struct cidr subnet = *cidr;

	subnet.addr.s_addr &= htonl(mask_bits(cidr->len));
	return subnet;
}

struct in_addr cidr_nth(const struct cidr *cidr, uint32_t n)
{
	uint32_t first = ntohl(cidr->addr.s_addr) & mask_bits(cidr->len);

	return (struct in_addr){.s_addr = htonl(first + n)};
}

uint64_t cidr_size(const struct cidr *cidr)
{
	return (uint64_t)1 << (32 - cidr->len);
}

bool cidr_contains(const struct cidr *cidr, struct in_addr addr)
{
	return ((cidr->addr.s_addr ^ addr.s_addr) & htonl(mask_bits(cidr->len))) == 0;
}

bool cidr_overlaps(const struct cidr *a, const struct cidr *b)
{
	return a->len <= b->len ? cidr_contains(a, b->addr) : cidr_contains(b, a->addr);
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
