// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/load.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/model/check.h"
#include "core/model/decode.h"
#include "core/model/diagnostics.h"
#include "core/model/granted.h"
#include "core/model/kept.h"
#include "core/model/node.h"
#include "core/model/normalise.h"
#include "core/model/report.h"
#include "core/model/schema.h"
#include "core/model/sources.h"
#include "core/model/stackfile.h"
#include "core/model/variables.h"
#include "core/model/writer.h"
#include "core/model/yaml.h"

#include <errno.h>
#include <string.h>

/*
 * While a project is loaded: its arena has the model and all texts in it, the
 * other one has nodes, sources and variables, and goes when loading is done.
 */
struct loader {
	const struct load_options *options;
	struct project *project;
	struct arena *scratch;
	struct reporter reporter;
	struct variables environment; /* the process's, and what .env adds to it */
	struct sources sources;
	struct strings files;
	struct strings profiles;
	const char *directory;
	const char *demanded; /* the name that -p or the environment says; NULL: neither does */
	bool canonical;
};

static void loader_init(struct loader *loader, const struct load_options *options,
			struct diagnostics *diag)
{
	struct arena *arena = arena_new();

	loader->options = options;
	loader->project = ARENA_NEW(arena, struct project);
	loader->project->arena = arena;
	loader->scratch = arena_new();
	loader->reporter = (struct reporter){.diag = diag, .arena = loader->scratch};
	loader->environment.arena = loader->scratch;
	loader->sources = (struct sources){.texts = arena,
					   .scratch = loader->scratch,
					   .report = &loader->reporter,
					   .uses = options->uses,
					   .no_interpolate = options->no_interpolate};
}

static void loader_release(struct loader *loader)
{
	project_free(loader->project);
	variables_release(&loader->environment);
	sources_release(&loader->sources);
	arena_free(loader->scratch);
}

/* --env-file, else COMPOSE_ENV_FILES, else .env in the project directory. */
static int read_dotenvs(struct loader *loader, struct variables *ret, struct err *err)
{
	const struct load_options *options = loader->options;
	const char *list = stackfile_setting(&loader->environment, "ENV_FILES");
	struct strings files = {.n = 0};
	int r = 0;

	if (options->n_env_files == 0 && !list)
		return sources_read_dotenv(
			&loader->sources,
			arena_printf(loader->scratch, "%s/.env", loader->directory), false,
			&loader->environment, ret, err);
	if (options->n_env_files == 0)
		files = stackfile_split(loader->scratch, list, ',');
	for (size_t i = 0; r == 0 && i < files.n; i++)
		r = sources_read_dotenv(&loader->sources, files.items[i], true,
					&loader->environment, ret, err);
	for (size_t i = 0; r == 0 && i < options->n_env_files; i++)
		r = sources_read_dotenv(&loader->sources, options->env_files[i], true,
					&loader->environment, ret, err);
	return r;
}

/* What the process has wins over what .env says. */
static int load_environment(struct loader *loader, struct err *err)
{
	CLEANUP(variables_release) struct variables dotenv = {.arena = loader->scratch};
	size_t before = loader->reporter.diag->n_errors;
	int r = read_dotenvs(loader, &dotenv, err);

	/* A broken line is in the diagnostics, and what else is wrong should get there too. */
	if (r < 0 && loader->reporter.diag->n_errors == before)
		return r;
	for (size_t i = 0; i < dotenv.n; i++)
		if (!variables_get(&loader->environment, dotenv.items[i].key))
			variables_set(&loader->environment, dotenv.items[i].key,
				      dotenv.items[i].value);
	return 0;
}

/* The directory's, when nobody says another one. */
static const char *default_name(struct loader *loader)
{
	const char *slash = strrchr(loader->directory, '/');
	const char *name = normalise_name(loader->project->arena, slash + 1);

	return *name ? name : "default";
}

static void choose_name(struct loader *loader, const struct node *root)
{
	struct project *project = loader->project;
	const struct node *said = node_get(root, "name");
	struct position pos = said ? said->pos : root->pos;

	if (loader->demanded)
		project->name = arena_strdup(project->arena, loader->demanded);
	if (!project->name)
		project->name = default_name(loader);
	if (!normalise_is_name(project->name) || strlen(project->name) > 63)
		report(&loader->reporter, SEVERITY_ERROR, pos,
		       "'%s' cannot be the project's name: it takes up to 63 lower-case letters, "
		       "digits, '-' and '_', with a letter or digit first",
		       project->name);
}

/* Values may name it: as the Compose Specification has it, from the first file on. */
static void announce_name(void *data, const struct node *root)
{
	static const char variable[] = "COMPOSE_PROJECT_NAME";
	struct loader *loader = data;
	const struct node *said = node_get(root, "name");
	const char *name = loader->demanded;

	if (variables_get(&loader->environment, variable))
		return;
	if (!name && said && said->kind == NODE_SCALAR && !strchr(said->text, '$'))
		name = said->text;
	variables_set(&loader->environment, variable, name ? name : default_name(loader));
}

static void decode_project(struct loader *loader, const struct node *root)
{
	struct project *project = loader->project;
	struct decoder decoder = {
		.arena = project->arena,
		.report = &loader->reporter,
		.origins = loader->sources.origins,
		.canonical = loader->canonical,
	};

	schema_init(&schema_project, project);
	schema_decode(&decoder, &schema_project, root, project);
	if (project->n_services == 0 && !loader->canonical && loader->reporter.diag->n_errors == 0)
		report(&loader->reporter, SEVERITY_ERROR, root->pos,
		       "there are no services; name at least one below 'services:'");
	if (!project->working_dir)
		project->working_dir = arena_strdup(project->arena, loader->directory);
}

/* From the merged tree to the finished project. */
static int build_project(struct loader *loader, const struct node *root,
			 struct project **ret_project)
{
	CLEANUP(names_release) struct names inactive = NAMES_INIT;
	struct project *project = loader->project;

	decode_project(loader, root);
	choose_name(loader, root);
	normalise_profiles(project, &loader->profiles, &inactive);
	check_references(project, &inactive, &loader->reporter);
	check_cycles(project, &loader->reporter);
	settle_networks(project, &loader->reporter);
	normalise_images(project);
	normalise_networks(project);
	normalise_volumes(project);
	granted_normalise(project);
	check_clashes(project, &loader->reporter);
	check_addresses(project, &loader->reporter);
	check_networks(project, &loader->reporter);
	if (loader->reporter.diag->n_errors > 0)
		return -EINVAL;
	*ret_project = TAKE_PTR(loader->project);
	return 0;
}

static int fail_with_diagnostics(struct loader *loader, int r, struct err *err)
{
	size_t n;

	diagnostics_sort(loader->reporter.diag);
	if (loader->options->strict && diagnostics_promote(loader->reporter.diag) && r == 0)
		r = -EINVAL;
	n = loader->reporter.diag->n_errors;
	if (r == -EINVAL && n > 0)
		return err_set(err, EINVAL, "the stack file has %zu error%s", n, n == 1 ? "" : "s");
	return r;
}

static void choose_profiles(struct loader *loader)
{
	const struct load_options *options = loader->options;
	const char *list = stackfile_setting(&loader->environment, "PROFILES");

	loader->profiles = stackfile_split(loader->scratch, list ? list : "", ',');
	if (options->n_profiles > 0)
		loader->profiles = (struct strings){.items = (const char **)options->profiles,
						    .n = options->n_profiles};
}

/* The files, where they lie, and what variables there are. */
static int look_around(struct loader *loader, struct err *err)
{
	const struct load_options *options = loader->options;
	int r;

	variables_set_environ(&loader->environment, options->environ);
	r = stackfile_find(options, &loader->environment, loader->scratch, &loader->files, err);
	if (r < 0)
		return r;
	r = stackfile_directory(options, loader->files.items[0], loader->scratch,
				&loader->sources.cwd, &loader->directory, err);
	if (r == 0)
		r = load_environment(loader, err);
	loader->demanded = loader->options->project_name
				   ? loader->options->project_name
				   : stackfile_setting(&loader->environment, "PROJECT_NAME");
	return r;
}

static int find_and_load(struct loader *loader, struct node **ret_root, struct err *err)
{
	struct source_set set = {.files = &loader->files, .environment = &loader->environment};
	int r = look_around(loader, err);

	if (r < 0)
		return r;
	choose_profiles(loader);
	set.directory = loader->directory;
	loader->sources.parsed = announce_name;
	loader->sources.data = loader;
	return sources_load(&loader->sources, &set, ret_root, err);
}

int load_tree(const struct load_options *options, bool yaml, struct diagnostics *diag,
	      struct strbuf *out, struct err *err)
{
	CLEANUP(loader_release) struct loader loader = {.canonical = false};
	struct writer writer = WRITER_INIT(out, yaml ? WRITER_YAML : WRITER_JSON);
	struct node *root;
	int r;

	loader_init(&loader, options, diag);
	r = find_and_load(&loader, &root, err);
	if (r == 0)
		kept_emit(&writer, root);
	return fail_with_diagnostics(&loader, r, err);
}

int load_variables(const struct load_options *options, struct diagnostics *diag,
		   struct variables *ret, struct err *err)
{
	CLEANUP(loader_release) struct loader loader = {.canonical = false};
	int r;

	loader_init(&loader, options, diag);
	r = look_around(&loader, err);
	for (size_t i = 0; r == 0 && i < loader.environment.n; i++)
		variables_set(ret, loader.environment.items[i].key,
			      loader.environment.items[i].value);
	return fail_with_diagnostics(&loader, r, err);
}

int load_project(const struct load_options *options, struct diagnostics *diag,
		 struct project **ret_project, struct err *err)
{
	CLEANUP(loader_release) struct loader loader = {.canonical = false};
	struct node *root;
	int r;

	loader_init(&loader, options, diag);
	r = find_and_load(&loader, &root, err);
	if (r == 0)
		r = build_project(&loader, root, ret_project);
	return fail_with_diagnostics(&loader, r, err);
}

int load_canonical(const char *text, size_t len, const char *name, struct diagnostics *diag,
		   struct project **ret_project, struct err *err)
{
	static const struct load_options options = {.no_interpolate = true};
	static const char *all[] = {"*"};
	static const struct origin nowhere = {.directory = "/"};
	CLEANUP(loader_release)
	struct loader loader = {
		.canonical = true, .directory = "/", .profiles = {.items = all, .n = 1}};
	struct node *root;
	int r;

	loader_init(&loader, &options, diag);
	loader.sources.origins = &nowhere;
	r = yaml_parse(&yaml_limits_own, loader.scratch, loader.project->arena, &loader.reporter,
		       arena_strdup(loader.project->arena, name), text, len, &root);
	if (r == 0)
		r = build_project(&loader, root, ret_project);
	return fail_with_diagnostics(&loader, r, err);
}
