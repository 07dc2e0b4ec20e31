// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/registries.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "store/registry/toml.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FILE_MAX      ((size_t)1 << 20)
#define REGISTRY_MAX  1024
#define DEFAULT_FILE  "/etc/containers/registries.conf"
#define DEFAULT_PARTS "/etc/containers/registries.conf.d"

enum section { SECTION_TOP, SECTION_REGISTRY, SECTION_MIRROR, SECTION_OTHER };

struct reading {
	struct registries *registries;
	size_t first; /* of those that this file brings */
	enum section section;
};

static void location_release(struct registry_location *location)
{
	free(location->location);
}

static void registry_release(struct registry *registry)
{
	free(registry->prefix);
	location_release(&registry->own);
	for (size_t i = 0; i < registry->n_mirrors; i++)
		location_release(&registry->mirrors[i]);
	free(registry->mirrors);
}

void registries_release(struct registries *registries)
{
	for (size_t i = 0; i < registries->n; i++)
		registry_release(&registries->items[i]);
	free(registries->items);
	*registries = (struct registries){.n = 0};
}

/* --- one file --- */

static struct registry *current(const struct reading *reading)
{
	return &reading->registries->items[reading->registries->n - 1];
}

static int begin_registry(struct reading *reading, struct err *err)
{
	struct registries *registries = reading->registries;
	struct registry *items;

	if (registries->n >= REGISTRY_MAX)
		return err_set(err, EINVAL, "there are more than %d registries", REGISTRY_MAX);
	items = reallocarray(registries->items, registries->n + 1, sizeof(*items));
	if (!items)
		return err_nomem(err);
	registries->items = items;
	items[registries->n++] = (struct registry){.prefix = NULL};
	reading->section = SECTION_REGISTRY;
	return 0;
}

static int begin_mirror(struct reading *reading, struct err *err)
{
	struct registry_location *mirrors;
	struct registry *registry;

	if (reading->registries->n == reading->first)
		return err_set(err, EINVAL, "a mirror stands before the first [[registry]]");
	registry = current(reading);
	if (registry->n_mirrors >= REGISTRY_MAX)
		return err_set(err, EINVAL, "there are more than %d mirrors", REGISTRY_MAX);
	mirrors = reallocarray(registry->mirrors, registry->n_mirrors + 1, sizeof(*mirrors));
	if (!mirrors)
		return err_nomem(err);
	registry->mirrors = mirrors;
	mirrors[registry->n_mirrors++] = (struct registry_location){.location = NULL};
	reading->section = SECTION_MIRROR;
	return 0;
}

static int on_table(void *data, const char *table, bool is_array, struct err *err)
{
	struct reading *reading = data;

	if (strcmp(table, "registry") == 0 || strcmp(table, "registry.mirror") == 0) {
		if (!is_array)
			return err_set(err, EINVAL, "it has to be [[%s]], in two brackets", table);
		return strchr(table, '.') ? begin_mirror(reading, err)
					  : begin_registry(reading, err);
	}
	/* Version 1 of the format, of before 2019. */
	if (strncmp(table, "registries.", strlen("registries.")) == 0)
		return err_set(err, EINVAL,
			       "[%s] is of version 1 of this file; write [[registry]] tables",
			       table);
	reading->section = SECTION_OTHER;
	return 0;
}

static int set_text(const char *key, const struct toml_value *value, char **text, struct err *err)
{
	if (value->kind != TOML_STRING || !value->string[0] || strlen(value->string) >= PATH_MAX)
		return err_set(err, EINVAL, "'%s' has to be a string such as \"host:5000/path\"",
			       key);
	if (strstr(value->string, "://"))
		return err_set(err, EINVAL, "'%s' has no scheme: write \"%.100s\"", key,
			       strstr(value->string, "://") + 3);
	free(*text);
	*text = strdup(value->string);
	for (size_t n = *text ? strlen(*text) : 0; n > 1 && (*text)[n - 1] == '/'; n--)
		(*text)[n - 1] = '\0';
	return *text ? 0 : err_nomem(err);
}

static int set_flag(const char *key, const struct toml_value *value, bool *flag, struct err *err)
{
	if (value->kind != TOML_BOOL)
		return err_set(err, EINVAL, "'%s' has to be true or false", key);
	*flag = value->boolean;
	return 0;
}

static int set_use(const char *key, const struct toml_value *value, enum mirror_use *use,
		   struct err *err)
{
	static const char *const names[] = {"all", "digest-only", "tag-only"};

	for (size_t i = 0; value->kind == TOML_STRING && i < ARRAY_SIZE(names); i++) {
		if (strcmp(value->string, names[i]) == 0) {
			*use = (enum mirror_use)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%s' has to be \"all\", \"digest-only\" or \"tag-only\"", key);
}

static int on_registry(struct registry *registry, const char *key, const struct toml_value *value,
		       struct err *err)
{
	if (strcmp(key, "prefix") == 0)
		return set_text(key, value, &registry->prefix, err);
	if (strcmp(key, "location") == 0)
		return set_text(key, value, &registry->own.location, err);
	if (strcmp(key, "insecure") == 0)
		return set_flag(key, value, &registry->own.insecure, err);
	if (strcmp(key, "blocked") == 0)
		return set_flag(key, value, &registry->blocked, err);
	if (strcmp(key, "mirror-by-digest-only") == 0)
		return set_flag(key, value, &registry->mirror_by_digest_only, err);
	log_warn("registries.conf: unknown key '%s' in [[registry]], ignoring", key);
	return 0;
}

static int on_mirror(struct registry_location *mirror, const char *key,
		     const struct toml_value *value, struct err *err)
{
	if (strcmp(key, "location") == 0)
		return set_text(key, value, &mirror->location, err);
	if (strcmp(key, "insecure") == 0)
		return set_flag(key, value, &mirror->insecure, err);
	if (strcmp(key, "pull-from-mirror") == 0)
		return set_use(key, value, &mirror->use, err);
	log_warn("registries.conf: unknown key '%s' in [[registry.mirror]], ignoring", key);
	return 0;
}

static int on_value(void *data, const char *table, const char *key, const struct toml_value *value,
		    struct err *err)
{
	struct reading *reading = data;
	struct registry *registry;

	(void)table;
	if (reading->section == SECTION_TOP || reading->section == SECTION_OTHER)
		return 0;
	registry = current(reading);
	if (reading->section == SECTION_REGISTRY)
		return on_registry(registry, key, value, err);
	return on_mirror(&registry->mirrors[registry->n_mirrors - 1], key, value, err);
}

/* A location is the prefix where it is not said, and the other way round. */
static int complete(struct registry *registry, struct err *err)
{
	char **missing = registry->prefix ? &registry->own.location : &registry->prefix;
	const char *said = registry->prefix ? registry->prefix : registry->own.location;

	if (!said)
		return err_set(err, EINVAL, "a [[registry]] has neither prefix nor location");
	/* For any host of a domain: each stays where it is. */
	if (!*missing && said[0] != '*') {
		*missing = strdup(said);
		if (!*missing)
			return err_nomem(err);
	}
	for (size_t i = 0; i < registry->n_mirrors; i++) {
		if (!registry->mirrors[i].location)
			return err_set(err, EINVAL, "a mirror of '%.100s' has no location", said);
		if (registry->mirror_by_digest_only)
			registry->mirrors[i].use = MIRROR_DIGEST_ONLY;
	}
	return 0;
}

int registries_parse(struct registries *registries, const char *text, size_t len, struct err *err)
{
	struct reading reading = {.registries = registries, .first = registries->n};
	const struct toml_reader reader = {on_table, on_value, &reading};
	int r = toml_read(text, len, &reader, err);

	for (size_t i = reading.first; r == 0 && i < registries->n; i++)
		r = complete(&registries->items[i], err);
	return r;
}

/* --- all files --- */

static int load_file(struct registries *registries, const char *path, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	int r = fd_read_file(AT_FDCWD, path, FILE_MAX, &text, &len, err);

	if (r == 0) {
		r = registries_parse(registries, text, len, err);
		return r < 0 ? err_wrap(err, "'%s'", path) : 0;
	}
	return r;
}

static int is_part(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && entry->d_name[0] != '.' && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int load_parts(struct registries *registries, struct err *err)
{
	struct dirent **parts = NULL;
	int n = scandir(DEFAULT_PARTS, &parts, is_part, alphasort), r = 0;

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		if (r == 0)
			r = paths_join(path, sizeof(path), err, DEFAULT_PARTS "/%s",
				       parts[i]->d_name);
		if (r == 0)
			r = load_file(registries, path, err);
		free(parts[i]);
	}
	free(parts);
	return r;
}

int registries_load(struct registries *ret_registries, struct err *err)
{
	CLEANUP(registries_release) struct registries registries = {.n = 0};
	const char *path = getenv("STACK_REGISTRIES_CONF");
	struct err missing = ERR_INIT;
	int r;

	if (path && path[0]) {
		r = load_file(&registries, path, err);
	} else {
		r = load_file(&registries, DEFAULT_FILE, &missing);
		if (r < 0 && r != -ENOENT)
			return err_set(err, -r, "%s", missing.msg);
		r = load_parts(&registries, err);
	}
	if (r < 0)
		return r;
	*ret_registries = registries;
	registries = (struct registries){.n = 0};
	return 0;
}

/* --- looking up --- */

/* How long a part of NAME is the prefix, or 0. */
static size_t matched(const char *prefix, const char *name)
{
	size_t len = strlen(prefix), host = strcspn(name, "/");

	/* "*.example.com" is any host below it, "*.example.com/x" is not in the format. */
	if (prefix[0] == '*')
		return len > 1 && host > len - 1 &&
				       strncasecmp(name + host - (len - 1), prefix + 1, len - 1) ==
					       0
			       ? host
			       : 0;
	if (strncmp(prefix, name, len) != 0)
		return 0;
	return name[len] == '\0' || name[len] == '/' ? len : 0;
}

const struct registry *registries_find(const struct registries *registries, const char *name)
{
	const struct registry *best = NULL;
	size_t best_len = 0;

	/* Of two with one prefix the later file's wins. */
	for (size_t i = 0; i < registries->n; i++) {
		const struct registry *registry = &registries->items[i];
		size_t len = matched(registry->prefix, name) ? strlen(registry->prefix) : 0;

		if (len > 0 && len >= best_len) {
			best = registry;
			best_len = len;
		}
	}
	return best;
}

char *registry_rewrite(const struct registry *registry, const char *location, const char *name)
{
	size_t len = matched(registry->prefix, name);
	char *rewritten;

	return asprintf(&rewritten, "%s%s", location, name + len) < 0 ? NULL : rewritten;
}
