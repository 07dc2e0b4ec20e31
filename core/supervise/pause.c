// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pause: a container stands still while a client looks at its files
 *
 * It lasts as long as the client's connection, and ends when anything happens to
 * the container, so nothing that dies leaves it standing: of a dead supervisor's
 * the next one lets go (unit_adopt).
 */
#include "core/supervise/requests.h"

#include "core/base/log.h"

#include <errno.h>

static int freeze(struct unit *unit, bool frozen, struct err *err)
{
	struct driver *driver = &unit->supervisor->driver;

	return driver->ops->container_freeze(driver->ctx, unit->record.name, frozen, err);
}

void pause_end(struct unit *unit)
{
	struct err err = ERR_INIT;

	if (!unit->paused)
		return;
	unit->paused = false;
	server_forget_paused(unit->supervisor->server, unit);
	if (freeze(unit, false, &err) < 0)
		log_warn("container '%s': %s", unit->record.name, err.msg);
}

int request_pause(struct supervisor *supervisor, struct client *client, const json_t *request,
		  struct err *err)
{
	const char *name = json_string_value(json_object_get(request, "container"));
	struct unit *unit = name ? unit_find(supervisor, name) : NULL;
	int r;

	if (!unit)
		return err_set(err, ENOENT, "there is no container '%s'", name ? name : "");
	if (unit->state != UNIT_RUNNING) {
		client_finish(client, json_pack("{s:s, s:b}", "result", "ok", "paused", 0));
		return 0;
	}
	r = unit->paused ? 0 : freeze(unit, true, err);
	if (r < 0)
		return err_wrap(err, "pause container '%s'", name);
	unit->paused = true;
	health_disturb(unit);
	client_pause(client, unit);
	client_send(client, json_pack("{s:s, s:b}", "result", "ok", "paused", 1));
	return 0;
}
