// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Image references, by the grammar of github.com/distribution/reference
 * (reference.go): [domain/]path[:tag][@digest], with what docker adds when
 * domain, "library/" or tag are left out.
 */
#include "store/digest.h"
#include "store/image.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN   255
#define TAG_MAX_LEN    128
#define DEFAULT_DOMAIN "docker.io"
#define DEFAULT_PATH   "library/"

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* LEN bytes of one path component: runs of [a-z0-9] joined by '.', '_', "__" or dashes. */
static bool component_ok(const char *p, size_t len)
{
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (i < len && is_lower_alnum(p[i]))
			i++;
		if (i == start)
			return false;
		if (i == len)
			return true;
		if (p[i] == '.')
			i++;
		else if (p[i] == '_')
			i += i + 1 < len && p[i + 1] == '_' ? 2 : 1;
		else if (p[i] == '-')
			while (i < len && p[i] == '-')
				i++;
		else
			return false;
	}
}

static bool path_ok(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!component_ok(path, len))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

/* host[:port]; an IPv6 address stands in brackets. */
static bool domain_ok(const char *domain)
{
	size_t len;

	if (domain[0] == '[') {
		len = 1 + strspn(domain + 1, "0123456789abcdefABCDEF:");
		if (len == 1 || domain[len++] != ']')
			return false;
	} else {
		len = strcspn(domain, ":");
		for (size_t i = 0; i < len; i++) {
			bool edge = i == 0 || i + 1 == len || domain[i - 1] == '.' ||
				    domain[i + 1] == '.';

			if (!isalnum((unsigned char)domain[i]) &&
			    (edge || (domain[i] != '.' && domain[i] != '-')))
				return false;
		}
	}
	if (len == 0)
		return false;
	if (domain[len] == '\0')
		return true;
	return domain[len] == ':' && domain[len + 1] &&
	       domain[len + 1 + strspn(domain + len + 1, "0123456789")] == '\0';
}

static bool tag_ok(const char *tag)
{
	size_t len = strlen(tag);

	if (len == 0 || len > TAG_MAX_LEN || tag[0] == '.' || tag[0] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)tag[i]) && !strchr("_.-", tag[i]))
			return false;
	return true;
}

/* The first component is a domain if it cannot be anything else, or is "localhost". */
static bool starts_with_domain(const char *name, size_t first)
{
	if (name[first] != '/')
		return false;
	for (size_t i = 0; i < first; i++)
		if (name[i] == '.' || name[i] == ':' || name[i] == '[' ||
		    isupper((unsigned char)name[i]))
			return true;
	return first == strlen("localhost") && strncmp(name, "localhost", first) == 0;
}

static int invalid(const char *text, struct err *err)
{
	for (const char *p = text; *p; p++)
		if (isupper((unsigned char)*p))
			return err_set(err, EINVAL,
				       "'%s' is not an image reference: names are lower case",
				       text);
	return err_set(err, EINVAL,
		       "'%s' is not an image reference; it looks like [registry/]name[:tag]", text);
}

/* The name without tag and digest, split in domain and path. */
static bool split_domain(char *name, const char **ret_domain, const char **ret_prefix,
			 const char **ret_path)
{
	size_t first = strcspn(name, "/");

	*ret_domain = DEFAULT_DOMAIN;
	*ret_path = name;
	if (starts_with_domain(name, first)) {
		name[first] = '\0';
		*ret_path = name + first + 1;
		if (strcmp(name, "index.docker.io") != 0)
			*ret_domain = name;
	}
	*ret_prefix = strcmp(*ret_domain, DEFAULT_DOMAIN) == 0 && !strchr(*ret_path, '/')
			      ? DEFAULT_PATH
			      : "";
	return domain_ok(*ret_domain) && path_ok(*ret_path) && !digest_is_hex(*ret_path);
}

size_t image_reference_name_len(const char *reference)
{
	size_t end = strcspn(reference, "@"), len = end;

	/* The colon before a port is no tag's: there is a slash behind it. */
	while (len > 0 && reference[len - 1] != ':' && reference[len - 1] != '/')
		len--;
	return len > 0 && reference[len - 1] == ':' ? len - 1 : end;
}

int image_reference_normalize(const char *text, char *ret, size_t size, struct err *err)
{
	char name[NAME_MAX_LEN + TAG_MAX_LEN + DIGEST_LEN + 3];
	const char *domain, *prefix, *path, *tag = NULL, *digest = NULL;
	size_t len;
	char *at;
	int n;

	if (strlen(text) >= sizeof(name))
		return err_set(err, EINVAL, "'%.64s…' is too long for an image reference", text);
	strncpy(name, text, sizeof(name));
	len = image_reference_name_len(name);
	at = strchr(name, '@');
	if (at) {
		*at = '\0';
		digest = at + 1;
		if (!digest_hex(digest))
			return invalid(text, err);
	}
	if (name[len] == ':') {
		name[len] = '\0';
		tag = name + len + 1;
		if (!tag_ok(tag))
			return invalid(text, err);
	}
	if (!split_domain(name, &domain, &prefix, &path))
		return invalid(text, err);
	if (strlen(domain) + strlen(prefix) + strlen(path) + 1 > NAME_MAX_LEN)
		return err_set(err, EINVAL, "'%.64s…' is too long for an image reference", text);
	if (!tag && !digest)
		tag = "latest";
	n = snprintf(ret, size, "%s/%s%s%s%s%s%s", domain, prefix, path, tag ? ":" : "",
		     tag ? tag : "", digest ? "@" : "", digest ? digest : "");
	if (n < 0 || (size_t)n >= size)
		return err_set(err, EINVAL, "'%.64s…' is too long for an image reference", text);
	return 0;
}

const char *image_reference_familiar(const char *reference)
{
	static const char domain[] = DEFAULT_DOMAIN "/";
	const char *path = reference;

	if (strncmp(path, domain, sizeof(domain) - 1) != 0)
		return reference;
	path += sizeof(domain) - 1;
	if (strncmp(path, DEFAULT_PATH, strlen(DEFAULT_PATH)) != 0)
		return path;
	return path + strlen(DEFAULT_PATH);
}
