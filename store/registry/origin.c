// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/origin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Length of the host at the start of TEXT, without port. */
static size_t host_length(const char *text)
{
	if (text[0] != '[')
		return strcspn(text, ":/?#");
	return strcspn(text, "]/?#") + (strcspn(text, "]/?#") < strlen(text));
}

static int parse_port(const char *text, unsigned int *ret_port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned int port = 0;

	if (digits == 0 || digits > 5 || (text[digits] && !strchr("/?#", text[digits])))
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		port = port * 10 + (unsigned int)(text[i] - '0');
	if (port == 0 || port > 65535)
		return -EINVAL;
	*ret_port = port;
	return 0;
}

int origin_parse(const char *url, struct origin *ret_origin)
{
	static const char https[] = "https://", http[] = "http://";
	struct origin origin = {.https = false};
	const char *authority, *rest;
	size_t len;

	origin.https = strncasecmp(url, https, sizeof(https) - 1) == 0;
	if (!origin.https && strncasecmp(url, http, sizeof(http) - 1) != 0)
		return -EINVAL;
	authority = url + (origin.https ? sizeof(https) : sizeof(http)) - 1;
	/* A backslash is a slash to some and not to others. */
	if (memchr(authority, '@', strcspn(authority, "/?#")) || strpbrk(url, "\\ \t\r\n"))
		return -EINVAL;
	len = host_length(authority);
	if (len == 0 || len >= sizeof(origin.host) ||
	    (authority[0] == '[' && authority[len - 1] != ']'))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		origin.host[i] = (char)tolower((unsigned char)authority[i]);
	origin.port = origin.https ? 443 : 80;
	rest = authority + len;
	if (*rest == ':' && parse_port(rest + 1, &origin.port) < 0)
		return -EINVAL;
	if (*rest && !strchr(":/?#", *rest))
		return -EINVAL;
	*ret_origin = origin;
	return 0;
}

bool origin_equal(const struct origin *a, const struct origin *b)
{
	return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

bool origin_is_loopback(const char *host)
{
	char name[ORIGIN_HOST_MAX];
	struct in_addr address;

	snprintf(name, sizeof(name), "%.*s", (int)host_length(host), host);
	if (strcasecmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}
