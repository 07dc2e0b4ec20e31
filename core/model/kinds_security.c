// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "core/base/text.h"
#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/units.h"

#include <fcntl.h>
#include <string.h>

/*
 * services.<name>.security_opt: "option", "option=value" or, as in older files,
 * "option:value"
 */

#define PROFILE_MAX ((size_t)1 << 20)

struct option {
	struct decoder *decoder;
	const struct node *node;
	const char *value; /* NULL: none */
	struct service *service;
	const char *text; /* how it is written out */
};

static void read_no_new_privileges(struct option *option)
{
	bool *field = &option->service->security.no_new_privileges;

	if (!option->value)
		*field = true;
	else if (units_bool(option->value, field) < 0)
		decode_error(option->decoder, option->node->pos,
			     "expected no-new-privileges:true or no-new-privileges:false");
}

static void read_profile(struct option *option)
{
	struct decoder *decoder = option->decoder;
	struct security *security = &option->service->security;
	char digest[HASH_HEX_LEN + 1];
	CLEANUP_FREE char *text = NULL;
	struct err err = ERR_INIT;
	size_t len;

	security->seccomp = SECCOMP_CHOICE_FILE;
	security->seccomp_file = decode_path(decoder, option->node->pos, option->value);
	option->text = arena_printf(decoder->arena, "seccomp=%s", security->seccomp_file);
	if (decoder->canonical)
		return;
	if (fd_read_file(AT_FDCWD, security->seccomp_file, PROFILE_MAX, &text, &len, &err) < 0) {
		decode_error(decoder, option->node->pos, "%s", err.msg);
		return;
	}
	hash_bytes(digest, text, len);
	security->seccomp_digest = arena_strdup(decoder->arena, digest);
}

static void read_seccomp(struct option *option)
{
	struct security *security = &option->service->security;
	const char *value = option->value;

	if (!value || *value == '\0') {
		decode_error(option->decoder, option->node->pos,
			     "expected seccomp=FILE.json, seccomp=builtin or seccomp=unconfined");
		return;
	}
	if (!option->decoder->canonical)
		security->seccomp_digest = NULL;
	security->seccomp_file = NULL;
	if (strcmp(value, "unconfined") == 0)
		security->seccomp = SECCOMP_CHOICE_UNCONFINED;
	else if (strcmp(value, "builtin") == 0)
		security->seccomp = SECCOMP_CHOICE_BUILTIN;
	else
		read_profile(option);
}

static bool host_has_apparmor(void)
{
	CLEANUP_FREE char *text = NULL;

	return fd_read_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 64, &text, NULL,
			    NULL) == 0 &&
	       text[0] == 'Y';
}

static void read_apparmor(struct option *option)
{
	option->service->security.apparmor = NULL;
	if (!option->value || *option->value == '\0')
		decode_error(option->decoder, option->node->pos,
			     "expected apparmor=PROFILE or apparmor=unconfined");
	else if (strcmp(option->value, "unconfined") == 0)
		return;
	else if (host_has_apparmor())
		option->service->security.apparmor = option->value;
	else if (!option->decoder->canonical)
		decode_note(option->decoder, option->node->pos,
			    "this has no effect: this host has no AppArmor");
}

static void read_label(struct option *option)
{
	if (!option->decoder->canonical)
		decode_note(option->decoder, option->node->pos,
			    "this has no effect: SELinux labels are left as they are");
}

static void read_systempaths(struct option *option)
{
	decode_error(option->decoder, option->node->pos,
		     "baring the hidden paths of /proc and /sys alone is not there; "
		     "'privileged: true' does it, with all else that means");
}

static const struct {
	const char *name;
	void (*read)(struct option *option);
} options[] = {
	{"no-new-privileges", read_no_new_privileges},
	{"seccomp", read_seccomp},
	{"apparmor", read_apparmor},
	{"label", read_label},
	{"systempaths", read_systempaths},
};

static void unknown_option(struct option *option, const char *name)
{
	const char *names[ARRAY_SIZE(options)], *meant;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		names[i] = options[i].name;
	meant = text_suggest(name, names, ARRAY_SIZE(names));
	if (meant)
		decode_error(option->decoder, option->node->pos,
			     "unknown option '%s'; did you mean '%s'?", name, meant);
	else
		decode_error(option->decoder, option->node->pos,
			     "unknown option '%s'; it takes no-new-privileges, seccomp=…, "
			     "apparmor=… and label=…",
			     name);
}

static const char *read_option(struct decoder *decoder, const struct node *node,
			       struct service *service)
{
	const char *text = decode_text(decoder, node, "text such as no-new-privileges"), *name;
	struct option option = {decoder, node, .service = service, .text = text};
	size_t len;

	if (!text)
		return NULL;
	len = strcspn(text, "=:");
	name = arena_strndup(decoder->arena, text, len);
	option.value = text[len] ? text + len + 1 : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(options[i].name, name) == 0) {
			options[i].read(&option);
			return option.text;
		}
	unknown_option(&option, name);
	return NULL;
}

static void decode_security_opt(struct decoder *decoder, const struct attribute *attribute,
				const struct node *node, void *object)
{
	struct strings all = {.is_set = true};

	if (node->kind != NODE_SEQUENCE) {
		decode_mismatch(decoder, node, "a list");
		return;
	}
	all.items = ARENA_ARRAY(decoder->arena, const char *, node->n + 1);
	for (size_t i = 0; i < node->n; i++) {
		struct crumb crumb = {.up = decoder->at, .index = i};
		const char *text;

		decoder->at = &crumb;
		text = read_option(decoder, node->items[i], object);
		if (text)
			all.items[all.n++] = text;
		decoder->at = crumb.up;
	}
	*SCHEMA_FIELD(struct strings, object, attribute) = all;
}

static bool present_security_opt(const struct attribute *attribute, const void *object)
{
	return kind_strings.present(attribute, object);
}

static void emit_security_opt(struct writer *writer, const struct attribute *attribute,
			      const void *object)
{
	kind_strings.emit(writer, attribute, object);
}

const struct kind kind_security_opt = {decode_security_opt, present_security_opt, emit_security_opt,
				       "a list of options"};
