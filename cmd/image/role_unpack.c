// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/command.h"
#include "cmd/image/events.h"
#include "cmd/image/harden.h"
#include "cmd/image/interrupt.h"
#include "cmd/image/roles.h"
#include "core/base/cleanup.h"
#include "store/image.h"
#include "store/import/early.h"
#include "store/import/pulled.h"
#include "store/import/stream.h"
#include "store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

struct unpacking {
	const struct paths *paths;
	struct early *early;
	int pull_fd, out;
};

static void tell(const struct unpacking *unpacking, const json_t *event, const char *action,
		 const char *detail)
{
	events_send(unpacking->out, events_image(events_text(event, "name"), action, detail));
}

static int read_pulled(const json_t *event, struct pulled *pulled, struct err *err)
{
	const json_t *blobs = json_object_get(event, "blobs");
	const char *hex = events_text(event, "hex");
	size_t n = json_array_size(blobs);

	if (!digest_is_hex(hex))
		return err_set(err, EINVAL, "the download names no manifest");
	memcpy(pulled->hex, hex, sizeof(pulled->hex));
	pulled->size = (uint64_t)json_integer_value(json_object_get(event, "size"));
	pulled->reference = strdup(events_text(event, "reference"));
	pulled->media_type = strdup(events_text(event, "type"));
	pulled->blobs = calloc(n + 1, sizeof(*pulled->blobs));
	if (!pulled->reference || !pulled->media_type || !pulled->blobs)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		const char *blob = json_string_value(json_array_get(blobs, i));

		pulled->blobs[i] = strdup(blob ? blob : "");
		if (!pulled->blobs[i])
			return err_nomem(err);
	}
	return 0;
}

static int unpack(const struct unpacking *unpacking, const json_t *event, struct image *ret_image,
		  struct err *err)
{
	CLEANUP(layout_release) struct layout layout = LAYOUT_INIT;
	CLEANUP(pulled_release) struct pulled pulled = {.reference = NULL};
	int r = read_pulled(event, &pulled, err);

	if (r == 0)
		r = layout_open(&layout, unpacking->paths, NULL, err);
	return r < 0 ? r
		     : pulled_import(&layout, unpacking->pull_fd, unpacking->early, &pulled,
				     ret_image, err);
}

static void got_downloaded(const struct unpacking *unpacking, const json_t *event)
{
	char size[COMMAND_SIZE_LEN], detail[128];
	struct image image = {.id = NULL};
	struct err err = ERR_INIT;
	int r;

	tell(unpacking, event, "unpacking", "");
	r = unpack(unpacking, event, &image, &err);
	if (r == -ESTALE) {
		tell(unpacking, event, "stale", "");
		return;
	}
	if (r < 0) {
		tell(unpacking, event, "error", err.msg);
		return;
	}
	snprintf(detail, sizeof(detail), "%.12s, %s in %zu layer%s", digest_hex(image.id),
		 command_size(image.size, size), image.n_layers, command_plural(image.n_layers));
	tell(unpacking, event, "pulled", detail);
	image_release(&image);
}

static void got_current(const struct unpacking *unpacking, const json_t *event)
{
	struct image image = {.id = NULL};
	struct err err = ERR_INIT;
	int r = image_find(unpacking->paths, events_text(event, "reference"), &image, &err);

	if (r == 0)
		r = image_confirm(unpacking->paths, &image, &err);
	image_release(&image);
	if (r == -ENOENT)
		tell(unpacking, event, "stale", "");
	else
		tell(unpacking, event, r < 0 ? "error" : "current", r < 0 ? err.msg : "");
}

static void got_layer(const struct unpacking *unpacking, const json_t *event)
{
	const char *hex = digest_hex(events_text(event, "digest"));

	if (hex)
		early_add(unpacking->early, hex);
}

static void got(void *data, json_t *event)
{
	const struct unpacking *unpacking = data;

	if (strcmp(events_text(event, "event"), "layer") == 0)
		got_layer(unpacking, event);
	else if (strcmp(events_text(event, "action"), "current") == 0)
		got_current(data, event);
	else
		got_downloaded(data, event);
}

static void got_no_more(void *data, json_t *event)
{
	tell(data, event, "error", "what unpacks it could not begin");
}

/* By its path, since it is to be behind harden_mounts(). */
static int open_downloads(const struct paths *paths, int *ret_fd, struct err *err)
{
	char path[PATH_MAX];
	int r = paths_join(path, sizeof(path), err, "%s/images/pull", paths->root);

	if (r < 0)
		return r;
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "open '%s'", path) : 0;
}

int role_unpack(const struct paths *paths, int in, int out)
{
	CLEANUP_FD int pull_fd = -1;
	struct unpacking unpacking = {.paths = paths, .out = out};
	CLEANUP(events_release) struct events events = {.fd = in, .buffer = STRBUF_INIT};
	struct err err = ERR_INIT;
	const struct stream_progress progress = {.stopped = interrupted};
	int r;

	/* What is begun is removed, so this end comes as an ordinary one. */
	interrupt_catch();
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	r = harden_mounts(&err);
	if (r == 0)
		r = open_downloads(paths, &pull_fd, &err);
	unpacking.pull_fd = pull_fd;
	if (r == 0)
		r = harden(paths, -1, &err);
	if (r == 0)
		r = early_new(paths, pull_fd, &progress, &unpacking.early, &err);
	if (r < 0)
		fprintf(stderr, "stack: %s\n", err.msg);
	while (!interrupted(NULL) && events_read(&events, r < 0 ? got_no_more : got, &unpacking))
		;
	early_free(unpacking.early);
	return r < 0;
}
