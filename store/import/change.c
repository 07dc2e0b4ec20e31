// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/change.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/model/units.h"
#include "core/model/words.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define NS_PER_MS 1000000

struct instruction;
typedef int (*change_fn)(json_t *config, const struct instruction *instruction, const char *rest,
			 struct err *err);

struct instruction {
	const char *word;
	change_fn apply;
	const char *key; /* in the configuration */
};

static int bad(const struct instruction *instruction, const char *why, struct err *err)
{
	return err_set(err, EINVAL, "%s: %s", instruction->word, why);
}

static json_t *member(json_t *config, const char *key, json_t *(*make)(void))
{
	json_t *value = json_object_get(config, key);

	if (!value) {
		value = make();
		json_object_set_new(config, key, value);
	}
	return value;
}

/* ["a", "b"] as it stands, anything else for a shell. */
static int command_list(const struct instruction *instruction, const char *rest, json_t **ret_list,
			struct err *err)
{
	json_t *list;

	if (rest[0] == '\0')
		return bad(instruction, "needs a command", err);
	if (rest[0] != '[') {
		*ret_list = json_pack("[sss]", "/bin/sh", "-c", rest);
		return *ret_list ? 0 : bad(instruction, "the command is not valid UTF-8", err);
	}
	list = json_loads(rest, 0, NULL);
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!json_is_string(json_array_get(list, i))) {
			json_decref(list);
			list = NULL;
		}
	if (!json_is_array(list))
		return bad(instruction, "the list is not [\"word\", …]", err);
	*ret_list = list;
	return 0;
}

static int change_command(json_t *config, const struct instruction *instruction, const char *rest,
			  struct err *err)
{
	json_t *list;
	int r = command_list(instruction, rest, &list, err);

	if (r == 0)
		json_object_set_new(config, instruction->key, list);
	return r;
}

static int change_string(json_t *config, const struct instruction *instruction, const char *rest,
			 struct err *err)
{
	if (rest[0] == '\0')
		return bad(instruction, "needs a value", err);
	if (json_object_set_new(config, instruction->key, json_string(rest)) < 0)
		return bad(instruction, "the value is not valid UTF-8", err);
	return 0;
}

/* WORKDIR a after WORKDIR /b is /b/a. */
static int change_workdir(json_t *config, const struct instruction *instruction, const char *rest,
			  struct err *err)
{
	const char *before = json_string_value(json_object_get(config, instruction->key));
	json_t *joined;

	if (rest[0] == '/' || rest[0] == '\0')
		return change_string(config, instruction, rest, err);
	joined = json_sprintf("%s/%s", before && strcmp(before, "/") != 0 ? before : "", rest);
	if (json_object_set_new(config, instruction->key, joined) < 0)
		return bad(instruction, "the value is not valid UTF-8", err);
	return 0;
}

/* Put "K=V" in the place of what K was, or at the end. */
static void set_env(json_t *env, const char *assignment)
{
	size_t key = (size_t)(strchr(assignment, '=') - assignment) + 1;

	for (size_t i = 0; i < json_array_size(env); i++) {
		const char *old = json_string_value(json_array_get(env, i));

		if (old && strncmp(old, assignment, key) == 0) {
			json_array_set_new(env, i, json_string(assignment));
			return;
		}
	}
	json_array_append_new(env, json_string(assignment));
}

static void set_label(json_t *labels, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char *key = strndup(assignment, (size_t)(equals - assignment));

	if (key)
		json_object_set_new(labels, key, json_string(equals + 1));
	free(key);
}

/* K=V… with quotes as in a shell, or the old form: K and the rest of the line. */
static int change_pairs(json_t *config, const struct instruction *instruction, const char *rest,
			struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	bool env = strcmp(instruction->key, "Env") == 0;
	json_t *target = member(config, instruction->key, env ? json_array : json_object);
	struct strings words;
	int r;

	r = words_split(arena, rest, &words, err);
	if (r < 0)
		return r;
	if (words.n >= 2 && !strchr(words.items[0], '=')) {
		const char *value = rest + strcspn(rest, " \t");

		value += strspn(value, " \t");
		words.items[0] = arena_printf(arena, "%s=%s", words.items[0], value);
		words.n = 1;
	}
	if (words.n == 0)
		return bad(instruction, "needs NAME=VALUE", err);
	for (size_t i = 0; i < words.n; i++) {
		if (!strchr(words.items[i], '=') || words.items[i][0] == '=')
			return bad(instruction, "needs NAME=VALUE", err);
		if (env)
			set_env(target, words.items[i]);
		else
			set_label(target, words.items[i]);
	}
	return 0;
}

/* A set of words, or of the strings in a JSON list. */
static int change_set(json_t *config, const struct instruction *instruction, const char *rest,
		      struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	json_t *target = member(config, instruction->key, json_object), *list = NULL;
	struct strings words;
	int r;

	if (rest[0] == '[') {
		r = command_list(instruction, rest, &list, err);
		for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
			json_object_set_new(target, json_string_value(json_array_get(list, i)),
					    json_object());
		json_decref(list);
		return r;
	}
	r = words_split(arena, rest, &words, err);
	if (r < 0)
		return r;
	if (words.n == 0)
		return bad(instruction, "needs a value", err);
	for (size_t i = 0; i < words.n; i++)
		json_object_set_new(target, words.items[i], json_object());
	return 0;
}

/* One "--interval=5s" of the LEN bytes at OPTION. */
static int health_option(json_t *health, const struct instruction *instruction, const char *option,
			 size_t len, struct err *err)
{
	static const char *const options[][2] = {
		{"--interval=", "Interval"},	    {"--timeout=", "Timeout"},
		{"--start-period=", "StartPeriod"}, {"--start-interval=", "StartInterval"},
		{"--retries=", "Retries"},
	};
	char value[64];

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		size_t name = strlen(options[i][0]);
		int64_t number;
		bool count;

		if (strncmp(option, options[i][0], name) != 0 || len - name >= sizeof(value))
			continue;
		memcpy(value, option + name, len - name);
		value[len - name] = '\0';
		count = strcmp(options[i][1], "Retries") == 0;
		if ((count ? units_integer(value, &number) : units_duration(value, &number)) < 0 ||
		    number < 0 || number > INT64_MAX / NS_PER_MS)
			return bad(instruction, "an option has an invalid value", err);
		json_object_set_new(health, options[i][1],
				    json_integer(count ? number : number * NS_PER_MS));
		return 0;
	}
	return bad(instruction, "has an unknown option", err);
}

static int health_test(json_t *health, const struct instruction *instruction, const char *rest,
		       struct err *err)
{
	json_t *list, *test;
	int r;

	if (strcasecmp(rest, "NONE") == 0) {
		json_object_set_new(health, "Test", json_pack("[s]", "NONE"));
		return 0;
	}
	if (strncasecmp(rest, "CMD", 3) != 0 || !isspace((unsigned char)rest[3]))
		return bad(instruction, "needs CMD and a command, or NONE", err);
	rest += 3 + strspn(rest + 3, " \t");
	if (rest[0] != '[') {
		json_object_set_new(health, "Test", json_pack("[ss]", "CMD-SHELL", rest));
		return 0;
	}
	r = command_list(instruction, rest, &list, err);
	if (r < 0)
		return r;
	test = json_pack("[s]", "CMD");
	json_array_extend(test, list);
	json_decref(list);
	json_object_set_new(health, "Test", test);
	return 0;
}

static int change_health(json_t *config, const struct instruction *instruction, const char *rest,
			 struct err *err)
{
	json_t *health = json_object();
	int r = 0;

	json_object_set_new(config, instruction->key, health);
	while (r == 0 && strncmp(rest, "--", 2) == 0) {
		size_t len = strcspn(rest, " \t");

		r = health_option(health, instruction, rest, len, err);
		rest += len;
		rest += strspn(rest, " \t");
	}
	return r < 0 ? r : health_test(health, instruction, rest, err);
}

static const struct instruction instructions[] = {
	{"CMD", change_command, "Cmd"},
	{"ENTRYPOINT", change_command, "Entrypoint"},
	{"ENV", change_pairs, "Env"},
	{"EXPOSE", change_set, "ExposedPorts"},
	{"HEALTHCHECK", change_health, "Healthcheck"},
	{"LABEL", change_pairs, "Labels"},
	{"STOPSIGNAL", change_string, "StopSignal"},
	{"USER", change_string, "User"},
	{"VOLUME", change_set, "Volumes"},
	{"WORKDIR", change_workdir, "WorkingDir"},
};

int change_apply(struct json_t *config, const char *line, struct err *err)
{
	const char *names[ARRAY_SIZE(instructions)], *meant;
	char word[16];
	size_t len;

	line += strspn(line, " \t");
	len = strcspn(line, " \t");
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		const struct instruction *instruction = &instructions[i];
		const char *rest = line + len + strspn(line + len, " \t");

		names[i] = instruction->word;
		if (strlen(instruction->word) == len &&
		    strncasecmp(line, instruction->word, len) == 0)
			return instruction->apply(member(config, "config", json_object),
						  instruction, rest, err);
	}
	for (size_t i = 0; i < sizeof(word); i++)
		word[i] = i < len && i + 1 < sizeof(word) ? (char)toupper((unsigned char)line[i])
							  : '\0';
	meant = text_suggest(word, names, ARRAY_SIZE(names));
	return err_set(err, EINVAL, "unknown change '%.*s'%s%s%s", (int)(len < 40 ? len : 40), line,
		       meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}
