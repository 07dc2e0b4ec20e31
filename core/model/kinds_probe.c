// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/pattern.h"
#include "core/model/units.h"
#include "core/model/writer.h"

#include <stdio.h>
#include <string.h>

/*
 * services.<name>.x-stack.probe and .on_unhealthy
 *
 * What goes into a request is checked here, so that nobody who fills in a
 * variable can add lines to it.
 */
#define HTTP_TEXT_MAX	 1024
#define HTTP_HEADERS_MAX 16
#define HTTP_FORM	 "PORT/PATH such as 8080/health, or a mapping with port, path, status and headers"

static const int status_default_min = 200, status_default_max = 399;

static void decode_pattern(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a regular expression");
	struct err err = ERR_INIT;

	if (!text)
		return;
	if (pattern_check(text, &err) < 0)
		decode_error(decoder, node->pos, "%s", err.msg);
	else
		*SCHEMA_FIELD(const char *, object, attribute) = text;
}

static bool present_text(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(char *, object, attribute) != NULL;
}

static void emit_text(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_string(writer, SCHEMA_VALUE(char *, object, attribute));
}

const struct kind kind_pattern = {decode_pattern, present_text, emit_text,
				  "a POSIX extended regular expression"};

/* Bytes from FIRST to LAST only, and not too many. */
static bool is_plain(const char *text, unsigned char first)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < first || (unsigned char)text[i] > 0x7e)
			return false;
	return len <= HTTP_TEXT_MAX;
}

static void set_path(struct decoder *decoder, struct position pos, const char *text,
		     const char **ret)
{
	if (text[0] == '/' && is_plain(text, '!'))
		*ret = text;
	else
		decode_error(decoder, pos,
			     "this is no path for a request: it begins with '/', has no blanks and "
			     "nothing but ASCII (write %%20 and the like), and at most %d "
			     "characters",
			     HTTP_TEXT_MAX);
}

static void decode_http_path(struct decoder *decoder, const struct attribute *attribute,
			     const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a path such as /health");

	if (text)
		set_path(decoder, node->pos, text, SCHEMA_FIELD(const char *, object, attribute));
}

const struct kind kind_http_path = {decode_http_path, present_text, emit_text,
				    "a path such as /health"};

static bool read_status(struct decoder *decoder, const char *text, struct http_probe *http)
{
	size_t first_len = strcspn(text, "-");
	int64_t first, last;

	if (units_integer(arena_strndup(decoder->arena, text, first_len), &first) < 0)
		return false;
	last = first;
	if (text[first_len] && units_integer(text + first_len + 1, &last) < 0)
		return false;
	if (first < 100 || last > 599 || first > last)
		return false;
	http->status_min = (int)first;
	http->status_max = (int)last;
	return true;
}

static void decode_http_status(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, attribute->kind->form);

	if (text && !read_status(decoder, text, object))
		decode_error(decoder, node->pos,
			     "'%s' is no status: a number from 100 to 599, or two such as 200-299",
			     text);
}

static bool present_http_status(const struct attribute *attribute, const void *object)
{
	const struct http_probe *http = object;

	(void)attribute;
	return http->status_min != status_default_min || http->status_max != status_default_max;
}

static void emit_http_status(struct writer *writer, const struct attribute *attribute,
			     const void *object)
{
	const struct http_probe *http = object;
	char text[32];

	(void)attribute;
	snprintf(text, sizeof(text), "%d-%d", http->status_min, http->status_max);
	writer_string(writer, text);
}

const struct kind kind_http_status = {decode_http_status, present_http_status, emit_http_status,
				      "a status such as 204, or two such as 200-299"};

static bool is_header(const struct key_value *header)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				   "!#$%&'*+-.^_`|~"; /* RFC 9110, token */
	size_t len = strlen(header->key);

	return len > 0 && len <= 64 && strspn(header->key, name) == len && header->value &&
	       is_plain(header->value, ' ');
}

static void decode_http_headers(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	struct map headers = decode_map(decoder, node);

	for (size_t i = 0; i < headers.n; i++)
		if (!is_header(&headers.items[i])) {
			decode_error(decoder, node->pos,
				     "this is no header: a name, and a value without line breaks "
				     "and control characters, of at most %d characters",
				     HTTP_TEXT_MAX);
			return;
		}
	if (headers.n > HTTP_HEADERS_MAX)
		decode_error(decoder, node->pos, "more than %d headers", HTTP_HEADERS_MAX);
	else
		*SCHEMA_FIELD(struct map, object, attribute) = headers;
}

static bool present_http_headers(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct map, object, attribute).n > 0;
}

static void emit_http_headers(struct writer *writer, const struct attribute *attribute,
			      const void *object)
{
	kind_map.emit(writer, attribute, object);
}

const struct kind kind_http_headers = {decode_http_headers, present_http_headers, emit_http_headers,
				       "a mapping of names to values"};

/* "8080/health": the path from the first slash on. */
static void decode_short_http(struct decoder *decoder, const struct node *node,
			      struct http_probe *http)
{
	const char *text = decode_text(decoder, node, HTTP_FORM);
	size_t len = text ? strcspn(text, "/") : 0;
	int64_t port;

	if (!text)
		return;
	if (units_integer(arena_strndup(decoder->arena, text, len), &port) < 0 || port < 1 ||
	    port > UINT16_MAX) {
		decode_error(decoder, node->pos, "'%s' is not of the form %s", text, HTTP_FORM);
		return;
	}
	http->port = port;
	if (text[len])
		set_path(decoder, node->pos, text + len, &http->path);
}

static void decode_http(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	struct http_probe http = {
		.path = "/", .status_min = status_default_min, .status_max = status_default_max};

	if (node->kind == NODE_MAPPING) {
		schema_decode(decoder, attribute->schema, node, &http);
		if (!node_get(node, "port"))
			decode_error(decoder, node->pos, "the probe has no 'port'");
	} else {
		decode_short_http(decoder, node, &http);
	}
	*SCHEMA_FIELD(struct http_probe, object, attribute) = http;
}

static bool present_http(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct http_probe, object, attribute).port > 0;
}

static void emit_http(struct writer *writer, const struct attribute *attribute, const void *object)
{
	kind_group.emit(writer, attribute, object);
}

const struct kind kind_http = {decode_http, present_http, emit_http, HTTP_FORM};

static enum probe_kind kind_of(const struct health_probe *probe)
{
	if (probe->http.port)
		return PROBE_HTTP;
	if (probe->tcp)
		return PROBE_TCP;
	if (probe->log)
		return PROBE_LOG;
	return probe->notify ? PROBE_NOTIFY : PROBE_EXEC;
}

static void decode_probe(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	struct health_probe probe = {.pos = node->pos};

	schema_decode(decoder, attribute->schema, node, &probe);
	if (node->kind == NODE_MAPPING && node->n != 1)
		decode_error(decoder, node->pos,
			     "a probe is exactly one of http, tcp, log and notify");
	probe.kind = kind_of(&probe);
	*SCHEMA_FIELD(struct health_probe, object, attribute) = probe;
}

static bool present_probe(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct health_probe, object, attribute).kind != PROBE_EXEC;
}

static void emit_probe(struct writer *writer, const struct attribute *attribute, const void *object)
{
	kind_group.emit(writer, attribute, object);
}

const struct kind kind_probe = {decode_probe, present_probe, emit_probe,
				"a mapping with one of http, tcp, log and notify"};

static const char *const unhealthy_names[] = {[ON_UNHEALTHY_NONE] = "none",
					      [ON_UNHEALTHY_RESTART] = "restart",
					      [ON_UNHEALTHY_STOP] = "stop"};

static void decode_on_unhealthy(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	int which = decode_choice(decoder, node, unhealthy_names, ARRAY_SIZE(unhealthy_names));

	if (which >= 0)
		*SCHEMA_FIELD(enum unhealthy_policy, object, attribute) =
			(enum unhealthy_policy)which;
}

static bool present_on_unhealthy(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(enum unhealthy_policy, object, attribute) != ON_UNHEALTHY_NONE;
}

static void emit_on_unhealthy(struct writer *writer, const struct attribute *attribute,
			      const void *object)
{
	writer_string(writer,
		      unhealthy_names[SCHEMA_VALUE(enum unhealthy_policy, object, attribute)]);
}

const struct kind kind_on_unhealthy = {decode_on_unhealthy, present_on_unhealthy, emit_on_unhealthy,
				       "none, restart or stop"};
