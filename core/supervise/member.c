// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/member.h"

#include "core/base/err.h"

#include <errno.h>
#include <string.h>

int member_bad(const char *key, const char *expected, struct err *err)
{
	return err_set(err, EINVAL, "'%s' must be %s", key, expected);
}

int member_get(const json_t *object, const char *key, json_type type, const json_t **ret,
	       struct err *err)
{
	static const char *const names[] = {[JSON_OBJECT] = "an object",
					    [JSON_ARRAY] = "a list",
					    [JSON_STRING] = "text",
					    [JSON_INTEGER] = "a whole number"};
	const json_t *value = json_object_get(object, key);

	*ret = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (json_typeof(value) != type)
		return member_bad(key, names[type], err);
	*ret = value;
	return 0;
}

int member_texts(const json_t *object, const char *key, const json_t **ret, struct err *err)
{
	int r = member_get(object, key, JSON_ARRAY, ret, err);

	for (size_t i = 0; r == 0 && i < json_array_size(*ret); i++)
		if (!json_is_string(json_array_get(*ret, i)))
			return member_bad(key, "a list of texts", err);
	return r;
}

bool member_has_text(const json_t *texts, const char *text)
{
	for (size_t i = 0; i < json_array_size(texts); i++)
		if (strcmp(json_string_value(json_array_get(texts, i)), text) == 0)
			return true;
	return false;
}

int member_number(const json_t *object, const char *key, uint64_t max, uint64_t absent,
		  uint64_t *ret, struct err *err)
{
	const json_t *value;
	int r = member_get(object, key, JSON_INTEGER, &value, err);

	if (r < 0)
		return r;
	if (value && (json_integer_value(value) < 0 || (uint64_t)json_integer_value(value) > max))
		return err_set(err, EINVAL, "'%s' is out of range: %lld", key,
			       (long long)json_integer_value(value));
	*ret = value ? (uint64_t)json_integer_value(value) : absent;
	return 0;
}
