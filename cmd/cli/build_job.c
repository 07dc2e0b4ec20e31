// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/build_job.h"

#include "cmd/cli/build_check.h"
#include "cmd/cli/buildah.h"
#include "cmd/cli/dockerfile.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/program.h"
#include "core/model/build.h"
#include "core/model/project.h"
#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define LAYOUT_BLOBS   "image/blobs/sha256"
#define DOCKERFILE_MAX ((size_t)1 << 20)

static void add_step(struct build_job *job, const struct build_step *step)
{
	if (job->n_steps < BUILD_STEPS_MAX)
		job->steps[job->n_steps++] = *step;
}

/* A step of buildah with WORDS, NULL-terminated. */
static void add_buildah(struct build_job *job, const char *const *words)
{
	const char *usual[BUILDAH_WORDS_MAX], **argv;
	size_t n = buildah_words(job->request.buildah, usual), more = 0;

	while (words[more])
		more++;
	argv = ARENA_ARRAY(job->arena, const char *, n + more + 1);
	memcpy(argv, usual, n * sizeof(*argv));
	memcpy(argv + n, words, more * sizeof(*argv));
	add_step(job, &(struct build_step){.command = buildah_command(job->request.buildah, argv)});
}

/* --- base images --- */

/*
 * The image REFERENCE of the store and the hex digits of its blobs: the manifest's,
 * the configuration's, which is what buildah knows it by, the layers'.
 */
static int find_image(const struct paths *paths, const char *reference, struct image *ret_image,
		      char ***ret_blobs)
{
	CLEANUP_FD int fd = -1;
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), NULL, "%s/images", paths->root);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = image_find(paths, reference, ret_image, NULL);
	if (r < 0)
		return r;
	r = image_file_blobs(fd, digest_hex(ret_image->id), ret_blobs, NULL);
	if (r < 0)
		image_release(ret_image);
	return r;
}

/*
 * buildah writes no blob that is there already, and knows layers by their diff ids.
 * So a file without content stands for each layer that the store has, and neither
 * is it compressed again, nor read, nor stored twice.
 */
static int mark_known(const struct build_job *job, const struct image *image, char *const *blobs,
		      struct err *err)
{
	char path[PATH_MAX];
	size_t n = 0;
	int r = 0;

	/* Where a layer occurs twice, which blob is which is not known. */
	while (blobs[n])
		n++;
	for (size_t i = 0; r == 0 && n == image->n_layers + 2 && i < image->n_layers; i++) {
		CLEANUP_FD int fd = -1;

		r = paths_join(path, sizeof(path), err, "%s/" LAYOUT_BLOBS "/%s",
			       job->request.output, image->layers[i]);
		if (r < 0)
			return r;
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			r = err_sys(err, errno, "create '%s'", path);
	}
	return r;
}

/* Have buildah find the image REFERENCE of the store under that name. */
static int add_base(struct build_job *job, const char *reference, struct err *err)
{
	const struct build_request *request = &job->request;
	bool newest = request->pull || request->service->build->pull;
	CLEANUP(image_release) struct image image = {0};
	char **blobs = NULL;
	int r = 0;

	if (!newest && find_image(request->buildah->paths, reference, &image, &blobs) == 0) {
		/* From <root>: buildah makes a name of the path, and names have no capitals. */
		const char *copy[] = {"pull", "-q",
				      arena_printf(job->arena, "oci:images:%s", reference), NULL};
		const char *tag[] = {"tag", arena_strdup(job->arena, blobs[1]), reference, NULL};

		add_buildah(job, copy);
		add_buildah(job, tag);
		r = mark_known(job, &image, blobs, err);
		image_file_list_free(blobs);
	} else if (build_cuts_network(request)) {
		const char *fetch[] = {"pull", "-q",
				       arena_printf(job->arena, "docker://%s", reference), NULL};

		add_buildah(job, fetch);
	}
	return r;
}

static int read_dockerfile(const struct build_request *request, struct arena *arena,
			   const char **ret_text, struct err *err)
{
	const struct build *build = request->service->build;
	const char *path = build_dockerfile(arena, request);
	CLEANUP_FREE char *text = NULL;
	int r;

	*ret_text = build->dockerfile_inline;
	if (build->dockerfile_inline || !path)
		return 0;
	r = fd_read_file(AT_FDCWD, path, DOCKERFILE_MAX, &text, NULL, err);
	if (r == -ENOENT)
		return err_set(err, ENOENT, "there is no Dockerfile '%s'", path);
	*ret_text = arena_strdup(arena, text);
	return r;
}

/* Images that contexts are, besides those of the Dockerfile. */
static size_t context_images(const struct build_request *request, const char **ret_names)
{
	const struct map *contexts = &request->service->build->additional_contexts;
	static const char image[] = "docker-image://", service[] = "service:";
	size_t n = 0;

	for (size_t i = 0; i < contexts->n; i++) {
		const char *value = contexts->items[i].value;

		if (strncmp(value, image, strlen(image)) == 0)
			ret_names[n++] = value + strlen(image);
		else if (strncmp(value, service, strlen(service)) == 0)
			ret_names[n++] =
				project_service(request->project, value + strlen(service))->image;
	}
	return n;
}

/* The file's ARGs below those of the command line. */
static struct map merged_args(const struct build_request *request, struct arena *arena)
{
	const struct map *args = &request->service->build->args;
	struct key_value *items =
		ARENA_ARRAY(arena, struct key_value, args->n + request->args->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < request->args->n; i++) {
		const char *text = request->args->items[i], *sign = strchr(text, '=');

		items[n++] =
			(struct key_value){arena_strndup(arena, text, strcspn(text, "=")),
					   sign ? sign + 1 : arena_strdup(arena, getenv(text))};
	}
	for (size_t i = 0; i < args->n; i++)
		items[n++] = args->items[i];
	return (struct map){items, n};
}

static int find_bases(struct build_job *job, struct arena *arena, struct err *err)
{
	const struct build_request *request = &job->request;
	const struct map *contexts = &request->service->build->additional_contexts;
	const struct map args = merged_args(request, arena);
	struct strings named = {.n = 0};
	const char **names, *text;
	size_t n;
	int r = read_dockerfile(request, arena, &text, err);

	if (r < 0)
		return r;
	if (text)
		named = dockerfile_images(arena, text, &args, contexts);
	names = ARENA_ARRAY(arena, const char *, named.n + contexts->n + 1);
	n = context_images(request, names);
	for (size_t i = 0; i < named.n; i++)
		names[n++] = named.items[i];
	job->bases.items = ARENA_ARRAY(arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++) {
		char normal[IMAGE_REFERENCE_SIZE];

		if (image_reference_normalize(names[i], normal, sizeof(normal), NULL) == 0)
			job->bases.items[job->bases.n++] = arena_strdup(arena, normal);
	}
	return 0;
}

/* --- its files --- */

static int write_text(const char *directory, const char *name, const char *text, struct err *err)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "%s/%s", directory, name);

	return r < 0 ? r : fd_replace_file(AT_FDCWD, path, text, strlen(text), 0600, err);
}

static int write_files(const struct build_request *request, struct err *err)
{
	const struct build *build = request->service->build;
	int r = fd_mkdir_p(request->files, 0700, err);

	if (r == 0)
		r = fd_mkdir_p(request->output, 0700, err);
	if (r == 0 && build->dockerfile_inline)
		r = write_text(request->files, "Dockerfile", build->dockerfile_inline, err);
	for (size_t i = 0; r == 0 && i < build->secrets.n; i++) {
		const struct file_object *object =
			project_secret(request->project, build->secrets.items[i].source);
		char name[32];

		snprintf(name, sizeof(name), "secret-%zu", i);
		if (!object->path)
			r = write_text(request->files, name, object->value ? object->value : "",
				       err);
	}
	return r;
}

/* --- its steps --- */

/* stack-image with WORDS, NULL-terminated. */
static int add_stack_image(struct build_job *job, const char *const *words, bool shown,
			   struct err *err)
{
	const struct paths *paths = job->request.buildah->paths;
	const char **argv;
	char program[PATH_MAX];
	size_t n = 0;
	int r = program_find("stack-image", program, sizeof(program), err);

	if (r < 0)
		return r;
	while (words[n])
		n++;
	argv = ARENA_ARRAY(job->arena, const char *, n + 6);
	argv[0] = arena_strdup(job->arena, program);
	argv[1] = "--root";
	argv[2] = paths->root;
	argv[3] = "--run";
	argv[4] = paths->run;
	memcpy(argv + 5, words, n * sizeof(*argv));
	add_step(job, &(struct build_step){.command = {.argv = argv, .directory = paths->root},
					   .shown = shown});
	return 0;
}

static int add_import(struct build_job *job, struct err *err)
{
	const char *layout = arena_printf(job->arena, "%s/image", job->request.output);
	const char *push[] = {"push",
			      "-q",
			      "--format",
			      "oci",
			      "--compression-format",
			      "zstd",
			      "--compression-level",
			      "1",
			      job->id,
			      arena_printf(job->arena, "oci:%s", layout),
			      NULL};
	const char *import[] = {"import", "--built", "-q", layout, job->names[0], NULL};
	const char *tag[BUILD_NAMES_MAX + 2] = {"tag"};
	int r;

	add_buildah(job, push);
	r = add_stack_image(job, import, true, err);
	if (r < 0 || job->n_names < 2)
		return r;
	memcpy(tag + 1, job->names, job->n_names * sizeof(*tag));
	return add_stack_image(job, tag, false, err);
}

int build_job_prepare(struct build_job *job, struct arena *arena, size_t number, struct err *err)
{
	struct build_request *request = &job->request;
	int r;

	job->arena = arena;
	job->process = (struct subprocess)SUBPROCESS_INIT;
	job->line = job->said = job->complaint = (struct strbuf)STRBUF_INIT;
	request->files =
		arena_printf(arena, "%s/%d-%zu", request->buildah->files, getpid(), number);
	request->output =
		arena_printf(arena, "%s/%d-%zu", request->buildah->work, getpid(), number);
	r = build_check(request, err);
	if (r == 0)
		r = find_bases(job, arena, err);
	return r < 0 ? r : write_files(request, err);
}

int build_job_plan(struct build_job *job, struct err *err)
{
	const struct build_request *request = &job->request;
	struct build_step build = {.shown = true};
	char blobs[PATH_MAX];
	int r = paths_join(blobs, sizeof(blobs), err, "%s/" LAYOUT_BLOBS, request->output);

	if (r == 0)
		r = fd_mkdir_p(blobs, 0700, err);
	for (size_t i = 0; r == 0 && i < job->bases.n; i++)
		r = add_base(job, job->bases.items[i], err);
	if (r < 0)
		return r;
	build.command = buildah_command(request->buildah, build_argv(job->arena, request));
	if (build_cuts_network(request))
		build.command.flags |= SUBPROCESS_NO_NETWORK;
	add_step(job, &build);
	return add_import(job, err);
}

void build_job_release(struct build_job *job)
{
	subprocess_release(&job->process);
	if (job->request.files)
		(void)fd_remove_tree(AT_FDCWD, job->request.files, NULL);
	/*
	 * Of one that was broken off or failed it stays, as the sign that buildah may have
	 * something to tidy: on a full disk it leaves what has filled that.
	 */
	if (job->request.output && job->state != BUILD_RUNNING && job->state != BUILD_FAILED)
		(void)fd_remove_tree(AT_FDCWD, job->request.output, NULL);
	strbuf_release(&job->line);
	strbuf_release(&job->said);
	strbuf_release(&job->complaint);
}
