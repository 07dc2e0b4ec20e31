// SPDX-License-Identifier: GPL-2.0-or-later
/* Units and events as JSON, in the words of control.h. */
#include "core/supervise/internal.h"

#include "core/base/strbuf.h"
#include "core/model/bandwidth.h"
#include "core/model/units.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* RFC 3339 with milliseconds, UTC; "" for 0. */
static json_t *time_json(uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	char text[40] = "";
	struct tm tm;
	size_t n;

	if (ns && gmtime_r(&seconds, &tm)) {
		n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(text + n, sizeof(text) - n, ".%03uZ",
			 (unsigned int)(ns / 1000000u % 1000u));
	}
	return json_string(text);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* What foreign bytes there are must not make a message that JSON cannot carry. */
static json_t *text_json(const char *text)
{
	json_t *json = json_string(text ? text : "");

	return json ? json : json_string("(not UTF-8)");
}

static void append_words(json_t *array, const struct strings *words)
{
	for (size_t i = 0; i < words->n; i++)
		json_array_append_new(array, text_json(words->items[i]));
}

/* What the container runs: an entrypoint of the file takes the image's command away too. */
static json_t *command_json(const struct unit *unit)
{
	static const struct strings nothing = {.n = 0};
	const struct strings *entrypoint = &unit->image.entrypoint, *command = &unit->image.command;
	json_t *array = json_array();

	if (unit->service && unit->service->entrypoint.is_set) {
		entrypoint = &unit->service->entrypoint;
		command = &nothing;
	}
	if (unit->service && unit->service->command.is_set)
		command = &unit->service->command;
	append_words(array, entrypoint);
	append_words(array, command);
	return array;
}

static json_t *log_path_json(const struct unit *unit)
{
	const struct supervisor *supervisor = unit->supervisor;

	return json_sprintf("%s/projects/%s/logs/%s.log", supervisor->paths->root,
			    supervisor->project_name, unit->record.name);
}

/* The limits in each network that has some, as the stack file writes them. */
static json_t *bandwidth_json(const struct unit *unit)
{
	json_t *all = json_object();

	for (size_t i = 0; unit->service && i < unit->record.n_addresses; i++) {
		const char *network = unit->record.addresses[i].network;
		const struct bandwidth b = bandwidth_in_network(unit->service, network);
		char in[UNITS_TEXT_MAX], out[UNITS_TEXT_MAX], loss[UNITS_TEXT_MAX];

		if (!bandwidth_is_limited(&b))
			continue;
		json_object_set_new(
			all, network,
			json_pack("{s:s*, s:s*, s:o*, s:o*, s:s*}", "ingress",
				  b.ingress ? units_rate_text(b.ingress, in) : NULL, "egress",
				  b.egress ? units_rate_text(b.egress, out) : NULL, "burst",
				  b.burst ? json_integer(b.burst) : NULL, "delay_ms",
				  b.delay_ms ? json_integer(b.delay_ms) : NULL, "loss",
				  b.loss ? units_percent_text(b.loss, loss) : NULL));
	}
	return all;
}

json_t *unit_to_json(const struct unit *unit)
{
	const struct container_record *record = &unit->record;
	json_t *json =
		json_pack("{s:s, s:s, s:i, s:o, s:s, s:s, s:s, s:i, s:b, s:o, s:i}", "name",
			  record->name, "service", record->service, "index", (int)record->index,
			  "image", text_json(record->image), "image_id", record->image_id, "state",
			  unit_state_name(unit->state), "health", health_status(unit), "exit_code",
			  unit->has_exit ? unit->exit.code : 0, "oom_killed",
			  unit->has_exit && unit->exit.oom_killed, "error", text_json(unit->error),
			  "restarts", (int)record->restarts);

	json_object_set_new(json, "pid", json_integer(unit->has_process ? unit->process.pid : 0));
	json_object_set_new(json, "exit_known", json_boolean(unit->has_exit && unit->exit.known));
	json_object_set_new(json, "command", command_json(unit));
	json_object_set_new(json, "created", time_json(record->created_ns));
	json_object_set_new(json, "started", time_json(unit->process.started_ns));
	json_object_set_new(json, "finished",
			    time_json(unit->has_exit ? unit->exit.finished_ns : 0));
	json_object_set_new(json, "ports",
			    unit->online ? record_ports_to_json(record) : json_array());
	json_object_set_new(json, "addresses", record_addresses_to_json(record));
	json_object_set_new(json, "bandwidth", bandwidth_json(unit));
	json_object_set_new(json, "config_hash", json_string(record->config_hash));
	json_object_set_new(json, "log", log_path_json(unit));
	/* NULL, where there is nothing to say, sets nothing. */
	(void)json_object_set_new(json, "notify", notify_to_json(unit));
	return json;
}

void emit(struct supervisor *supervisor, const char *kind, const char *name, const char *service,
	  const char *action, const char *detail, int64_t ms)
{
	json_t *event = json_pack("{s:s, s:o, s:s, s:o}", "event", kind, "name", text_json(name),
				  "action", action, "time", time_json(now_ns()));

	if (service)
		json_object_set_new(event, "service", text_json(service));
	if (detail && detail[0])
		json_object_set_new(event, "detail", text_json(detail));
	if (ms >= 0)
		json_object_set_new(event, "ms", json_integer(ms));
	journal_add(supervisor, event);
	server_broadcast(supervisor->server, event);
}

void emit_unit(struct unit *unit, const char *action, const char *detail, int64_t ms)
{
	emit(unit->supervisor, "container", unit->record.name, unit->record.service, action, detail,
	     ms);
}
