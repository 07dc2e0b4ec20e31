// SPDX-License-Identifier: GPL-2.0-or-later
/* Why: how a container came to be as it is, for `stack why`. */
#include "core/supervise/internal.h"

#include <string.h>

#define EVENTS_MAX 20 /* of one container */

static json_t *timing_json(const struct start_timing *timing)
{
	return json_pack(
		"{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "waited_us",
		(json_int_t)timing->waited_us, "waited_for", timing->waited_for, "directories_us",
		(json_int_t)timing->made.directories_us, "network_us",
		(json_int_t)timing->made.network_us, "cgroups_us",
		(json_int_t)timing->made.cgroups_us, "files_us", (json_int_t)timing->made.files_us,
		"rules_us", (json_int_t)timing->rules_us, "setup_us", (json_int_t)timing->setup_us,
		"exec_us", (json_int_t)timing->exec_us, "ready_us", (json_int_t)timing->ready_us);
}

/* The last events of one container. */
struct history {
	const char *name;
	json_t *events;
};

static void collect(void *data, const json_t *event)
{
	const struct history *history = data;
	const char *name = json_string_value(json_object_get(event, "name"));

	if (!name || strcmp(name, history->name) != 0)
		return;
	json_array_append(history->events, (json_t *)(uintptr_t)event);
	if (json_array_size(history->events) > EVENTS_MAX)
		json_array_remove(history->events, 0);
}

json_t *why_to_json(const struct unit *unit)
{
	struct history history = {unit->record.name, json_array()};
	json_t *json = unit_to_json(unit);
	char why[160] = "";

	journal_read(unit->supervisor, collect, &history);
	json_object_set_new(json, "history", history.events);
	json_object_set_new(json, "timing", timing_json(&unit->timing));
	if (unit->state == UNIT_HELD)
		dependencies_met(unit, why, sizeof(why));
	json_object_set_new(json, "waiting", json_string(why));
	return json;
}
