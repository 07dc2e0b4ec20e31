// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three rounds for all images at once: what their names mean, which manifest that is for the
 * platform, and the blobs.
 */
#include "store/registry/pull.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/registry/blob.h"
#include "store/registry/http.h"
#include "store/registry/manifest.h"
#include "store/registry/page.h"
#include "store/registry/shown.h"
#include "store/registry/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE (sizeof("manifests/sha256:") + 128 + DIGEST_HEX_LEN)

struct job {
	struct source *source;
	char path[PATH_SIZE];
	struct page page;
	struct descriptor wanted; /* the manifest; its type is NULL until it is known */
	struct manifest manifest;
	struct blob *blobs;
	struct shown *shown;
	size_t n_blobs;
	bool over; /* told: complete, current or failed */
};

struct pull {
	struct http *http;
	const struct pull_options *options;
	const struct pull_watcher *watcher;
	struct job *jobs;
	size_t n, n_failed;
};

static void fail_job(struct pull *pull, struct job *job, const struct err *err)
{
	job->over = true;
	job->source->failed = true;
	pull->n_failed++;
	page_release(&job->page);
	pull->watcher->failed(pull->watcher->data, job->source, err);
}

static void ignore_tick(void *data)
{
	(void)data;
}

/* Run the pages of the jobs that are not over and WANT one. */
static void run_pages(struct pull *pull, bool (*want)(const struct job *job))
{
	struct transfer **list = calloc(pull->n + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		abort();
	for (size_t i = 0; i < pull->n; i++)
		if (!pull->jobs[i].over && want(&pull->jobs[i]))
			list[n++] = &pull->jobs[i].page.transfer;
	transfers_run(pull->http, &pull->options->policy, list, n, ignore_tick, NULL);
	free(list);
}

/* The document stays, for it is a blob of the image too. */
static int keep_document(const struct pull *pull, const struct page *page, struct err *err)
{
	return fd_replace_file(pull->options->pull_fd, page->hex, page->body.text, page->body.len,
			       0600, err);
}

/* --- round 1: the name --- */

static bool wants_name(const struct job *job)
{
	return !job->wanted.type;
}

static int read_name(struct pull *pull, struct job *job, struct err *err)
{
	const struct page *page = &job->page;
	const struct media_type *type;
	int r;

	if (page->transfer.result < 0) {
		*err = page->transfer.err;
		return page->transfer.result;
	}
	r = manifest_type(page->transfer.answer.content_type, page->body.text, page->body.len,
			  &type, err);
	if (r < 0)
		return r;
	if (type->kind == MEDIA_INDEX)
		return manifest_choose(page->body.text, page->body.len, &pull->options->platform,
				       &job->wanted, err);
	job->wanted = (struct descriptor){.type = type, .size = page->body.len};
	memcpy(job->wanted.hex, page->hex, sizeof(job->wanted.hex));
	return 0;
}

static bool is_current(const struct pull *pull, const struct job *job)
{
	const char *id = pull->watcher->known(pull->watcher->data, job->source);

	return id && strcmp(digest_hex(id), job->wanted.hex) == 0;
}

/* --- round 2: the manifest --- */

static bool wants_manifest(const struct job *job)
{
	return strcmp(job->page.hex, job->wanted.hex) != 0 || job->page.body.len == 0;
}

static void prepare_manifest(struct job *job)
{
	struct source *source = job->source;

	if (strcmp(job->page.hex, job->wanted.hex) == 0)
		return;
	page_release(&job->page);
	snprintf(job->path, sizeof(job->path), "manifests/sha256:%s", job->wanted.hex);
	page_init(&job->page, source, job->path, job->wanted.type->name, job->wanted.hex,
		  MANIFEST_MAX);
}

static int add_blobs(const struct pull *pull, struct job *job, struct err *err)
{
	const struct manifest *manifest = &job->manifest;
	size_t n = manifest->n_layers + 1;

	job->blobs = calloc(n, sizeof(*job->blobs));
	job->shown = calloc(n, sizeof(*job->shown));
	if (!job->blobs || !job->shown)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const struct descriptor *blob =
			i > 0 ? &manifest->layers[i - 1] : &manifest->config;

		blob_init(&job->blobs[i], job->source, blob->hex, blob->size, i > 0,
			  pull->options->pull_fd, pull->options->blobs_fd);
		job->n_blobs++;
	}
	return 0;
}

static int read_manifest(struct pull *pull, struct job *job, struct err *err)
{
	const struct page *page = &job->page;
	const char *type = page->transfer.answer.content_type;
	const struct media_type *said;
	int r;

	if (page->transfer.result < 0) {
		*err = page->transfer.err;
		return page->transfer.result;
	}
	if (page->body.len != job->wanted.size)
		return err_set(err, EINVAL, "its manifest has %zu bytes, not the %llu of the index",
			       page->body.len, (unsigned long long)job->wanted.size);
	r = manifest_type(type, page->body.text, page->body.len, &said, err);
	if (r < 0)
		return r;
	if (said->kind != MEDIA_MANIFEST || job->wanted.type->kind != MEDIA_MANIFEST)
		return err_set(err, EINVAL, "the index leads to what is no manifest");
	r = manifest_parse(page->body.text, page->body.len, &job->wanted, &job->manifest, err);
	if (r == 0)
		r = keep_document(pull, page, err);
	if (r == 0)
		r = add_blobs(pull, job, err);
	page_release(&job->page);
	return r;
}

/* --- round 3: the blobs --- */

static const char *action_of(const struct blob *blob)
{
	switch (blob->transfer.state) {
	case TRANSFER_WAITING:
		return blob->received > 0 ? "downloading" : "waiting";
	case TRANSFER_ACTIVE:
		return "downloading";
	case TRANSFER_DONE:
		break;
	}
	if (blob->transfer.result < 0)
		return "error";
	return blob->was_there ? "exists" : "downloaded";
}

static void show(const struct pull *pull, const struct job *job, size_t i)
{
	const struct blob *blob = &job->blobs[i];
	const char *action = action_of(blob);

	if (!blob->is_layer || !shown_update(&job->shown[i], action, blob->received))
		return;
	pull->watcher->layer(pull->watcher->data, job->source->name, blob->hex, action,
			     blob->received, blob->size);
}

static void tell_complete(const struct pull *pull, const struct job *job)
{
	char **blobs = calloc(job->n_blobs + 2, sizeof(*blobs));

	if (!blobs)
		abort();
	blobs[0] = (char *)(uintptr_t)job->wanted.hex;
	for (size_t i = 0; i < job->n_blobs; i++)
		blobs[i + 1] = job->blobs[i].hex;
	pull->watcher->image(pull->watcher->data, job->source, &job->wanted, blobs);
	free(blobs);
}

static void fail_blobs(struct pull *pull, struct job *job)
{
	for (size_t i = 0; i < job->n_blobs; i++) {
		struct blob *blob = &job->blobs[i];

		if (blob->transfer.result >= 0 || blob->transfer.result == -ECANCELED)
			continue;
		err_wrap(&blob->transfer.err,
			 blob->is_layer ? "layer %.12s" : "configuration %.12s", blob->hex);
		fail_job(pull, job, &blob->transfer.err);
		return;
	}
}

static void on_tick(void *data)
{
	struct pull *pull = data;

	for (size_t i = 0; i < pull->n; i++) {
		struct job *job = &pull->jobs[i];
		size_t n_done = 0, n_good = 0;

		for (size_t k = 0; k < job->n_blobs && !job->over; k++) {
			const struct transfer *transfer = &job->blobs[k].transfer;

			show(pull, job, k);
			n_done += transfer->state == TRANSFER_DONE;
			n_good += transfer->state == TRANSFER_DONE && transfer->result == 0;
		}
		if (job->over || n_done < job->n_blobs)
			continue;
		if (n_good < n_done) {
			fail_blobs(pull, job);
		} else {
			job->over = true;
			tell_complete(pull, job);
		}
	}
}

static void run_blobs(struct pull *pull)
{
	struct transfer **list;
	size_t n = 0;

	for (size_t i = 0; i < pull->n; i++)
		n += pull->jobs[i].n_blobs;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		abort();
	n = 0;
	for (size_t i = 0; i < pull->n; i++)
		for (size_t k = 0; k < pull->jobs[i].n_blobs && !pull->jobs[i].over; k++)
			list[n++] = &pull->jobs[i].blobs[k].transfer;
	transfers_run(pull->http, &pull->options->policy, list, n, on_tick, pull);
	free(list);
}

/* --- all of it --- */

static void job_init(struct job *job, struct source *source)
{
	job->source = source;
	snprintf(job->path, sizeof(job->path), "manifests/%s", source->tag);
	page_init(&job->page, source, job->path, MANIFEST_ACCEPT, digest_hex(source->tag),
		  MANIFEST_MAX);
}

static void job_release(struct job *job)
{
	for (size_t i = 0; i < job->n_blobs; i++)
		blob_release(&job->blobs[i]);
	free(job->blobs);
	free(job->shown);
	manifest_release(&job->manifest);
	page_release(&job->page);
}

/* One round's reading, for the jobs that are not over. */
static void read_all(struct pull *pull,
		     int (*read)(struct pull *pull, struct job *job, struct err *err))
{
	for (size_t i = 0; i < pull->n; i++) {
		struct job *job = &pull->jobs[i];
		struct err err = ERR_INIT;

		if (!job->over && read(pull, job, &err) < 0)
			fail_job(pull, job, &err);
	}
}

size_t pull_run(struct http *http, struct source *sources, size_t n,
		const struct pull_options *options, const struct pull_watcher *watcher)
{
	struct pull pull = {.http = http, .options = options, .watcher = watcher, .n = n};

	pull.jobs = calloc(n + 1, sizeof(*pull.jobs));
	if (!pull.jobs)
		abort();
	for (size_t i = 0; i < n; i++)
		job_init(&pull.jobs[i], &sources[i]);
	run_pages(&pull, wants_name);
	read_all(&pull, read_name);
	for (size_t i = 0; i < n; i++) {
		struct job *job = &pull.jobs[i];

		if (!job->over && is_current(&pull, job)) {
			job->over = true;
			watcher->current(watcher->data, job->source);
		} else if (!job->over) {
			prepare_manifest(job);
		}
	}
	run_pages(&pull, wants_manifest);
	read_all(&pull, read_manifest);
	run_blobs(&pull);
	for (size_t i = 0; i < n; i++)
		job_release(&pull.jobs[i]);
	free(pull.jobs);
	return pull.n_failed;
}
