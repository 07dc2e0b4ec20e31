// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/seccomp_file.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/container/caps.h"
#include "core/supervise/member.h"
#include "core/supervise/seccomp_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#define RULES_MAX 1024
#define NAMES_MAX 8192 /* of all rules: each is looked up in a list */
#define NAME_LEN  63

#if defined(__x86_64__)
#define NATIVE	      "SCMP_ARCH_X86_64"
#define NATIVE_GOARCH "amd64"
#else
#define NATIVE	      ""
#define NATIVE_GOARCH ""
#endif

struct reader {
	struct arena *arena;
	uint64_t capabilities;
	struct seccomp_profile profile;
	struct seccomp_rule rules[RULES_MAX];
	size_t n_names;
};

/* ACTION_KEY and, for those that have one, ERRNO_KEY of OBJECT as SECCOMP_RET_…. */
static int read_action(const json_t *object, const char *action_key, const char *errno_key,
		       uint32_t *ret, struct err *err)
{
	static const struct {
		const char *name;
		uint32_t action, number_max;
	} table[] = {
		{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, 0},
		{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, 4095},
		{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, 0},
		{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, 0},
		{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, 0},
		{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, 0},
		{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, SECCOMP_RET_DATA},
		{"SCMP_ACT_LOG", SECCOMP_RET_LOG, 0},
	};
	const json_t *action;
	uint64_t number = 0;
	int r = member_get(object, action_key, JSON_STRING, &action, err);

	if (r < 0)
		return r;
	if (!action)
		return err_set(err, EINVAL, "there is no '%s'", action_key);
	if (strcmp(json_string_value(action), "SCMP_ACT_NOTIFY") == 0)
		return err_set(err, EINVAL,
			       "SCMP_ACT_NOTIFY needs a program that answers, and there is none "
			       "here; use SCMP_ACT_ERRNO");
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strcmp(json_string_value(action), table[i].name) != 0)
			continue;
		if (table[i].number_max)
			r = member_number(object, errno_key, table[i].number_max, EPERM, &number,
					  err);
		*ret = table[i].action | (uint32_t)number;
		return r;
	}
	return err_set(err, EINVAL, "unknown action '%.64s'", json_string_value(action));
}

/* RET: has the container all, or ANY, of the capabilities in CAPS? */
static int has_caps(const struct reader *reader, const json_t *caps, bool any, bool *ret,
		    struct err *err)
{
	uint64_t all = 0, mask;

	for (size_t i = 0; i < json_array_size(caps); i++) {
		const char *name = json_string_value(json_array_get(caps, i));

		if (caps_parse(name, &mask) < 0)
			return err_set(err, EINVAL, "unknown capability '%.64s'", name);
		all |= mask;
	}
	*ret = any ? (all & reader->capabilities) != 0 : (all & reader->capabilities) == all;
	return 0;
}

/* RET: is this kernel at least VERSION, such as "4.8"? */
static int is_kernel(const json_t *version, bool *ret, struct err *err)
{
	unsigned int want[2], have[2];
	struct utsname host;
	int end = 0;

	if (sscanf(json_string_value(version), "%3u.%4u%n", &want[0], &want[1], &end) != 2 ||
	    json_string_value(version)[end] != '\0')
		return member_bad("minKernel", "a version such as \"4.8\"", err);
	*ret = uname(&host) == 0 && sscanf(host.release, "%3u.%4u", &have[0], &have[1]) == 2 &&
	       (have[0] > want[0] || (have[0] == want[0] && have[1] >= want[1]));
	return 0;
}

/* What "includes" and "excludes" say: EXCLUDES asks for any, the other for all that is there. */
static int conditions(const struct reader *reader, const json_t *rule, const char *key,
		      bool excludes, bool *ret, struct err *err)
{
	const json_t *object, *caps, *arches, *kernel;
	bool caps_hold = false, arches_hold, kernel_holds = !excludes;
	int r = member_get(rule, key, JSON_OBJECT, &object, err);

	if (r == 0)
		r = member_texts(object, "caps", &caps, err);
	if (r == 0)
		r = member_texts(object, "arches", &arches, err);
	if (r == 0)
		r = member_get(object, "minKernel", JSON_STRING, &kernel, err);
	if (r == 0)
		r = has_caps(reader, caps, excludes, &caps_hold, err);
	if (r == 0 && json_string_length(kernel) > 0)
		r = is_kernel(kernel, &kernel_holds, err);
	if (r < 0)
		return r;
	arches_hold = member_has_text(arches, NATIVE_GOARCH) ||
		      (!excludes && json_array_size(arches) == 0);
	*ret = excludes ? caps_hold || arches_hold || kernel_holds
			: caps_hold && arches_hold && kernel_holds;
	return 0;
}

static int read_arg(const json_t *object, struct seccomp_arg *ret, struct err *err)
{
	static const struct {
		const char *name;
		enum seccomp_test test;
	} table[] = {
		{"SCMP_CMP_EQ", SECCOMP_EQUAL},
		{"SCMP_CMP_NE", SECCOMP_NOT_EQUAL},
		{"SCMP_CMP_LT", SECCOMP_LESS},
		{"SCMP_CMP_LE", SECCOMP_LESS_EQUAL},
		{"SCMP_CMP_GT", SECCOMP_GREATER},
		{"SCMP_CMP_GE", SECCOMP_GREATER_EQUAL},
		{"SCMP_CMP_MASKED_EQ", SECCOMP_MASKED_EQUAL},
	};
	uint64_t index = 0, value = 0, value_two = 0;
	const json_t *op = NULL;
	int r;

	if (!json_is_object(object))
		return member_bad("args", "a list of objects", err);
	r = member_number(object, "index", SECCOMP_ARGS_MAX - 1, 0, &index, err);
	if (r == 0)
		r = member_number(object, "value", INT64_MAX, 0, &value, err);
	if (r == 0)
		r = member_number(object, "valueTwo", INT64_MAX, 0, &value_two, err);
	if (r == 0)
		r = member_get(object, "op", JSON_STRING, &op, err);
	if (r < 0)
		return r;
	for (size_t i = 0; op && i < ARRAY_SIZE(table); i++) {
		if (strcmp(json_string_value(op), table[i].name) != 0)
			continue;
		*ret = (struct seccomp_arg){
			.test = table[i].test, .index = (unsigned int)index, .value = value};
		if (ret->test == SECCOMP_MASKED_EQUAL) {
			ret->mask = value;
			ret->value = value_two & value; /* as in libseccomp */
		}
		return 0;
	}
	return err_set(err, EINVAL, "unknown comparison '%.64s' in 'args'",
		       op ? json_string_value(op) : "");
}

static int add_rule(struct reader *reader, const struct seccomp_rule *rule, struct err *err)
{
	if (reader->profile.n_rules == RULES_MAX)
		return err_set(err, E2BIG, "more than %d rules", RULES_MAX);
	reader->rules[reader->profile.n_rules++] = *rule;
	return 0;
}

/* RULE with the tests of ARGS: one rule, or one for each test where one argument has two. */
static int add_tested(struct reader *reader, const json_t *args, struct seccomp_rule *rule,
		      struct err *err)
{
	size_t n = json_array_size(args);
	struct seccomp_arg *tests = ARENA_ARRAY(reader->arena, struct seccomp_arg, n + 1);
	unsigned int seen = 0;
	bool twice = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = read_arg(json_array_get(args, i), &tests[i], err);
		twice = twice || seen & 1u << tests[i].index;
		seen |= 1u << tests[i].index;
	}
	if (r < 0)
		return r;
	if (!twice) {
		memcpy(rule->args, tests, n * sizeof(*tests));
		return add_rule(reader, rule, err);
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		rule->args[0] = tests[i];
		r = add_rule(reader, rule, err);
	}
	return r;
}

static int read_names(struct reader *reader, const json_t *object, const char **ret,
		      struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf all = STRBUF_INIT;
	const json_t *name, *names;
	int r = member_get(object, "name", JSON_STRING, &name, err);

	if (r == 0)
		r = member_texts(object, "names", &names, err);
	if (r < 0)
		return r;
	if (json_string_length(name) > 0 && json_array_size(names) > 0)
		return err_set(err, EINVAL, "'name' and 'names' cannot both be there");
	if (json_string_length(name) == 0 && json_array_size(names) == 0)
		return err_set(err, EINVAL, "there are no 'names'");
	reader->n_names += json_array_size(names) + 1;
	if (reader->n_names > NAMES_MAX)
		return err_set(err, E2BIG, "more than %d names of system calls", NAMES_MAX);
	if (json_string_length(name) > 0)
		strbuf_puts(&all, json_string_value(name));
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *text = json_string_value(json_array_get(names, i));

		if (*text && strlen(text) <= NAME_LEN && !strchr(text, ' '))
			strbuf_printf(&all, "%s%s", all.len ? " " : "", text);
	}
	*ret = arena_strdup(reader->arena, all.text);
	return 0;
}

static int read_rule(struct reader *reader, const json_t *object, struct err *err)
{
	struct seccomp_rule rule = {.names = NULL};
	const json_t *args = NULL;
	bool included = false, excluded = false;
	int r;

	if (!json_is_object(object))
		return err_set(err, EINVAL, "it must be an object");
	r = read_action(object, "action", "errnoRet", &rule.action, err);
	if (r == 0)
		r = read_names(reader, object, &rule.names, err);
	if (r == 0)
		r = member_get(object, "args", JSON_ARRAY, &args, err);
	if (r == 0)
		r = conditions(reader, object, "includes", false, &included, err);
	if (r == 0)
		r = conditions(reader, object, "excludes", true, &excluded, err);
	if (r < 0 || !included || excluded || rule.action == reader->profile.otherwise)
		return r;
	return add_tested(reader, args, &rule, err);
}

/* i386 is there when the file says so; x86_64 always, as the container could not start else. */
static int read_arches(struct reader *reader, const json_t *root, struct err *err)
{
	const json_t *arches, *map, *subs = NULL;
	int r = member_texts(root, "architectures", &arches, err);
	bool i386;

	if (r == 0)
		r = member_get(root, "archMap", JSON_ARRAY, &map, err);
	if (r < 0)
		return r;
	if (json_array_size(arches) > 0 && json_array_size(map) > 0)
		return err_set(err, EINVAL, "'architectures' and 'archMap' cannot both be there");
	i386 = member_has_text(arches, "SCMP_ARCH_X86");
	for (size_t i = 0; i < json_array_size(map); i++) {
		const json_t *entry = json_array_get(map, i), *arch;

		if (!json_is_object(entry))
			return member_bad("archMap", "a list of objects", err);
		r = member_get(entry, "architecture", JSON_STRING, &arch, err);
		if (r == 0)
			r = member_texts(entry, "subArchitectures", &subs, err);
		if (r < 0)
			return r;
		if (arch && strcmp(json_string_value(arch), NATIVE) == 0)
			i386 = member_has_text(subs, "SCMP_ARCH_X86");
	}
	reader->profile.native_only = !i386;
	return 0;
}

static int read_profile(struct reader *reader, const json_t *root, struct err *err)
{
	const json_t *rules;
	int r;

	if (!json_is_object(root))
		return err_set(err, EINVAL, "a profile is a JSON object");
	r = read_action(root, "defaultAction", "defaultErrnoRet", &reader->profile.otherwise, err);
	if (r == 0)
		r = read_arches(reader, root, err);
	if (r == 0)
		r = member_get(root, "syscalls", JSON_ARRAY, &rules, err);
	for (size_t i = 0; r == 0 && i < json_array_size(rules); i++) {
		r = read_rule(reader, json_array_get(rules, i), err);
		if (r < 0)
			return err_wrap(err, "rule %zu of 'syscalls'", i + 1);
	}
	return r;
}

static void json_release(json_t **json)
{
	json_decref(*json);
}

int seccomp_file_compile(const char *text, size_t len, uint64_t capabilities,
			 struct sock_filter **ret_filter, size_t *ret_n, struct err *err)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(json_release) json_t *root = NULL;
	struct reader *reader = ARENA_NEW(arena, struct reader);
	json_error_t where;
	int r;

	root = json_loadb(text, len, 0, &where);
	if (!root)
		return err_set(err, EINVAL, "line %d, column %d: %s", where.line, where.column,
			       where.text);
	reader->arena = arena;
	reader->capabilities = capabilities;
	reader->profile.rules = reader->rules;
	r = read_profile(reader, root, err);
	return r < 0 ? r : seccomp_compile(&reader->profile, capabilities, ret_filter, ret_n, err);
}

int seccomp_file_read(const char *path, uint64_t capabilities, struct sock_filter **ret_filter,
		      size_t *ret_n, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r = fd_read_file(AT_FDCWD, path, SECCOMP_FILE_MAX, &text, &len, err);

	if (r == 0) {
		r = seccomp_file_compile(text, len, capabilities, ret_filter, ret_n, err);
		if (r < 0)
			r = err_wrap(err, "seccomp profile '%s'", path);
	}
	return r;
}
