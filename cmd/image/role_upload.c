// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/command.h"
#include "cmd/image/events.h"
#include "cmd/image/harden.h"
#include "cmd/image/roles.h"
#include "store/registry/http.h"
#include "store/registry/source.h"

#include <stdio.h>

struct telling {
	int out;
};

static void tell_begun(void *data, const struct source *source)
{
	const struct telling *telling = data;

	events_send(telling->out, events_image(source->name, "pushing", ""));
}

static void tell_layer(void *data, const char *image, const char *hex, const char *action,
		       uint64_t bytes, uint64_t size)
{
	const struct telling *telling = data;

	events_send(telling->out, events_layer(image, hex, action, bytes, size));
}

static void tell_done(void *data, const struct source *source, const struct push_result *result)
{
	const struct telling *telling = data;
	char detail[128];
	json_t *event;

	snprintf(detail, sizeof(detail), "%.12s, %zu of %zu layer%s uploaded", result->hex,
		 result->n_uploaded, result->n_layers, command_plural(result->n_layers));
	event = events_image(source->name, result->was_there ? "current" : "pushed", detail);
	json_object_set_new(event, "digest", json_sprintf("sha256:%s", result->hex));
	events_send(telling->out, event);
}

static void tell_failure(void *data, const struct source *source, const struct err *err)
{
	const struct telling *telling = data;

	events_send(telling->out, events_image(source->name, "error", err->msg));
}

int role_upload(const struct upload_role *role, int out)
{
	struct telling telling = {out};
	const struct push_watcher watcher = {.begun = tell_begun,
					     .layer = tell_layer,
					     .done = tell_done,
					     .failed = tell_failure,
					     .data = &telling};
	struct http http = {.multi = NULL};
	struct err err = ERR_INIT;
	int r = harden_network(role->paths, &err);

	if (r == 0)
		r = http_init(&http, &err);
	if (r == 0)
		push_run(&http, role->sources, role->hex, role->n, &role->options, &watcher);
	for (size_t i = 0; r < 0 && i < role->n; i++)
		tell_failure(&telling, &role->sources[i], &err);
	http_release(&http);
	return r < 0;
}
