// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Server: the control socket and its connections
 *
 * Only root in our own mount and pid namespaces is served: a container that
 * shares the host's network, or got hold of the socket's path, is told
 * nothing.  A client that does not read is dropped when too much waits for it.
 */
#include "core/supervise/internal.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "core/base/strbuf.h"
#include "core/supervise/control.h"
#include "core/supervise/frame.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 256
#define QUEUED_MAX  (32u * 1024 * 1024) /* bytes that may wait for a client */

struct server {
	struct supervisor *supervisor;
	uv_pipe_t pipe;
	struct client *clients;
	size_t n_clients;
	char path[108];
	bool closed;
};

struct client {
	struct server *server;
	struct client *next;
	uv_pipe_t pipe;
	struct frame_reader reader;
	json_t *parked;	     /* a request that waits for its turn */
	bool asked;	     /* the one request of the connection has come */
	struct unit *paused; /* goes on when the connection ends; NULL: none */
	bool subscribed;
	bool leaving;	/* the loop ends with it */
	bool finishing; /* closed when all is written */
	bool closing;
	size_t writes;
};

struct write {
	uv_write_t request;
	struct client *client;
	char *data;
};

/* The last to go frees it: its owner, its listening handle, or a client. */
static void server_release(struct server *server)
{
	if (!server->supervisor && server->closed && server->n_clients == 0)
		free(server);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;
	struct server *server = client->server;

	frame_reader_release(&client->reader);
	json_decref(client->parked);
	free(client);
	server->n_clients--;
	server_release(server);
}

static bool is_paused_by_any(const struct server *server, const struct unit *unit)
{
	for (const struct client *client = server->clients; client; client = client->next)
		if (client->paused == unit)
			return true;
	return false;
}

static void client_close(struct client *client)
{
	struct client **at = &client->server->clients;
	struct supervisor *supervisor = client->server->supervisor;

	if (client->closing)
		return;
	client->closing = true;
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	if (supervisor && supervisor->operation)
		operation_client_gone(supervisor->operation, client);
	if (client->paused && !is_paused_by_any(client->server, client->paused))
		pause_end(client->paused);
	uv_close((uv_handle_t *)&client->pipe, on_client_closed);
}

static void on_written(uv_write_t *request, int status)
{
	struct write *write = (struct write *)request->data;
	struct client *client = write->client;

	free(write->data);
	free(write);
	client->writes--;
	if (status < 0 || (client->finishing && client->writes == 0)) {
		if (client->leaving)
			uv_stop(client->pipe.loop);
		client_close(client);
	}
}

void client_send(struct client *client, json_t *message)
{
	CLEANUP(strbuf_release) struct strbuf frame = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct write *write;
	uv_buf_t buffer;

	if (!client || client->closing || frame_encode(&frame, message, &err) < 0) {
		json_decref(message);
		return;
	}
	json_decref(message);
	if (client->pipe.write_queue_size + frame.len > QUEUED_MAX) {
		client_close(client);
		return;
	}
	write = calloc(1, sizeof(*write));
	if (!write)
		abort();
	buffer.len = frame.len;
	write->client = client;
	write->data = buffer.base = strbuf_take(&frame);
	write->request.data = write;
	client->writes++;
	if (uv_write(&write->request, (uv_stream_t *)&client->pipe, &buffer, 1, on_written) != 0) {
		client->writes--;
		free(write->data);
		free(write);
		client_close(client);
	}
}

void client_finish(struct client *client, json_t *message)
{
	if (client)
		client->finishing = true;
	client_send(client, message);
}

void client_leave(struct client *client, json_t *message)
{
	client->leaving = true;
	client_finish(client, message);
}

void client_finish_error(struct client *client, int code, const char *message)
{
	json_t *text;

	if (!client)
		return;
	text = json_string(message);
	client_finish(client, json_pack("{s:s, s:o, s:s}", "result", "error", "message",
					text ? text : json_string("(not UTF-8)"), "code",
					strerrorname_np(code) ? strerrorname_np(code) : "EIO"));
}

void client_subscribe(struct client *client)
{
	client->subscribed = true;
}

void client_pause(struct client *client, struct unit *unit)
{
	client->paused = unit;
}

void server_forget_paused(struct server *server, const struct unit *unit)
{
	for (struct client *client = server ? server->clients : NULL; client; client = client->next)
		if (client->paused == unit)
			client->paused = NULL;
}

void client_park(struct client *client, json_t *request)
{
	json_decref(client->parked);
	client->parked = json_incref(request);
}

struct client *server_next_parked(struct server *server, json_t **ret_request)
{
	struct client *oldest = NULL;

	/* New connections stand in front, so the last one found waits longest. */
	for (struct client *client = server ? server->clients : NULL; client; client = client->next)
		if (client->parked)
			oldest = client;
	if (oldest) {
		*ret_request = oldest->parked;
		oldest->parked = NULL;
	}
	return oldest;
}

void server_broadcast(struct server *server, json_t *event)
{
	struct client *next;

	for (struct client *client = server ? server->clients : NULL; client; client = next) {
		next = client->next;
		if (client->subscribed && !client->finishing)
			client_send(client, json_incref(event));
	}
	json_decref(event);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	static char bytes[65536]; /* one loop, and each read is taken over at once */

	(void)handle;
	(void)suggested;
	*buffer = uv_buf_init(bytes, sizeof(bytes));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
	struct client *client = stream->data;
	struct err err = ERR_INIT;
	json_t *request = NULL;
	int r;

	if (n < 0) {
		client_close(client);
		return;
	}
	if (n == 0 || client->asked) /* nothing is expected after the request */
		return;
	frame_reader_add(&client->reader, buffer->base, (size_t)n);
	r = frame_reader_next(&client->reader, &request, NULL, &err);
	if (r < 0) {
		client_finish_error(client, -r, err.msg);
	} else if (r > 0) {
		client->asked = true;
		request_handle(client->server->supervisor, client, request);
		json_decref(request);
	}
}

/* Is PID in the same namespace of KIND as we are? */
static bool same_namespace(pid_t pid, const char *kind)
{
	char path[64];
	struct stat ours, theirs;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	if (stat(path, &theirs) < 0)
		return false;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	return stat(path, &ours) == 0 && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

static bool is_trusted(const struct client *client)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	uv_os_fd_t fd;

	return uv_fileno((const uv_handle_t *)&client->pipe, &fd) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0 &&
	       same_namespace(peer.pid, "mnt") && same_namespace(peer.pid, "pid");
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct server *server = stream->data;
	struct client *client;

	if (status < 0)
		return;
	client = calloc(1, sizeof(*client));
	if (!client)
		abort();
	client->server = server;
	uv_pipe_init(server->supervisor->loop, &client->pipe, 0);
	client->pipe.data = client;
	client->next = server->clients;
	server->clients = client;
	server->n_clients++;
	if (uv_accept(stream, (uv_stream_t *)&client->pipe) != 0 ||
	    server->n_clients > CLIENTS_MAX) {
		client_close(client);
		return;
	}
	if (!is_trusted(client)) {
		client_finish_error(client, EPERM,
				    "only root outside of containers may talk to a supervisor");
		return;
	}
	uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read);
}

static void on_server_closed(uv_handle_t *handle)
{
	struct server *server = handle->data;

	server->closed = true;
	server_release(server);
}

int server_new(struct supervisor *supervisor, struct server **ret_server, struct err *err)
{
	struct server *server = calloc(1, sizeof(*server));
	mode_t mask;
	int r;

	if (!server)
		return err_nomem(err);
	server->supervisor = supervisor;
	uv_pipe_init(supervisor->loop, &server->pipe, 0);
	server->pipe.data = server;
	r = paths_join(server->path, sizeof(server->path), err, "%s/%s/control.sock",
		       supervisor->paths->run, supervisor->project_name);
	if (r == 0) {
		/* We hold the project's lock: a socket that is there is a dead supervisor's. */
		unlink(server->path);
		mask = umask(0177);
		r = uv_pipe_bind(&server->pipe, server->path);
		umask(mask);
		if (r == 0)
			r = uv_listen((uv_stream_t *)&server->pipe, 64, on_connection);
		if (r < 0)
			err_set(err, -r, "listen on '%s': %s", server->path, uv_strerror(r));
	}
	if (r < 0) {
		uv_close((uv_handle_t *)&server->pipe, on_server_closed);
		return r;
	}
	*ret_server = server;
	return 0;
}

void server_unlisten(struct server *server)
{
	/* libuv removes the name that it bound. */
	if (!server->closed && !uv_is_closing((uv_handle_t *)&server->pipe))
		uv_close((uv_handle_t *)&server->pipe, on_server_closed);
}

void server_free(struct server *server)
{
	if (!server)
		return;
	while (server->clients)
		client_close(server->clients);
	server->supervisor = NULL;
	server_unlisten(server);
	server_release(server);
}
