// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_CONTROL_H
#define STACK_CORE_SUPERVISE_CONTROL_H

#include <jansson.h>

#include "core/base/err.h"
#include "core/base/paths.h"

/*
 * Control: how commands talk to a project's supervisor
 *
 * A Unix stream socket, <run>/<project>/control.sock, mode 0600 in a 0700
 * directory; the peer must be root in our own mount and pid namespaces.  Each
 * message is a little-endian u32 length, at most CONTROL_MAX, and that many
 * bytes of JSON.  A connection carries one request; the supervisor answers
 * with any number of events and ends with exactly one result:
 *
 *	→ {"op":"up","project":{…},"services":["web"],…}
 *	← {"event":"container","name":"shop-db-1","service":"db","action":"started","ms":7}
 *	← {"result":"ok",…}	or	{"result":"error","message":"…","code":"EBUSY"}
 *
 * Closing the connection does not cancel the request (a second Ctrl-C sends
 * "kill").  While a changing request runs, another one waits for its turn.
 *
 * Requests ("services":[] or absent is all):
 *	ping						→ version, pid, project,
 *		firewall
 *	up	project, services, force_recreate, no_recreate, no_deps, remove_orphans,
 *		timeout (s), wait, wait_timeout (s), no_start
 *		follow: {files, argv, environ, directory}: run ARGV there when a file changes
 *	plan	project, services, force_recreate, remove_orphans → actions: [{action, target,
 *		reason, class, impact, replaces}]
 *	down	volumes, timeout, remove_orphans	the supervisor exits afterwards
 *	start | stop | restart | remove | kill	services, timeout, signal, wait, no_deps
 *	scale	scale: {service: number}, timeout
 *	ps						→ containers: [container]
 *	inspect	services				→ containers: [container with "detail"]
 *	enable	enable (false: no longer)
 *	hosts	enable (false: no longer)			→ address, link, domain: where
 *		the host is answered for names; none: it is not
 *	leave	idle (after what is under way)		another supervisor may come → managed:
 *		the service manager starts it
 *	heal	check					→ findings: [{kind, name, finding}]
 *	why	services				→ containers: [container with "timing",
 *		"history", "waiting"]
 *	pause	container				→ paused (false: it does not run): it
 *		stands still until the connection ends
 *	events	since, until (RFC 3339)			every event, no result unless until
 *
 * Events:
 *	{"event":"network"|"volume"|"container"|"port"|"warning", "name", "service",
 *	 "action", "detail", "ms", "time"}
 *	container actions: creating created starting started healthy unhealthy stopping
 *	stopped exited restarting removing removed running (up to date) waiting error
 *	draining switched restart updated drift healed
 * file actions: applied invalid failed (the detail is what the command said)
 *
 * container: {"name","service","index","image","image_id","command","state",
 *	"health","pid","exit_code","oom_killed","error","created","started","finished"
 *	(RFC 3339), "restarts","ports":[{"host_ip","published","target","protocol"}],
 *	"addresses":[{"network","address","mac","interface"}],"config_hash","log"}
 * state is one of lifecycle.h's names, health "" | "starting" | "healthy" | "unhealthy".
 */
#define CONTROL_MAX (16u * 1024 * 1024)

/*
 * The client's side.  Connect to PROJECT's supervisor.
 *
 * -ENOENT, -ECONNREFUSED: none runs.
 */
int control_connect(const struct paths *paths, const char *project, int *ret_fd, struct err *err);

/* Send one message.  Blocks: until the peer reads. */
int control_send(int fd, const json_t *message, struct err *err);

/*
 * Wait for the next message; the caller owns it.
 *
 * -ECONNRESET: the supervisor went away before the result.  -EBADMSG: no JSON,
 * or too long.  Blocks: until there is one.
 */
int control_receive(int fd, json_t **ret_message, struct err *err);

#endif
