// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes: a connection, and an HTTP request over it
 *
 * The socket is one of the container's network, and all is done on the loop:
 *
 *	connecting → (tcp: good) → sending → reading the status → judged
 *
 * The container is not trusted: no more is read than the status takes, but for
 * what has come by then, which is read and thrown away so that a server that
 * has written its answer meets an ordinary end and not a reset.
 */
#include "core/supervise/health.h"

#include "core/base/strbuf.h"
#include "core/supervise/http_status.h"
#include "core/supervise/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define DRAIN_READS 16 /* of DRAIN_SIZE bytes */
#define DRAIN_SIZE  4096

struct net_probe {
	struct health *health;
	struct watch *socket; /* of the look that is under way */
	struct timer *limit;
	void (*step)(struct net_probe *probe); /* what is next when the socket is ready */
	struct strbuf request;
	size_t sent;
	char answer[HTTP_STATUS_LEN];
	size_t received;
};

static void finish(struct net_probe *probe, bool good, const char *why)
{
	timer_disarm(probe->limit);
	watch_clear(&probe->socket);
	health_answer(probe->health, good, why);
}

static int64_t port_of(const struct health_probe *probe)
{
	return probe->kind == PROBE_HTTP ? probe->http.port : probe->tcp;
}

static void fail(struct net_probe *probe, const char *what, int code)
{
	char why[192];

	snprintf(why, sizeof(why), "port %" PRId64 ": %s%s%s", port_of(&probe->health->probe), what,
		 code ? ": " : "", code ? strerror(code) : "");
	finish(probe, false, why);
}

static void drain(const struct net_probe *probe)
{
	char rest[DRAIN_SIZE];

	for (int i = 0; i < DRAIN_READS; i++)
		if (recv(watch_fd(probe->socket), rest, sizeof(rest), MSG_DONTWAIT) <= 0)
			return;
}

static void judge(struct net_probe *probe, int status)
{
	const struct http_probe *http = &probe->health->probe.http;
	char why[96];

	drain(probe);
	snprintf(why, sizeof(why), "the answer has status %d, expected %d to %d", status,
		 http->status_min, http->status_max);
	finish(probe, status >= http->status_min && status <= http->status_max, why);
}

static void read_answer(struct net_probe *probe)
{
	ssize_t n = recv(watch_fd(probe->socket), probe->answer + probe->received,
			 sizeof(probe->answer) - probe->received, MSG_DONTWAIT);
	int status, r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail(probe, "no answer", n < 0 ? errno : 0);
		return;
	}
	probe->received += (size_t)n;
	r = http_status_parse(probe->answer, probe->received, &status);
	if (r == 0)
		judge(probe, status);
	else if (r != -EAGAIN)
		fail(probe, "the answer is not HTTP/1", 0);
}

static void send_request(struct net_probe *probe)
{
	ssize_t n = send(watch_fd(probe->socket), probe->request.text + probe->sent,
			 probe->request.len - probe->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		fail(probe, "send the request", errno);
		return;
	}
	probe->sent += n > 0 ? (size_t)n : 0;
	if (probe->sent < probe->request.len)
		return;
	probe->step = read_answer;
	watch_until_readable(probe->socket);
}

static void connected(struct net_probe *probe)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (getsockopt(watch_fd(probe->socket), SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		code = errno;
	if (code) {
		fail(probe, "connect", code);
		return;
	}
	if (probe->health->probe.kind == PROBE_TCP) {
		finish(probe, true, NULL);
		return;
	}
	probe->step = send_request;
	send_request(probe);
}

static void on_ready(void *data)
{
	struct net_probe *probe = data;

	probe->step(probe);
}

static void on_limit(void *data)
{
	struct net_probe *probe = data;

	fail(probe, probe->step == connected ? "no connection in time" : "no answer in time", 0);
}

/* The lines of the file replace ours of the same name. */
static void write_request(const struct http_probe *http, struct strbuf *out)
{
	bool has_host = false;

	strbuf_printf(out, "GET %s HTTP/1.1\r\n", http->path);
	for (size_t i = 0; i < http->headers.n; i++) {
		const struct key_value *header = &http->headers.items[i];

		has_host = has_host || strcasecmp(header->key, "Host") == 0;
		strbuf_printf(out, "%s: %s\r\n", header->key, header->value);
	}
	if (!has_host)
		strbuf_printf(out, "Host: localhost:%" PRId64 "\r\n", http->port);
	strbuf_puts(out, "User-Agent: stack\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

static void *net_open(struct health *health)
{
	struct net_probe *probe = calloc(1, sizeof(*probe));

	if (!probe)
		abort();
	probe->health = health;
	probe->request = (struct strbuf)STRBUF_INIT;
	probe->limit = timer_new(health->unit->supervisor->loop, on_limit, probe);
	if (health->probe.kind == PROBE_HTTP)
		write_request(&health->probe.http, &probe->request);
	return probe;
}

static void net_look(void *probing)
{
	struct net_probe *probe = probing;
	struct unit *unit = probe->health->unit;
	struct driver *driver = &unit->supervisor->driver;
	struct err err = ERR_INIT;
	int fd;

	probe->sent = probe->received = 0;
	probe->step = connected;
	if (driver->ops->probe_connect(driver->ctx, unit->record.name,
				       (uint16_t)port_of(&probe->health->probe), &fd, &err) < 0) {
		health_answer(probe->health, false, err.msg);
		return;
	}
	probe->socket = watch_new(unit->supervisor->loop, fd, on_ready, probe);
	if (!probe->socket) {
		health_answer(probe->health, false, "the socket cannot be waited for");
		return;
	}
	watch_until_writable(probe->socket);
	timer_arm(probe->limit, probe->health->check.timeout_ms);
}

static void net_close(void *probing)
{
	struct net_probe *probe = probing;

	watch_free(probe->socket);
	timer_free(probe->limit);
	strbuf_release(&probe->request);
	free(probe);
}

const struct prober probe_http = {net_open, net_look, net_close, .once = false};
const struct prober probe_tcp = {net_open, net_look, net_close, .once = false};
