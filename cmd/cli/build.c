// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * build: which services are built, and which of them are one build
 */
#include "cmd/cli/build.h"

#include "cmd/cli/build_job.h"
#include "cmd/cli/buildah.h"
#include "cmd/cli/cli.h"
#include "cmd/cli/commands.h"
#include "cmd/cli/request.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/build.h"
#include "core/model/project.h"
#include "core/model/schema.h"
#include "core/model/writer.h"
#include "store/image.h"

#include <errno.h>
#include <string.h>

struct build_args {
	bool no_cache, pull, quiet, with_dependencies;
	struct string_list args;
};

#define ARG(field) offsetof(struct build_args, field)

static const struct option_spec build_options[] = {
	{0, "build-arg", OPTION_LIST, ARG(args), "KEY[=VALUE]",
	 "value of an ARG; repeat.  KEY alone is taken from your environment"},
	{0, "no-cache", OPTION_FLAG, ARG(no_cache), NULL, "build every layer anew"},
	{0, "pull", OPTION_FLAG, ARG(pull), NULL, "look for newer base images in their registry"},
	{'q', "quiet", OPTION_FLAG, ARG(quiet), NULL, "say nothing unless it fails"},
	{0, "with-dependencies", OPTION_FLAG, ARG(with_dependencies), NULL,
	 "also what the services depend on"},
};

/* One build of this command. */
struct builder {
	struct cli *cli;
	const struct project *project;
	const struct build_args *args;
	struct arena *arena;
	struct buildah buildah;
	struct build_job *jobs;
	size_t n_jobs, n_prepared;
};

static void builder_release(struct builder *builder)
{
	for (size_t i = 0; i < builder->n_prepared; i++)
		build_job_release(&builder->jobs[i]);
	buildah_release(&builder->buildah);
	arena_free(builder->arena);
}

/* --- which services --- */

static void choose(const struct project *project, const struct service *service, bool deps,
		   bool *chosen);

static void choose_name(const struct project *project, const char *name, bool deps, bool *chosen)
{
	const struct service *service = project_service(project, name);

	if (service && !chosen[service - project->services])
		choose(project, service, deps, chosen);
}

static void choose(const struct project *project, const struct service *service, bool deps,
		   bool *chosen)
{
	static const char prefix[] = "service:";
	const struct build *build = service->build;

	chosen[service - project->services] = true;
	for (size_t i = 0; deps && i < service->n_depends_on; i++)
		choose_name(project, service->depends_on[i].service, deps, chosen);
	/* What is built from another service's image takes that. */
	for (size_t i = 0; build && i < build->additional_contexts.n; i++) {
		const char *value = build->additional_contexts.items[i].value;

		if (strncmp(value, prefix, strlen(prefix)) == 0)
			choose_name(project, value + strlen(prefix), deps, chosen);
	}
}

static bool *choose_all(const struct project *project, char *const *names, size_t n, bool deps,
			struct arena *arena)
{
	bool *chosen = ARENA_ARRAY(arena, bool, project->n_services + 1);

	for (size_t i = 0; i < n; i++)
		choose_name(project, names[i], deps, chosen);
	for (size_t i = 0; n == 0 && i < project->n_services; i++)
		choose(project, &project->services[i], deps, chosen);
	return chosen;
}

/* --- which builds --- */

static const char *describe(const struct builder *builder, const struct build *build)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct writer writer = WRITER_INIT(&text, WRITER_JSON);

	writer_open_map(&writer);
	schema_emit(&writer, &schema_build, build);
	writer_close(&writer);
	return arena_strdup(builder->arena, text.text);
}

static struct build_job *find_same(const struct builder *builder, const struct build *build)
{
	const char *wanted = describe(builder, build);

	for (size_t i = 0; i < builder->n_jobs; i++)
		if (strcmp(describe(builder, builder->jobs[i].request.service->build), wanted) == 0)
			return &builder->jobs[i];
	return NULL;
}

static int add_name(const struct builder *builder, struct build_job *job, const char *name,
		    struct err *err)
{
	char normal[IMAGE_REFERENCE_SIZE];
	int r = image_reference_normalize(name, normal, sizeof(normal), err);

	if (r == 0 && strchr(normal, '@'))
		return err_set(err, EINVAL, "'%s': an image cannot be given a digest", name);
	if (r < 0)
		return r;
	for (size_t i = 0; i < job->n_names; i++)
		if (strcmp(job->names[i], normal) == 0)
			return 0;
	if (job->n_names == BUILD_NAMES_MAX)
		return err_set(err, EFBIG, "its image has more than %d names", BUILD_NAMES_MAX);
	job->names[job->n_names++] = arena_strdup(builder->arena, normal);
	return 0;
}

static int add_service(struct builder *builder, const struct service *service, struct err *err)
{
	const struct build_args *args = builder->args;
	struct build_job *job = find_same(builder, service->build);
	int r;

	if (!job) {
		job = &builder->jobs[builder->n_jobs++];
		job->request = (struct build_request){.buildah = &builder->buildah,
						      .project = builder->project,
						      .service = service,
						      .args = &args->args,
						      .no_cache = args->no_cache,
						      .pull = args->pull};
	}
	r = add_name(builder, job, service->image, err);
	for (size_t i = 0; r == 0 && i < service->build->tags.n; i++)
		r = add_name(builder, job, service->build->tags.items[i], err);
	return r < 0 ? err_wrap(err, "service '%s'", service->name) : 0;
}

/* In a chroot RUN has the /dev/shm of the host. */
static void tell_ineffective(const struct builder *builder, const struct service *service)
{
	if (service->build->shm_size && strcmp(builder->buildah.isolation, "chroot") == 0 &&
	    builder->cli->progress != PROGRESS_QUIET && !builder->args->quiet)
		cli_say("note: service '%s': 'build.shm_size' has no effect on this host, where "
			"buildah cannot run containers and takes a chroot",
			service->name);
}

static int run_jobs(struct builder *builder, struct err *err)
{
	int r;

	if (builder->n_jobs == 0)
		return 0;
	r = cli_need_root(err);
	if (r == 0)
		r = buildah_open(&builder->buildah, &builder->cli->paths, err);
	for (size_t i = 0; r == 0 && i < builder->n_jobs; i++) {
		struct build_job *job = &builder->jobs[i];

		builder->n_prepared++;
		r = build_job_prepare(job, builder->arena, i, err);
		if (r == 0)
			tell_ineffective(builder, job->request.service);
		else
			err_wrap(err, "service '%s'", job->request.service->name);
	}
	return r < 0 ? r
		     : build_jobs_run(builder->jobs, builder->n_jobs, builder->cli,
				      builder->args->quiet, err);
}

static int builder_init(struct builder *builder, struct cli *cli, const struct project *project,
			const struct build_args *args)
{
	*builder = (struct builder){.cli = cli,
				    .project = project,
				    .args = args,
				    .arena = arena_new(),
				    .buildah = BUILDAH_INIT};
	builder->jobs = ARENA_ARRAY(builder->arena, struct build_job, project->n_services + 1);
	return 0;
}

static bool is_missing(const struct builder *builder, const struct service *service)
{
	struct image image;

	if (service->pull_policy && strcmp(service->pull_policy, "build") == 0)
		return true;
	if (image_find(&builder->cli->paths, service->image, &image, NULL) < 0)
		return true;
	image_release(&image);
	return false;
}

int build_before_up(struct cli *cli, const struct project *project, char *const *services, size_t n,
		    bool no_deps, bool always, struct err *err)
{
	static const struct build_args args = {.quiet = false};
	CLEANUP(builder_release) struct builder builder;
	const bool *chosen;
	int r = 0;

	builder_init(&builder, cli, project, &args);
	chosen = choose_all(project, services, n, !no_deps, builder.arena);
	for (size_t i = 0; r == 0 && i < project->n_services; i++) {
		const struct service *service = &project->services[i];

		if (chosen[i] && service->build && (always || is_missing(&builder, service)))
			r = add_service(&builder, service, err);
	}
	return r < 0 ? r : run_jobs(&builder, err);
}

static int build_run(struct cli *cli, const void *values, char **services, size_t n,
		     struct err *err)
{
	CLEANUP(project_cleanup) struct project *project = NULL;
	const struct build_args *args = values;
	CLEANUP(builder_release) struct builder builder = {.buildah = BUILDAH_INIT};
	const bool *chosen;
	int r = cli_load(cli, &project, err);

	if (r == 0)
		r = request_check_services(project, services, n, err);
	if (r != 0)
		return r;
	builder_init(&builder, cli, project, args);
	chosen = choose_all(project, services, n, args->with_dependencies, builder.arena);
	for (size_t i = 0; r == 0 && i < project->n_services; i++)
		if (chosen[i] && project->services[i].build)
			r = add_service(&builder, &project->services[i], err);
	if (r == 0 && builder.n_jobs == 0)
		cli_say("nothing to build: %s 'build:'",
			n ? "these services do not say" : "no service says");
	return r < 0 ? r : run_jobs(&builder, err);
}

const struct command command_build = {
	.name = "build",
	.operands = "[SERVICE…]",
	.help = "Build the images of services from their Dockerfiles",
	.options = build_options,
	.n_options = ARRAY_SIZE(build_options),
	.args_size = sizeof(struct build_args),
	.max_operands = COMMAND_ANY,
	.run = build_run,
};
