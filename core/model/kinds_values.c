// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/platform.h"
#include "core/model/units.h"
#include "core/model/writer.h"

#include <string.h>

static struct strings shell_test(struct decoder *decoder, const char *command)
{
	struct strings argv = {
		.items = ARENA_ARRAY(decoder->arena, const char *, 4), .n = 3, .is_set = true};

	argv.items[0] = "/bin/sh";
	argv.items[1] = "-c";
	argv.items[2] = command;
	return argv;
}

static void list_test(struct decoder *decoder, const struct node *node,
		      struct healthcheck *healthcheck)
{
	struct strings test = decode_strings(decoder, node);
	const char *form = test.n ? test.items[0] : "";

	if (strcmp(form, "NONE") == 0) {
		healthcheck->disable = true;
	} else if (strcmp(form, "CMD-SHELL") == 0 && test.n == 2) {
		healthcheck->test = shell_test(decoder, test.items[1]);
	} else if (strcmp(form, "CMD") == 0 && test.n > 1) {
		healthcheck->test = (struct strings){test.items + 1, test.n - 1, true};
	} else {
		decode_error(decoder, node->pos,
			     "a test has one of the forms [CMD, program, argument…], "
			     "[CMD-SHELL, text] and [NONE]");
	}
}

static void decode_health_test(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	struct healthcheck *healthcheck = object;
	const char *text;

	(void)attribute;
	if (node->kind == NODE_SEQUENCE) {
		list_test(decoder, node, healthcheck);
		return;
	}
	text = decode_text(decoder, node, "a command: text, or a list");
	if (text && strcmp(text, "NONE") == 0)
		healthcheck->disable = true;
	else if (text)
		healthcheck->test = shell_test(decoder, text);
}

static bool present_health_test(const struct attribute *attribute, const void *object)
{
	(void)attribute;
	return ((const struct healthcheck *)object)->test.is_set;
}

static void emit_health_test(struct writer *writer, const struct attribute *attribute,
			     const void *object)
{
	const struct strings *test = &((const struct healthcheck *)object)->test;

	(void)attribute;
	writer_open_list(writer);
	writer_string(writer, "CMD");
	for (size_t i = 0; i < test->n; i++)
		writer_string(writer, test->items[i]);
	writer_close(writer);
}

const struct kind kind_health_test = {
	decode_health_test, present_health_test, emit_health_test,
	"text for a shell, or a list that begins with CMD, CMD-SHELL or NONE"};

static void decode_log_driver(struct decoder *decoder, const struct attribute *attribute,
			      const struct node *node, void *object)
{
	static const char *const drivers[] = {"json-file", "local", "none"};
	int which = decode_choice(decoder, node, drivers, ARRAY_SIZE(drivers));

	if (which >= 0)
		*SCHEMA_FIELD(const char *, object, attribute) = drivers[which];
}

static bool present_text(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(char *, object, attribute) != NULL;
}

static void emit_text(struct writer *writer, const struct attribute *attribute, const void *object)
{
	writer_string(writer, SCHEMA_VALUE(char *, object, attribute));
}

const struct kind kind_log_driver = {decode_log_driver, present_text, emit_text,
				     "json-file, local or none"};

static void decode_propagation(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	static const char *const names[] = {"rprivate", "private", "rshared",
					    "shared",	"rslave",  "slave"};
	int which = decode_choice(decoder, node, names, ARRAY_SIZE(names));

	if (which >= 0)
		*SCHEMA_FIELD(const char *, object, attribute) = names[which];
}

const struct kind kind_propagation = {decode_propagation, present_text, emit_text,
				      "rprivate, private, rshared, shared, rslave or slave"};

static void decode_platform(struct decoder *decoder, const struct attribute *attribute,
			    const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a platform such as linux/amd64");

	if (!text)
		return;
	*SCHEMA_FIELD(const char *, object, attribute) = text;
	if (!platform_is_native(text) && !decoder->canonical)
		decode_warning(decoder, node->pos,
			       "this host is linux/%s and runs nothing else: the image has to be "
			       "one of that platform",
			       platform_architecture());
}

const struct kind kind_platform = {decode_platform, present_text, emit_text,
				   "a platform such as linux/amd64"};

static void decode_pull_policy(struct decoder *decoder, const struct attribute *attribute,
			       const struct node *node, void *object)
{
	static const char *const policies[] = {"missing", "if_not_present", "never",
					       "build",	  "always",	    "daily",
					       "weekly",  "every_DURATION"};
	const char *text = decode_text(decoder, node, "a policy such as missing");
	int64_t interval;
	int which = 0;

	if (!text)
		return;
	if (strncmp(text, "every_", 6) != 0 || units_duration(text + 6, &interval) < 0)
		which = decode_choice(decoder, node, policies, ARRAY_SIZE(policies));
	if (which >= 0)
		*SCHEMA_FIELD(const char *, object, attribute) = text;
}

const struct kind kind_pull_policy = {
	decode_pull_policy, present_text, emit_text,
	"always, missing, never, build, daily, weekly or every_DURATION"};

static void decode_ulimit_value(struct decoder *decoder, const struct node *node, int64_t *ret)
{
	const char *text = decode_text(decoder, node, "a limit: a whole number, or -1 for none");

	if (text && strcmp(text, "unlimited") == 0)
		*ret = -1;
	else if (text && (units_integer(text, ret) < 0 || *ret < -1))
		decode_error(decoder, node->pos, "'%s' is not a limit: a whole number, or -1",
			     text);
}

static void decode_ulimit(struct decoder *decoder, const struct node *node, struct ulimit *ulimit)
{
	const struct node *soft = node, *hard = node;

	if (node->kind == NODE_MAPPING) {
		soft = node_get(node, "soft");
		hard = node_get(node, "hard");
		for (size_t i = 0; i < node->n; i++)
			if (strcmp(node->entries[i].key, "soft") &&
			    strcmp(node->entries[i].key, "hard"))
				decode_error(decoder, node->entries[i].pos,
					     "unknown key '%s'; it takes soft and hard",
					     node->entries[i].key);
	}
	if (!soft || !hard) {
		decode_error(decoder, node->pos, "expected both soft and hard");
		return;
	}
	decode_ulimit_value(decoder, soft, &ulimit->soft);
	if (hard == soft)
		ulimit->hard = ulimit->soft;
	else
		decode_ulimit_value(decoder, hard, &ulimit->hard);
	if (ulimit->hard >= 0 && (ulimit->soft < 0 || ulimit->soft > ulimit->hard))
		decode_error(decoder, node->pos, "the soft limit is above the hard one");
}

static void decode_ulimits(struct decoder *decoder, const struct attribute *attribute,
			   const struct node *node, void *object)
{
	/* Those of getrlimit(2) that Docker knows as well. */
	static const char *const names[] = {
		"core",	  "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
		"nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack",	 "as"};
	struct ulimit *ulimits;

	if (node->kind != NODE_MAPPING) {
		decode_mismatch(decoder, node, "a mapping such as {nofile: 1024}");
		return;
	}
	ulimits = ARENA_ARRAY(decoder->arena, struct ulimit, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .key = node->entries[i].key};
		struct node key = {.text = crumb.key, .pos = node->entries[i].pos};

		decoder->at = &crumb;
		ulimits[i].name = crumb.key;
		if (decode_choice(decoder, &key, names, ARRAY_SIZE(names)) >= 0)
			decode_ulimit(decoder, node->entries[i].value, &ulimits[i]);
		decoder->at = crumb.up;
	}
	*SCHEMA_FIELD(struct ulimits, object, attribute) = (struct ulimits){ulimits, node->n};
}

static bool present_ulimits(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(struct ulimits, object, attribute).n > 0;
}

static void emit_ulimits(struct writer *writer, const struct attribute *attribute,
			 const void *object)
{
	const struct ulimits *ulimits = &SCHEMA_VALUE(struct ulimits, object, attribute);

	writer_open_map(writer);
	for (size_t i = 0; i < ulimits->n; i++) {
		writer_key(writer, ulimits->items[i].name);
		writer_open_map(writer);
		writer_key(writer, "soft");
		writer_integer(writer, ulimits->items[i].soft);
		writer_key(writer, "hard");
		writer_integer(writer, ulimits->items[i].hard);
		writer_close(writer);
	}
	writer_close(writer);
}

const struct kind kind_ulimits = {
	decode_ulimits, present_ulimits, emit_ulimits,
	"a mapping of limits to numbers, or to mappings with soft and hard"};
