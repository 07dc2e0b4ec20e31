// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/events.h"
#include "cmd/image/harden.h"
#include "cmd/image/roles.h"
#include "store/registry/http.h"
#include "store/registry/source.h"

#include <string.h>

struct telling {
	const struct download_role *role;
	int out;
};

static void tell_layer(void *data, const char *image, const char *hex, const char *action,
		       uint64_t bytes, uint64_t size)
{
	const struct telling *telling = data;

	events_send(telling->out, events_layer(image, hex, action, bytes, size));
}

static void tell_image(void *data, const struct source *source, const struct descriptor *manifest,
		       char *const *blobs)
{
	const struct telling *telling = data;
	json_t *list = json_array();

	for (; *blobs; blobs++)
		json_array_append_new(list, json_string(*blobs));
	events_send(telling->out,
		    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "event", "image", "name",
			      source->name, "action", "downloaded", "reference", source->reference,
			      "type", manifest->type->name, "hex", manifest->hex, "size",
			      (json_int_t)manifest->size, "blobs", list));
}

static void tell_current(void *data, const struct source *source)
{
	const struct telling *telling = data;

	events_send(telling->out,
		    json_pack("{s:s, s:s, s:s, s:s}", "event", "image", "name", source->name,
			      "action", "current", "reference", source->reference));
}

static void tell_failure(void *data, const struct source *source, const struct err *err)
{
	const struct telling *telling = data;

	events_send(telling->out, events_image(source->name, "error", err->msg));
}

static const char *known(void *data, const struct source *source)
{
	const struct telling *telling = data;

	return telling->role->known[source - telling->role->sources];
}

int role_download(const struct download_role *role, int out)
{
	struct telling telling = {role, out};
	const struct pull_watcher watcher = {.layer = tell_layer,
					     .image = tell_image,
					     .current = tell_current,
					     .failed = tell_failure,
					     .known = known,
					     .data = &telling};
	struct http http = {.multi = NULL};
	struct err err = ERR_INIT;
	int r = harden_network(role->paths, &err);

	if (r == 0)
		r = http_init(&http, &err);
	if (r == 0)
		pull_run(&http, role->sources, role->n, &role->options, &watcher);
	for (size_t i = 0; r < 0 && i < role->n; i++)
		events_send(out, events_image(role->sources[i].name, "error", err.msg));
	http_release(&http);
	return r < 0;
}
