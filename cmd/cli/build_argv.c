// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/build_argv.h"

#include "cmd/cli/buildah.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/build.h"
#include "core/model/project.h"
#include "store/image.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct line {
	struct arena *arena;
	struct string_list words;
};

static void add(struct line *line, const char *option, const char *value)
{
	string_list_add(&line->words, option);
	if (value)
		string_list_add(&line->words, value);
}

static void add_pair(struct line *line, const char *option, const char *key, const char *sign,
		     const char *value)
{
	add(line, option, arena_printf(line->arena, "%s%s%s", key, sign, value));
}

static bool is_given(const struct string_list *args, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < args->n; i++)
		if (strncmp(args->items[i], key, len) == 0 &&
		    (args->items[i][len] == '=' || args->items[i][len] == '\0'))
			return true;
	return false;
}

static void add_args(struct line *line, const struct build_request *request)
{
	const struct map *args = &request->service->build->args;

	for (size_t i = 0; i < args->n; i++)
		if (args->items[i].value && !is_given(request->args, args->items[i].key))
			add_pair(line, "--build-arg", args->items[i].key, "=",
				 args->items[i].value);
	for (size_t i = 0; i < request->args->n; i++) {
		const char *text = request->args->items[i], *value = getenv(text);

		if (strchr(text, '='))
			add(line, "--build-arg", text);
		else if (value)
			add_pair(line, "--build-arg", text, "=", value);
	}
}

static bool is_remote(const char *context)
{
	return strstr(context, "://") || strncmp(context, "git@", 4) == 0;
}

const char *build_dockerfile(struct arena *arena, const struct build_request *request)
{
	const struct build *build = request->service->build;
	const char *name = build->dockerfile ? build->dockerfile : "Dockerfile";

	if (build->dockerfile_inline)
		return arena_printf(arena, "%s/Dockerfile", request->files);
	if (*name == '/')
		return name;
	return is_remote(build->context) ? NULL
					 : arena_printf(arena, "%s/%s", build->context, name);
}

/* Docker takes <Dockerfile>.dockerignore before the context's own. */
static void add_dockerfile(struct line *line, const struct build_request *request)
{
	const char *path = build_dockerfile(line->arena, request), *ignore;

	if (!path) {
		if (request->service->build->dockerfile)
			add(line, "--file", request->service->build->dockerfile);
		return;
	}
	add(line, "--file", path);
	ignore = arena_printf(line->arena, "%s.dockerignore", path);
	if (access(ignore, R_OK) == 0)
		add(line, "--ignorefile", ignore);
}

static void add_contexts(struct line *line, const struct build_request *request)
{
	const struct map *contexts = &request->service->build->additional_contexts;
	static const char service[] = "service:";

	for (size_t i = 0; i < contexts->n; i++) {
		const char *key = contexts->items[i].key, *value = contexts->items[i].value;

		if (strncmp(value, service, strlen(service)) == 0)
			add_pair(line, "--build-context", key, "=docker-image://",
				 project_service(request->project, value + strlen(service))->image);
		else
			add_pair(line, "--build-context", key, "=", value);
	}
}

static void add_secrets(struct line *line, const struct build_request *request)
{
	const struct file_references *secrets = &request->service->build->secrets;

	for (size_t i = 0; i < secrets->n; i++) {
		const struct file_object *object =
			project_secret(request->project, secrets->items[i].source);
		const char *path = object->path ? object->path
						: arena_printf(line->arena, "%s/secret-%zu",
							       request->files, i);

		add(line, "--secret",
		    arena_printf(line->arena, "id=%s,src=%s", secrets->items[i].target, path));
	}
	for (size_t i = 0; i < request->service->build->ssh.n; i++) {
		const struct key_value *item = &request->service->build->ssh.items[i];

		if (*item->value)
			add_pair(line, "--ssh", item->key, "=", item->value);
		else
			add(line, "--ssh", item->key);
	}
}

bool build_cuts_network(const struct build_request *request)
{
	const char *network = request->service->build->network;

	return network && strcmp(network, "none") == 0 &&
	       strcmp(request->buildah->isolation, "chroot") == 0;
}

/* What RUN is given, but for files. */
static void add_surroundings(struct line *line, const struct build_request *request)
{
	const struct build *build = request->service->build;
	bool none = build->network && strcmp(build->network, "none") == 0;

	add(line, "--isolation", request->buildah->isolation);
	add(line, "--network", none && !build_cuts_network(request) ? "none" : "host");
	for (size_t i = 0; i < build->extra_hosts.n; i++) {
		const struct key_value *host = &build->extra_hosts.items[i];
		bool gateway = strcmp(host->value, "host-gateway") == 0;

		/* The network is the host's. */
		add_pair(line, "--add-host", host->key, ":", gateway ? "127.0.0.1" : host->value);
	}
	for (size_t i = 0; i < build->ulimits.n; i++) {
		const struct ulimit *limit = &build->ulimits.items[i];

		add(line, "--ulimit",
		    arena_printf(line->arena, "%s=%" PRId64 ":%" PRId64, limit->name, limit->soft,
				 limit->hard));
	}
	if (build->shm_size)
		add(line, "--shm-size", arena_printf(line->arena, "%" PRId64 "b", build->shm_size));
	if (build->privileged) {
		add(line, "--cap-add", "all");
		add(line, "--security-opt", "seccomp=unconfined");
	}
}

/* buildah gives each layer a tag of its own, and takes no other with the repository. */
static const char *cache_repository(struct arena *arena, const char *reference, size_t len)
{
	char *name = arena_strndup(arena, reference, len), normal[IMAGE_REFERENCE_SIZE];

	if (image_reference_normalize(name, normal, sizeof(normal), NULL) < 0)
		return name;
	return arena_strndup(arena, normal, image_reference_name_len(normal));
}

static void add_cache(struct line *line, const char *option, const struct strings *places)
{
	for (size_t i = 0; i < places->n; i++) {
		size_t len;
		const char *reference = build_cache_reference(places->items[i], &len);

		if (reference)
			add(line, option, cache_repository(line->arena, reference, len));
	}
}

const char *const *build_argv(struct arena *arena, const struct build_request *request)
{
	const struct build *build = request->service->build;
	struct line line = {.arena = arena};
	const char *words[BUILDAH_WORDS_MAX];
	const char **argv;
	size_t n = buildah_words(request->buildah, words);

	for (size_t i = 0; i < n; i++)
		add(&line, words[i], NULL);
	add(&line, "build", "--layers");
	add(&line, "--format", "oci");
	add(&line, "--iidfile", arena_printf(arena, "%s/id", request->output));
	add(&line, request->pull || build->pull ? "--pull=always" : "--pull=false", NULL);
	if (request->no_cache || build->no_cache)
		add(&line, "--no-cache", NULL);
	if (build->target)
		add(&line, "--target", build->target);
	add_dockerfile(&line, request);
	add_args(&line, request);
	for (size_t i = 0; i < build->labels.n; i++)
		add_pair(&line, "--label", build->labels.items[i].key, "=",
			 build->labels.items[i].value);
	add_contexts(&line, request);
	add_secrets(&line, request);
	add_surroundings(&line, request);
	add_cache(&line, "--cache-from", &build->cache_from);
	add_cache(&line, "--cache-to", &build->cache_to);
	/* A name that begins with a dash is no option. */
	add(&line, "--", build->context);
	argv = ARENA_ARRAY(arena, const char *, line.words.n + 1);
	memcpy(argv, line.words.items, line.words.n * sizeof(*argv));
	string_list_release(&line.words);
	return argv;
}
