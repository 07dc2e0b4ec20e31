// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/push.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "store/registry/http.h"
#include "store/registry/manifest.h"
#include "store/registry/shown.h"
#include "store/registry/source.h"
#include "store/registry/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* One image on its way. */
struct push {
	struct http *http;
	const struct push_options *options;
	const struct push_watcher *watcher;
	struct source *source;
	int fd; /* the manifest's bytes */
	struct manifest manifest;
	struct upload *uploads;
	struct shown *shown;
	size_t n;
};

static void push_release(struct push *push)
{
	for (size_t i = 0; i < push->n; i++)
		upload_release(&push->uploads[i]);
	free(push->uploads);
	free(push->shown);
	manifest_release(&push->manifest);
	cleanup_close(&push->fd);
}

static int damaged(const char *hex, struct err *err)
{
	return err_set(err, EINVAL, "the image store is damaged at the blob %.12s", hex);
}

/* --- what there is to send --- */

static bool is_whole(const char *text, size_t len, const char *hex)
{
	char found[HASH_HEX_LEN + 1];

	hash_bytes(found, text, len);
	return strcmp(found, hex) == 0;
}

static int read_manifest(struct push *push, const char *hex, struct err *err)
{
	struct descriptor self = {.size = 0};
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	int r = fd_read_file(push->options->blobs_fd, hex, MANIFEST_MAX, &text, &len, err);

	if (r == -ENOENT)
		return err_set(err, ENOENT, "its manifest is not in the store any more");
	if (r < 0)
		return r;
	if (!is_whole(text, len, hex))
		return damaged(hex, err);
	push->fd = openat(push->options->blobs_fd, hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (push->fd < 0)
		return err_sys(err, errno, "open the blob %.12s", hex);
	memcpy(self.hex, hex, sizeof(self.hex));
	self.size = len;
	r = manifest_type("", text, len, &self.type, err);
	return r < 0 ? r : manifest_parse(text, len, &self, &push->manifest, err);
}

static bool is_added(const struct push *push, const char *hex)
{
	for (size_t i = 0; i < push->n; i++)
		if (strcmp(push->uploads[i].hex, hex) == 0)
			return true;
	return false;
}

/* An image may have the same layer more than once. */
static int add_upload(struct push *push, const struct descriptor *blob, struct err *err)
{
	if (is_added(push, blob->hex))
		return 0;
	return upload_init(&push->uploads[push->n++], push->source, blob, push->options->blobs_fd,
			   err);
}

static int add_uploads(struct push *push, struct err *err)
{
	const struct manifest *manifest = &push->manifest;
	int r = 0;

	push->uploads = calloc(manifest->n_layers + 1, sizeof(*push->uploads));
	push->shown = calloc(manifest->n_layers + 1, sizeof(*push->shown));
	if (!push->uploads || !push->shown)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < manifest->n_layers; i++)
		r = add_upload(push, &manifest->layers[i], err);
	return r < 0 ? r : add_upload(push, &manifest->config, err);
}

/* --- the blobs --- */

static const char *action_of(const struct upload *upload)
{
	if (upload->transfer.state != TRANSFER_DONE)
		return upload->step == UPLOAD_LOOK ? "waiting" : "uploading";
	if (upload->transfer.result < 0)
		return "error";
	return upload->was_there ? "exists" : "uploaded";
}

static void on_tick(void *data)
{
	struct push *push = data;

	for (size_t i = 0; i < push->n; i++) {
		const struct upload *upload = &push->uploads[i];
		const char *action = action_of(upload);
		uint64_t bytes = upload->was_there ? upload->content.size : upload->content.sent;

		if (upload->is_layer && shown_update(&push->shown[i], action, bytes))
			push->watcher->layer(push->watcher->data, push->source->name, upload->hex,
					     action, bytes, upload->content.size);
	}
}

static void ignore_tick(void *data)
{
	(void)data;
}

static int blobs_result(struct push *push, struct err *err)
{
	for (size_t i = 0; i < push->n; i++) {
		const struct upload *upload = &push->uploads[i];
		int r = upload->transfer.result;

		if (r >= 0 || r == -ECANCELED)
			continue;
		*err = upload->transfer.err;
		return err_wrap(err, upload->is_layer ? "layer %.12s" : "configuration %.12s",
				upload->hex);
	}
	return 0;
}

static int send_blobs(struct push *push, struct err *err)
{
	CLEANUP_FREE struct transfer **list = calloc(push->n, sizeof(*list));

	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < push->n; i++)
		list[i] = &push->uploads[i].transfer;
	transfers_run(push->http, &push->options->policy, list, push->n, on_tick, push);
	return blobs_result(push, err);
}

/* --- the tag --- */

static int name_it(struct push *push, bool give, bool *ret_is_same, struct err *err)
{
	CLEANUP(naming_release) struct naming naming = {.path = NULL};
	struct transfer *list[] = {&naming.transfer};
	int r = naming_init(&naming, push->source, &push->manifest.self, push->fd, give, err);

	if (r < 0)
		return r;
	transfers_run(push->http, &push->options->policy, list, 1, ignore_tick, NULL);
	if (naming.transfer.result < 0) {
		*err = naming.transfer.err;
		return naming.transfer.result;
	}
	*ret_is_same = naming.is_same;
	return 0;
}

/* --- all of it --- */

static void count(const struct push *push, struct push_result *result, bool *ret_all_there)
{
	*ret_all_there = true;
	for (size_t i = 0; i < push->n; i++) {
		const struct upload *upload = &push->uploads[i];

		*ret_all_there = *ret_all_there && upload->was_there;
		result->n_layers += upload->is_layer;
		result->n_uploaded += upload->is_layer && !upload->was_there;
	}
}

static int push_one(struct push *push, const char *hex, struct err *err)
{
	struct push_result result = {.hex = hex};
	bool is_same = false, all_there;
	int r = read_manifest(push, hex, err);

	if (r == 0)
		r = add_uploads(push, err);
	/* The first question is also the one by which we get to know the registry. */
	if (r == 0)
		r = name_it(push, false, &is_same, err);
	if (r == 0)
		r = send_blobs(push, err);
	if (r < 0)
		return r;
	count(push, &result, &all_there);
	result.was_there = is_same && all_there;
	if (!result.was_there)
		r = name_it(push, true, &is_same, err);
	if (r == 0)
		push->watcher->done(push->watcher->data, push->source, &result);
	return r;
}

size_t push_run(struct http *http, struct source *sources, const char *const *hex, size_t n,
		const struct push_options *options, const struct push_watcher *watcher)
{
	size_t n_failed = 0;

	for (size_t i = 0; i < n; i++) {
		CLEANUP(push_release)
		struct push push = {.http = http,
				    .options = options,
				    .watcher = watcher,
				    .source = &sources[i],
				    .fd = -1};
		struct err err = ERR_INIT;

		watcher->begun(watcher->data, &sources[i]);
		if (push_one(&push, hex[i], &err) < 0) {
			watcher->failed(watcher->data, &sources[i], &err);
			n_failed++;
		}
	}
	return n_failed;
}
