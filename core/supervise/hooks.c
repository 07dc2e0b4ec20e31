// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hooks: post_start and pre_stop of a service
 *
 * They run in the container one after the other.  A start is complete when the
 * last post_start hook has ended well; one that fails ends them, and is what
 * the start failed by, though the container goes on.  The stop signal is sent
 * when the last pre_stop hook has ended, well or not; the grace period is for
 * hooks and program together.  Hooks run at most once for one start: a
 * supervisor that is killed meanwhile leaves the rest of them out, for the next
 * one cannot know how far they came.  (Compose Specification, post_start and
 * pre_stop.)
 */
#include "core/supervise/internal.h"

#include "core/base/arena.h"
#include "core/base/log.h"
#include "core/supervise/run.h"

#include <stdio.h>
#include <stdlib.h>

struct hooks_run {
	struct unit *unit;
	struct arena *arena; /* the hooks' strings: projects come and go */
	struct hooks hooks;
	size_t at;
	enum hook_time time;
	struct run *run;
};

static struct map copy_map(struct arena *arena, const struct map *from)
{
	struct key_value *items = ARENA_ARRAY(arena, struct key_value, from->n + 1);

	for (size_t i = 0; i < from->n; i++)
		items[i] = (struct key_value){arena_strdup(arena, from->items[i].key),
					      arena_strdup(arena, from->items[i].value)};
	return (struct map){items, from->n};
}

static struct hooks copy_hooks(struct arena *arena, const struct hooks *from)
{
	struct hook *items = ARENA_ARRAY(arena, struct hook, from->n + 1);

	for (size_t i = 0; i < from->n; i++)
		items[i] = (struct hook){
			.command = strings_copy(arena, &from->items[i].command),
			.user = arena_strdup(arena, from->items[i].user),
			.working_dir = arena_strdup(arena, from->items[i].working_dir),
			.environment = copy_map(arena, &from->items[i].environment),
			.privileged = from->items[i].privileged,
		};
	return (struct hooks){items, from->n};
}

static void on_hook_end(void *data, const struct run_result *result);

/* What is said of a hook that did not end well. */
static void tell_failure(struct hooks_run *hooks, const char *what, const char *last)
{
	static const char *const keys[] = {
		[HOOK_POST_START] = "post_start", [HOOK_PRE_STOP] = "pre_stop"};
	struct unit *unit = hooks->unit;
	char text[1024];

	snprintf(text, sizeof(text), "%s: '%s' %s%s%s", keys[hooks->time],
		 hooks->hooks.items[hooks->at].command.items[0], what, *last ? ": " : "", last);
	if (hooks->time == HOOK_POST_START)
		snprintf(unit->hook_error, sizeof(unit->hook_error), "%.*s",
			 (int)sizeof(unit->hook_error) - 1, text);
	log_warn("container '%s': %s", unit->record.name, text);
	emit_unit(unit, "error", text, -1);
}

static void finish(struct hooks_run *hooks)
{
	struct unit *unit = hooks->unit;
	enum hook_time time = hooks->time;

	hooks_cancel(unit);
	if (time == HOOK_PRE_STOP)
		unit_send_stop(unit);
	else
		unit_changed(unit);
}

static void start_next(struct hooks_run *hooks)
{
	struct unit *unit = hooks->unit;

	while (hooks->at < hooks->hooks.n) {
		const struct hook *hook = &hooks->hooks.items[hooks->at];
		const struct probe probe = {
			.argv = hook->command.items,
			.user = hook->user,
			.cwd = hook->working_dir,
			.environment = &hook->environment,
			.privileged = hook->privileged,
			.timeout_ms = hooks->time == HOOK_PRE_STOP ? unit->grace_ms : -1,
		};
		struct err err = ERR_INIT;

		hooks->run = run_start(unit, &probe, on_hook_end, hooks, &err);
		if (hooks->run)
			return;
		tell_failure(hooks, "could not be started", err.msg);
		hooks->at = hooks->time == HOOK_POST_START ? hooks->hooks.n : hooks->at + 1;
	}
	finish(hooks);
}

static void on_hook_end(void *data, const struct run_result *result)
{
	struct hooks_run *hooks = data;
	char what[64];

	hooks->run = NULL;
	if (result->code != 0) {
		snprintf(what, sizeof(what), "ended with exit status %d", result->code);
		tell_failure(hooks, what, result->last);
	}
	if (result->code != 0 && hooks->time == HOOK_POST_START)
		hooks->at = hooks->hooks.n;
	else
		hooks->at++;
	start_next(hooks);
}

bool hooks_start(struct unit *unit, enum hook_time time)
{
	const struct hooks *wanted;
	struct hooks_run *hooks;

	hooks_cancel(unit);
	if (!unit->service || !unit->has_process)
		return false;
	wanted = time == HOOK_POST_START ? &unit->service->post_start : &unit->service->pre_stop;
	if (wanted->n == 0)
		return false;
	hooks = calloc(1, sizeof(*hooks));
	if (!hooks)
		abort();
	hooks->unit = unit;
	hooks->arena = arena_new();
	hooks->hooks = copy_hooks(hooks->arena, wanted);
	hooks->time = time;
	unit->hooks = hooks;
	start_next(hooks);
	return true;
}

void hooks_cancel(struct unit *unit)
{
	struct hooks_run *hooks = unit->hooks;

	if (!hooks)
		return;
	unit->hooks = NULL;
	run_free(hooks->run);
	arena_free(hooks->arena);
	free(hooks);
}
