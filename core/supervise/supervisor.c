// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/supervisor.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/supervise/internal.h"
#include "core/supervise/resume.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Units for all records; nothing is started or watched yet. */
static int take_over(struct supervisor *supervisor, struct err *err)
{
	struct driver *driver = &supervisor->driver;
	struct container_record *records = NULL;
	size_t n = 0;
	int r = driver->ops->records_load(driver->ctx, &records, &n, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		unit_new(supervisor, &records[i]);
	free(records);
	return 0;
}

/* What runs is watched again, what ended meanwhile ends now. */
static void adopt_all(struct supervisor *supervisor)
{
	struct unit *next;

	for (struct unit *unit = supervisor->units; unit; unit = next) {
		next = unit->next;
		unit_adopt(unit);
	}
	if (supervisor->units)
		publish_changed(supervisor);
}

int supervisor_new(const struct supervisor_options *options, struct supervisor **ret_supervisor,
		   struct err *err)
{
	struct supervisor *supervisor = calloc(1, sizeof(*supervisor));
	int r;

	if (!supervisor)
		return err_nomem(err);
	snprintf(supervisor->project_name, sizeof(supervisor->project_name), "%s",
		 options->project);
	supervisor->paths = options->paths;
	supervisor->loop = options->loop;
	supervisor->driver = options->driver;
	supervisor->run_fd = options->run_fd;
	supervisor->managed = options->boot;
	supervisor->publisher = publisher_new(supervisor);
	r = desired_load(supervisor, err);
	if (r == 0)
		r = take_over(supervisor, err);
	if (r == 0 && options->only_if_needed && !supervisor->project && !supervisor->units) {
		(void)options->driver.ops->project_remove(options->driver.ctx, false, NULL);
		r = err_set(err, ENODATA, "nothing is left of project '%s'", options->project);
	}
	if (r == 0)
		r = server_new(supervisor, &supervisor->server, err);
	if (r < 0) {
		supervisor_free(supervisor);
		return r;
	}
	adopt_all(supervisor);
	heal_start(supervisor);
	schedule_start(supervisor);
	pending_resume(supervisor);
	follow_resume(supervisor);
	r = options->boot ? boot_resume(supervisor, err) : 0;
	if (r < 0)
		supervisor_free(supervisor);
	else
		*ret_supervisor = supervisor;
	return r;
}

void supervisor_rest(struct supervisor *supervisor)
{
	boot_rest(supervisor);
}

void supervisor_leave(struct supervisor *supervisor, bool taken_down)
{
	struct driver *driver = &supervisor->driver;
	struct err err = ERR_INIT;

	supervisor->down = true;
	if (taken_down)
		boot_forget(supervisor);
	server_unlisten(supervisor->server);
	if (driver->ops->project_remove(driver->ctx, taken_down, &err) < 0)
		log_warn("%s, ignoring", err.msg);
	uv_stop(supervisor->loop);
}

bool supervisor_has_left(const struct supervisor *supervisor)
{
	return supervisor->left;
}

bool supervisor_is_down(const struct supervisor *supervisor)
{
	return supervisor->down;
}

void supervisor_free(struct supervisor *supervisor)
{
	if (!supervisor)
		return;
	follow_stop(supervisor);
	schedule_stop(supervisor);
	heal_stop(supervisor);
	operation_abandon(supervisor);
	server_free(supervisor->server);
	supervisor->server = NULL;
	while (supervisor->units)
		unit_free(supervisor->units);
	publisher_free(supervisor->publisher);
	timer_free(supervisor->settle);
	project_free(supervisor->project);
	json_decref(supervisor->project_json);
	free(supervisor);
}
