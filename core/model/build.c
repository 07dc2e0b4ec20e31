// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/build.h"

#include <string.h>

/* The value of KEY, such as "ref=", in TEXT, which is KEY=VALUE,KEY=VALUE… */
static const char *value_of(const char *text, const char *key, size_t *ret_len)
{
	size_t len = strlen(key);

	while (strncmp(text, key, len) != 0) {
		text += strcspn(text, ",");
		if (*text++ == '\0')
			return NULL;
	}
	*ret_len = strcspn(text + len, ",");
	return text + len;
}

const char *build_cache_reference(const char *text, size_t *ret_len)
{
	static const char registry[] = "registry";
	const char *type, *reference;
	size_t len;

	if (!strchr(text, '=')) {
		*ret_len = strlen(text);
		return *ret_len > 0 ? text : NULL;
	}
	type = value_of(text, "type=", &len);
	if (!type || len != strlen(registry) || strncmp(type, registry, len) != 0)
		return NULL;
	reference = value_of(text, "ref=", ret_len);
	return reference && *ret_len > 0 ? reference : NULL;
}
