// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probe: what the container says of itself, sd_notify(3)
 *
 * The socket is there from before the container starts until it is removed, so
 * that a program that is ready at once is heard.  Anybody in the container may
 * send: no more than a little is read in one turn and none at all for a while
 * after a flood, whose sender waits then, since datagrams of a full queue do.
 * Descriptors that are sent along are closed by the kernel, which is also what
 * sd_notify_barrier(3) waits for.
 */
#include "core/supervise/health.h"

#include "core/base/log.h"
#include "core/supervise/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_MAX 4096
#define BURST	    16	/* datagrams in one turn of the loop … */
#define PAUSE_MS    100 /* … and then none for so long */

struct notify {
	struct unit *unit;
	struct watch *socket;
	struct timer *pause;
	bool ready, stopping;
	char status[256];
};

/* For a terminal too: what is not printable is replaced. */
static void keep_status(struct notify *notify, const char *text, size_t len)
{
	size_t n = len < sizeof(notify->status) - 1 ? len : sizeof(notify->status) - 1;

	/* Not in the middle of a character. */
	while (n > 0 && n < len && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++)
		notify->status[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	notify->status[n] = '\0';
}

static void take_line(struct notify *notify, const char *line, size_t len)
{
	static const char status[] = "STATUS=", ready[] = "READY=1", stopping[] = "STOPPING=1";

	if (len == sizeof(ready) - 1 && memcmp(line, ready, len) == 0)
		notify->ready = true;
	else if (len == sizeof(stopping) - 1 && memcmp(line, stopping, len) == 0)
		notify->stopping = true;
	else if (len >= sizeof(status) - 1 && memcmp(line, status, sizeof(status) - 1) == 0)
		keep_status(notify, line + sizeof(status) - 1, len - (sizeof(status) - 1));
}

static void take_message(struct notify *notify, const char *text, size_t len)
{
	for (const char *end = text + len; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		take_line(notify, text, (size_t)(stop - text));
		text = stop + 1;
	}
}

static void tell_health(struct notify *notify)
{
	struct health *health = notify->unit->health;

	if (!notify->ready || !health || health->probe.kind != PROBE_NOTIFY ||
	    health_has_come(health))
		return;
	health_came(health);
	health_answer(health, true, NULL);
}

static void on_pause_over(void *data)
{
	struct notify *notify = data;

	watch_until_readable(notify->socket);
}

static void on_message(void *data)
{
	struct notify *notify = data;
	char message[MESSAGE_MAX];
	int n_read = 0;

	for (; n_read < BURST; n_read++) {
		ssize_t n = recv(watch_fd(notify->socket), message, sizeof(message),
				 MSG_DONTWAIT | MSG_TRUNC);

		if (n < 0)
			break;
		/* One that is too long is nobody's word. */
		if ((size_t)n <= sizeof(message))
			take_message(notify, message, (size_t)n);
	}
	if (n_read == BURST) {
		watch_pause(notify->socket);
		timer_arm(notify->pause, PAUSE_MS);
	}
	/* Last: whoever hears of it may end the unit. */
	tell_health(notify);
}

void notify_open(struct unit *unit)
{
	struct driver *driver = &unit->supervisor->driver;
	uv_loop_t *loop = unit->supervisor->loop;
	struct err err = ERR_INIT;
	struct notify *notify;
	int fd;

	notify_close(unit);
	if (!unit->service || unit->service->probe.kind != PROBE_NOTIFY)
		return;
	if (driver->ops->notify_open(driver->ctx, unit->record.name, &fd, &err) < 0) {
		log_warn("container '%s': %s", unit->record.name, err.msg);
		return;
	}
	notify = calloc(1, sizeof(*notify));
	if (!notify)
		abort();
	notify->unit = unit;
	notify->pause = timer_new(loop, on_pause_over, notify);
	notify->socket = watch_new(loop, fd, on_message, notify);
	unit->notify = notify;
}

void notify_close(struct unit *unit)
{
	struct notify *notify = unit->notify;

	if (!notify)
		return;
	unit->notify = NULL;
	watch_free(notify->socket);
	timer_free(notify->pause);
	free(notify);
}

json_t *notify_to_json(const struct unit *unit)
{
	const struct notify *notify = unit->notify;
	json_t *json;

	if (!notify)
		return NULL;
	json = json_pack("{s:s, s:b}", "status", notify->status, "stopping", notify->stopping);
	return json ? json
		    : json_pack("{s:s, s:b}", "status", "(not UTF-8)", "stopping",
				notify->stopping);
}

/* A supervisor that finds the container running has to listen, too. */
static void *probe_open(struct health *health)
{
	if (!health->unit->notify)
		notify_open(health->unit);
	return health;
}

static void probe_look(void *probing)
{
	struct health *health = probing;
	const struct notify *notify = health->unit->notify;
	bool come = health_has_come(health) || (notify && notify->ready);

	if (come)
		health_came(health);
	health_answer(health, come, "it has not said READY=1 yet");
}

/* The socket belongs to the container, not to one look at it. */
static void probe_close(void *probing)
{
	(void)probing;
}

const struct prober probe_notify = {probe_open, probe_look, probe_close, .once = true};
