// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/diagnostics.h"
#include "core/model/node.h"
#include "core/model/units.h"
#include "core/model/writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* With what we put around it, it is still a file name. */
#define LONG_NAME_MAX 128

static void decode_string(struct decoder *decoder, const struct attribute *attribute,
			  const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "text");

	if (!text)
		return;
	if (*text == '\0')
		decode_error(decoder, node->pos, "the value is empty");
	else
		*SCHEMA_FIELD(const char *, object, attribute) = text;
}

static bool present_string(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(char *, object, attribute) != NULL;
}

static void emit_string(struct writer *writer, const struct attribute *attribute,
			const void *object)
{
	writer_string(writer, SCHEMA_VALUE(char *, object, attribute));
}

const struct kind kind_string = {decode_string, present_string, emit_string, "text"};

/* It becomes the name of a directory. */
static void decode_name(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a name");

	if (text && !text_is_name(text, LONG_NAME_MAX))
		decode_error(decoder, node->pos,
			     "'%s' is no name: letters, digits, '_', '.' and '-', the first one a "
			     "letter or a digit, %d at most",
			     text, LONG_NAME_MAX);
	else if (text)
		*SCHEMA_FIELD(const char *, object, attribute) = text;
}

const struct kind kind_name = {decode_name, present_string, emit_string,
			       "a name of letters, digits, _, . and -"};

static void decode_path_text(struct decoder *decoder, const struct attribute *attribute,
			     const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a path");

	if (text && *text == '\0')
		decode_error(decoder, node->pos, "the value is empty");
	else if (text)
		*SCHEMA_FIELD(const char *, object, attribute) =
			decode_path(decoder, node->pos, text);
}

const struct kind kind_path = {decode_path_text, present_string, emit_string, "a path"};

static void decode_content(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	*SCHEMA_FIELD(const char *, object, attribute) = decode_text(decoder, node, "text");
}

const struct kind kind_content = {decode_content, present_string, emit_string, "text"};

static void decode_bool(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "true or false");
	bool value;

	if (!text)
		return;
	if (units_bool(text, &value) < 0)
		decode_error(decoder, node->pos, "expected true or false, found '%s'", text);
	else
		*SCHEMA_FIELD(bool, object, attribute) = value;
}

static bool present_bool(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(bool, object, attribute) != (attribute->absent != 0);
}

static void emit_bool(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_bool(writer, SCHEMA_VALUE(bool, object, attribute));
}

const struct kind kind_bool = {decode_bool, present_bool, emit_bool, "true or false"};

/* What a kind of number is called, and how it is read. */
struct number {
	const char *expected;
	int (*parse)(const char *text, int64_t *ret);
};

static const struct number number_integer = {"a whole number", units_integer};
static const struct number number_bytes = {"an amount of memory such as 64m or 1.5g", units_bytes};
static const struct number number_duration = {"a duration such as 30s or 1m30s", units_duration};
static const struct number number_cpus = {"a number of CPUs such as 0.5", units_cpus};

/* -EINVAL: the user has been told. */
static int decode_number(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, const struct number *number, int64_t *ret)
{
	const char *text = decode_text(decoder, node, number->expected);
	bool bounded = attribute->min || attribute->max;
	int64_t value;
	int r;

	if (!text)
		return -EINVAL;
	r = number->parse(text, &value);
	if (r < 0 && attribute->min == -1 && strcmp(text, "-1") == 0) {
		value = -1;
		r = 0;
	}
	if (r < 0) {
		decode_error(decoder, node->pos,
			     r == -ERANGE ? "%s is too large for %s" : "'%s' is not %s", text,
			     number->expected);
		return r;
	}
	if (bounded && (value < attribute->min || value > attribute->max)) {
		decode_error(decoder, node->pos,
			     "%s is out of range: it takes %" PRId64 " to %" PRId64, text,
			     attribute->min, attribute->max);
		return -EINVAL;
	}
	*ret = value;
	return 0;
}

/* Another key below NODE, by SCHEMA, that sets the field of ATTRIBUTE; NULL: none. */
static const struct node *other_key(const struct schema *schema, const struct node *node,
				    const struct attribute *attribute)
{
	for (size_t i = 0; node->kind == NODE_MAPPING && i < node->n; i++) {
		const struct node *value = node->entries[i].value, *found = NULL;
		const struct attribute *other = schema_find(schema, node->entries[i].key);

		if (!other || other == attribute)
			continue;
		if (kind_is_group(other->kind) && other->offset == 0)
			found = other_key(other->schema, value, attribute);
		else if (other->kind == attribute->kind && other->offset == attribute->offset)
			found = value;
		if (found)
			return found;
	}
	return NULL;
}

/* Two keys may set one field, such as mem_limit and deploy.resources.limits.memory. */
static void complain_conflict(struct decoder *decoder, const struct attribute *attribute,
			      const struct node *node)
{
	const struct node *other = other_key(&schema_service, decoder->service, attribute);
	char place[POSITION_TEXT_MAX];

	decode_error(decoder, node->pos, "%s says something else; remove one of them",
		     other ? position_text(other->pos, place) : "another key of this service");
}

static void decode_int64(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object, const struct number *number)
{
	int64_t *field = SCHEMA_FIELD(int64_t, object, attribute), value;

	if (decode_number(decoder, attribute, node, number, &value) < 0)
		return;
	if (*field != attribute->absent && *field != value)
		complain_conflict(decoder, attribute, node);
	*field = value;
}

static bool present_int64(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(int64_t, object, attribute) != attribute->absent;
}

static void emit_int64(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_integer(writer, SCHEMA_VALUE(int64_t, object, attribute));
}

static void decode_integer(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	decode_int64(decoder, attribute, node, object, &number_integer);
}

const struct kind kind_integer = {decode_integer, present_int64, emit_int64, "a whole number"};

static void decode_bytes(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	decode_int64(decoder, attribute, node, object, &number_bytes);
}

const struct kind kind_bytes = {decode_bytes, present_int64, emit_int64,
				"bytes, or an amount such as 64m or 1.5g"};

static void decode_duration(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	decode_int64(decoder, attribute, node, object, &number_duration);
}

static void emit_duration(struct writer *writer, const struct attribute *attribute,
			  const void *object)
{
	char buf[UNITS_TEXT_MAX];

	writer_string(writer, units_duration_text(SCHEMA_VALUE(int64_t, object, attribute), buf));
}

const struct kind kind_duration = {decode_duration, present_int64, emit_duration,
				   "a duration such as 30s or 1m30s"};

static void decode_cpus(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	decode_int64(decoder, attribute, node, object, &number_cpus);
}

static void emit_cpus(struct writer *writer, const struct attribute *attribute, const void *object)
{
	char buf[UNITS_TEXT_MAX];

	writer_number(writer, units_cpus_text(SCHEMA_VALUE(int64_t, object, attribute), buf));
}

const struct kind kind_cpus = {decode_cpus, present_int64, emit_cpus,
			       "a number of CPUs such as 0.5"};

static void decode_int(struct decoder *decoder, const struct attribute *attribute,
		       const struct node *node, void *object)
{
	int64_t value;

	if (decode_number(decoder, attribute, node, &number_integer, &value) == 0)
		*SCHEMA_FIELD(int, object, attribute) = (int)value;
}

static bool present_int(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(int, object, attribute) != 0;
}

static void emit_int(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_integer(writer, SCHEMA_VALUE(int, object, attribute));
}

const struct kind kind_number = {decode_int, present_int, emit_int, "a whole number"};

static void decode_size(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	int64_t value;

	if (decode_number(decoder, attribute, node, &number_bytes, &value) == 0)
		*SCHEMA_FIELD(uint64_t, object, attribute) = (uint64_t)value;
}

static bool present_size(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(uint64_t, object, attribute) != 0;
}

static void emit_size(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_integer(writer, (int64_t)SCHEMA_VALUE(uint64_t, object, attribute));
}

const struct kind kind_size = {decode_size, present_size, emit_size,
			       "bytes, or an amount such as 64m or 1.5g"};

static void decode_mode(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a mode such as 0755");

	if (text && units_mode(text, SCHEMA_FIELD(uint32_t, object, attribute)) < 0)
		decode_error(decoder, node->pos, "'%s' is not a mode such as 0755", text);
}

static bool present_mode(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(uint32_t, object, attribute) != (uint32_t)attribute->absent;
}

static void emit_mode(struct writer *writer, const struct attribute *attribute, const void *object)
{
	char text[16];

	snprintf(text, sizeof(text), "%04o", SCHEMA_VALUE(uint32_t, object, attribute));
	writer_string(writer, text);
}

const struct kind kind_mode = {decode_mode, present_mode, emit_mode, "an octal mode such as 0755"};
