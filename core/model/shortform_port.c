// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/shortform.h"

#include "core/base/arena.h"
#include "core/model/units.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static int parse_port(const char *text, size_t len, int64_t *ret)
{
	char digits[8];

	if (len == 0 || len >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (digits[0] < '0' || digits[0] > '9' || units_integer(digits, ret) < 0)
		return -EINVAL;
	return *ret >= 1 && *ret <= 65535 ? 0 : -EINVAL;
}

int shortform_port_range(const char *text, uint16_t *ret_first, uint16_t *ret_count,
			 struct err *err)
{
	const char *dash = strchr(text, '-');
	size_t len = dash ? (size_t)(dash - text) : strlen(text);
	int64_t first, last;

	if (parse_port(text, len, &first) < 0 ||
	    (dash && parse_port(dash + 1, strlen(dash + 1), &last) < 0))
		return err_set(err, EINVAL,
			       "'%s' is no port: it takes a number from 1 to 65535, or a range "
			       "such as 3000-3005",
			       text);
	if (!dash)
		last = first;
	if (last < first)
		return err_set(err, EINVAL, "the port range '%s' ends before it begins", text);
	if (last - first + 1 > 65535)
		return err_set(err, EINVAL, "the port range '%s' is too long", text);
	*ret_first = (uint16_t)first;
	*ret_count = (uint16_t)(last - first + 1);
	return 0;
}

static int check_address(const char *text, struct err *err)
{
	struct in6_addr address;

	if (inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1)
		return 0;
	return err_set(err, EINVAL,
		       "'%s' is no address of the host; it takes one such as 127.0.0.1 or [::1]",
		       text);
}

int shortform_port_check(struct port *port, uint16_t published_count, struct err *err)
{
	const char *protocol = port->protocol;

	if (strcmp(protocol, "tcp") && strcmp(protocol, "udp") && strcmp(protocol, "sctp"))
		return err_set(err, EINVAL, "'%s' is no protocol: it takes tcp, udp or sctp",
			       protocol);
	if (port->host_ip && check_address(port->host_ip, err) < 0)
		return -EINVAL;
	if (published_count == 0 || published_count == port->count)
		return 0;
	if (port->count == 1) {
		port->choices = published_count;
		return 0;
	}
	return err_set(err, EINVAL, "%u host ports do not match %u container ports",
		       published_count, port->count);
}

/* The last colon that is not within the brackets of an IPv6 address. */
static char *last_colon(char *text)
{
	char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');

	return colon && (!bracket || colon > bracket) ? colon : NULL;
}

/* Cut TEXT at its last colon and return what is behind it; all of it when there is none. */
static char *cut(char **text)
{
	char *whole = *text, *colon = last_colon(whole);

	if (!colon) {
		*text = NULL;
		return whole;
	}
	*colon = '\0';
	return colon + 1;
}

static const char *without_brackets(char *address)
{
	size_t len = strlen(address);

	if (len < 2 || address[0] != '[' || address[len - 1] != ']')
		return address;
	address[len - 1] = '\0';
	return address + 1;
}

int shortform_port(struct arena *arena, const char *text, struct port *ret_port, struct err *err)
{
	struct port port = {.protocol = "tcp", .count = 1};
	char *left = arena_strdup(arena, text), *slash = strchr(left, '/'), *target, *published;
	uint16_t published_count = 0;

	if (slash) {
		*slash = '\0';
		port.protocol = slash + 1;
	}
	target = cut(&left);
	published = left ? cut(&left) : NULL;
	if (left)
		port.host_ip = without_brackets(left);
	if (shortform_port_range(target, &port.target, &port.count, err) < 0)
		return -EINVAL;
	if (published && *published &&
	    shortform_port_range(published, &port.published, &published_count, err) < 0)
		return -EINVAL;
	if (shortform_port_check(&port, published_count, err) < 0)
		return -EINVAL;
	*ret_port = port;
	return 0;
}
