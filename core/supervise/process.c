// SPDX-License-Identifier: GPL-2.0-or-later
/* Process: the shim of a unit, from its start or adoption to its end. */
#include "core/supervise/internal.h"

#include "core/base/log.h"
#include "core/supervise/restart.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_report(void *data);
static void on_shim_end(void *data);

static void watch_process(struct unit *unit, const struct container_process *process)
{
	uv_loop_t *loop = unit->supervisor->loop;

	watch_clear(&unit->report);
	watch_clear(&unit->shim);
	unit->shim = watch_new(loop, process->shim_pidfd, on_shim_end, unit);
	if (process->report_fd >= 0)
		unit->report = watch_new(loop, process->report_fd, on_report, unit);
}

void process_spawn(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	struct container_process process;
	struct err err = ERR_INIT;

	unit->has_exit = false;
	unit->has_process = false;
	unit->fresh = true;
	unit->timing.rules_us = (int64_t)(uv_hrtime() / 1000 - unit->spawn_began_us);
	unit->spawn_began_us = uv_hrtime() / 1000;
	notify_open(unit);
	if (driver->ops->container_start(driver->ctx, unit->record.name, &process, &err) < 0)
		unit_fail(unit, err.msg);
	else
		watch_process(unit, &process);
}

/* What a shell would say, and docker does: not found, not executable, or our own trouble. */
static int start_failure_code(long code)
{
	return code == ENOENT ? 127 : code == EACCES || code == ENOEXEC ? 126 : 125;
}

/* "ok PID START SETUP": what is not setting up is the shim's own start and the execve. */
static void note_start(struct unit *unit, const char *report)
{
	int64_t total = (int64_t)(uv_hrtime() / 1000 - unit->spawn_began_us);
	const char *last = strrchr(report, ' ');

	unit->timing.setup_us = strtoll(last + 1, NULL, 10);
	if (unit->timing.setup_us > total)
		unit->timing.setup_us = 0;
	unit->timing.exec_us = total - unit->timing.setup_us;
	unit->timing.ready_us = 0;
}

/*
 * Read the shim's report, "ok PID START SETUP" or "error ERRNO SENTENCE".  False: the
 * container did not start, and UNIT may be gone by now.
 */
static bool take_report(struct unit *unit)
{
	char line[640];
	ssize_t n = read(watch_fd(unit->report), line, sizeof(line) - 1);
	char *sentence = NULL;

	line[n > 0 ? n : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	watch_clear(&unit->report);
	if (strncmp(line, "ok ", 3) == 0) {
		struct driver *driver = &unit->supervisor->driver;
		struct container_view view = CONTAINER_VIEW_INIT;

		if (driver->ops->container_look(driver->ctx, unit->record.name, &view, NULL) == 0)
			unit->process = view.state;
		if (view.shim_pidfd >= 0)
			close(view.shim_pidfd);
		unit->has_process = true;
		note_start(unit, line);
		unit_event(unit, EVENT_STARTED);
		return true;
	}
	watch_clear(&unit->shim);
	if (strncmp(line, "error ", 6) == 0) {
		unit->exit = (struct container_exit){
			.known = true, .code = start_failure_code(strtol(line + 6, &sentence, 10))};
		unit->has_exit = true;
	}
	unit_fail(unit, sentence ? sentence + 1 : "its shim ended without a word");
	return false;
}

static void on_report(void *data)
{
	take_report(data);
}

/* Who stopped it decides: somebody by hand, what it depends on, its health; else its policy. */
static bool starts_again(const struct unit *unit, int code)
{
	if (unit->record.stopped || !unit->service)
		return false;
	if (unit->again)
		return true;
	if (unit->record.unhealthy)
		return unit->service->on_unhealthy == ON_UNHEALTHY_RESTART;
	return unit->state != UNIT_STOPPING && restart_wanted(unit->service, code, unit->attempts);
}

static void process_ended(struct unit *unit, const struct container_exit *exit)
{
	unit->exit = *exit;
	unit->has_exit = true;
	unit->has_process = false;
	if (unit->service && restart_succeeded(unit->service, exit->ran_ms))
		unit->attempts = 0;
	if (starts_again(unit, exit->code))
		unit_event(unit, EVENT_DIED_RETRY);
	else
		unit_event(unit, EVENT_DIED);
}

/* The shim is dead but its container lives: only another shim can tell how it ends. */
static void adopt_process(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	struct container_process process;
	struct err err = ERR_INIT;

	if (driver->ops->container_adopt(driver->ctx, unit->record.name, &process, &err) < 0) {
		log_error("container '%s': %s", unit->record.name, err.msg);
		return;
	}
	log_info("container '%s': its shim was killed; another one took over", unit->record.name);
	watch_process(unit, &process);
	watch_clear(&unit->report);
}

static void on_shim_end(void *data)
{
	struct unit *unit = data;
	struct driver *driver = &unit->supervisor->driver;
	struct container_view view = CONTAINER_VIEW_INIT;
	struct container_exit unknown = {.code = 137};
	struct err err = ERR_INIT;
	siginfo_t info;

	/* A program that ends at once: its report came first and says more. */
	if (unit->report && !take_report(unit))
		return;
	/* Not our child when it was adopted: then somebody else reaps it. */
	(void)waitid(P_PIDFD, (id_t)watch_fd(unit->shim), &info, WEXITED | WNOHANG);
	watch_clear(&unit->shim);
	if (driver->ops->container_look(driver->ctx, unit->record.name, &view, &err) < 0)
		log_error("container '%s': %s", unit->record.name, err.msg);
	if (view.shim_pidfd >= 0)
		close(view.shim_pidfd);
	if (view.running)
		adopt_process(unit);
	else
		process_ended(unit, view.has_exit ? &view.exit : &unknown);
}

#define ARRIVAL_INTERVAL_MS 10

static void on_arrival(void *data);

static void await_arrival(struct unit *unit)
{
	if (!unit->arrival)
		unit->arrival = timer_new(unit->supervisor->loop, on_arrival, unit);
	timer_arm(unit->arrival, ARRIVAL_INTERVAL_MS);
}

/* Its process runs, or has ended and its shim has yet to record how. */
static bool is_alive(const struct container_view *view)
{
	return view->running || (view->shim_pidfd >= 0 && !view->has_exit);
}

/* Of a process that is alive: watch its shim, or find it another one. */
static void take_shim(struct unit *unit, const struct container_view *view)
{
	unit->process = view->state;
	unit->has_process = true;
	if (view->shim_pidfd >= 0)
		watch_process(unit, &(struct container_process){.shim_pidfd = view->shim_pidfd,
								.report_fd = -1});
	else if (view->starting)
		await_arrival(unit);
	else
		adopt_process(unit);
}

/* A shim was at it when we came: what came of that? */
static void on_arrival(void *data)
{
	struct unit *unit = data;
	struct driver *driver = &unit->supervisor->driver;
	struct container_view view = CONTAINER_VIEW_INIT;
	struct container_exit unknown = {.code = 137};
	struct err err = ERR_INIT;

	if (driver->ops->container_look(driver->ctx, unit->record.name, &view, &err) < 0)
		log_error("container '%s': %s", unit->record.name, err.msg);
	if (view.starting && view.shim_pidfd < 0) {
		await_arrival(unit);
		return;
	}
	timer_clear(&unit->arrival);
	if (is_alive(&view)) {
		bool is_new = !unit->has_process;

		take_shim(unit, &view);
		if (is_new)
			unit_event(unit, EVENT_STARTED);
		return;
	}
	if (view.shim_pidfd >= 0)
		close(view.shim_pidfd);
	if (view.has_exit || unit->has_process)
		process_ended(unit, view.has_exit ? &view.exit : &unknown);
	else
		unit_fail(unit,
			  "the supervisor that started it died before it heard why it failed");
}

/*
 * It ran when the last supervisor saw it, or was about to.  What happened since
 * then happens now.
 */
static void adopt_alive(struct unit *unit, const struct container_view *view)
{
	struct driver *driver = &unit->supervisor->driver;
	struct err err = ERR_INIT;

	unit->state = is_alive(view) ? UNIT_RUNNING : UNIT_STARTING;
	if (unit->service &&
	    driver->ops->ports_reserve(driver->ctx, unit->service, &unit->record, &err) < 0)
		log_warn("container '%s': %s", unit->record.name, err.msg);
	unit_set_online(unit, true);
	if (unit->state == UNIT_STARTING) {
		unit->fresh = true;
		await_arrival(unit);
		return;
	}
	take_shim(unit, view);
	health_start(unit);
}

void unit_adopt(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	struct container_view view = CONTAINER_VIEW_INIT;
	struct err err = ERR_INIT;

	/* Who had it stand still was a client of the last supervisor. */
	(void)driver->ops->container_freeze(driver->ctx, unit->record.name, false, NULL);
	if (driver->ops->container_look(driver->ctx, unit->record.name, &view, &err) < 0) {
		log_warn("container '%s': %s", unit->record.name, err.msg);
		return;
	}
	unit->process = view.state;
	if (view.starting || is_alive(&view)) {
		adopt_alive(unit, &view);
		return;
	}
	if (view.shim_pidfd >= 0)
		close(view.shim_pidfd);
	if (!view.has_state)
		return;
	/* It ended while nobody looked: its policy decides as if it had ended just now. */
	unit->state = unit->record.stopped ? UNIT_STOPPING : UNIT_RUNNING;
	process_ended(unit, view.has_exit ? &view.exit : &(struct container_exit){.code = 137});
}
