// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_INTERNAL_H
#define STACK_CORE_SUPERVISE_INTERNAL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <uv.h>

#include "core/base/paths.h"
#include "core/converge/driver.h"
#include "core/converge/plan.h"
#include "core/supervise/lifecycle.h"

/*
 * What the files of the supervisor share
 *
 *	supervisor.c	birth, adoption and end
 *	unit.c		one container: events in, effect.c: effects out
 *	process.c	its shim
 *	drain.c		the end of its connections before its own
 *	dependencies.c	what it needs, and when that fails
 *	health.c	its health; probe_*.c: the ways to look at it
 *	publish.c	ports and names: one commit for all that changed in a turn of the loop
 *	schedule.c	starts by the clock
 *	heal.c		what others changed is put right
 *	desired.c	the project that was asked for last
 *	operation.c	carries out one plan for one client; actions.c, verdict.c, rollout.c
 *	follow.c	the stack file is applied when it is saved
 *	boot.c		what comes back after a reboot
 *	pending.c	the operation that a dead supervisor did not finish
 *	requests.c	what clients may ask for
 *	server.c	their connections
 *	status.c	units and events as JSON
 *	journal.c	events that happened before; why.c puts them together
 */
struct apply;
struct client;
struct drain;
struct follow;
struct healer;
struct health;
struct hooks_run;
struct notify;
struct operation;
struct scheduler;
struct server;
struct timer;
struct watch;

/* How long the steps of the last start took, in µs; 0: there was none, or it is not known. */
struct start_timing {
	int64_t waited_us; /* for what it depends on */
	char waited_for[160];
	struct make_timing made; /* of a new container */
	int64_t rules_us;	 /* ports and rules */
	int64_t setup_us;	 /* namespaces and mounts */
	int64_t exec_us;	 /* until the program was executed */
	int64_t ready_us;	 /* until it was healthy */
};

struct unit {
	struct supervisor *supervisor;
	struct unit *next;
	const struct service *service; /* in the project; NULL: an orphan */
	struct container_record record;
	/* How it is stopped, by the service; stays when it becomes an orphan. */
	int stop_signal; /* 0: as the image says */
	int64_t stop_grace_ms;
	struct image_info image;
	struct arena *image_arena; /* owns what `image` points to */

	enum unit_state state;
	bool online;		     /* ports and names lead to it */
	uint64_t publish_generation; /* waits for this commit before it is spawned; 0: no */
	struct watch *report, *shim;
	struct timer *arrival; /* looks for a shim that another supervisor started; NULL: none */
	struct timer *timer;   /* grace period or back-off */
	struct health *health;
	struct notify *notify;	 /* what it says of itself; NULL: its probe is another one */
	struct hooks_run *hooks; /* those that are under way */
	struct drain *drain;	 /* while it is DRAINING */
	time_t scheduled;	 /* the minute it was last due, since 1970 */
	bool suspect;		 /* to be looked at by heal.c */
	bool again;		 /* its stop is the first half of a restart */
	bool missed;		 /* what it depends on failed since it runs */
	bool paused;		 /* a client has it stand still; pause.c */
	bool fresh;		 /* spawned by us, and post_start is still to be run */
	int64_t backoff_ms;	 /* the last delay, see restart.h */
	unsigned int attempts;	 /* starts since the last success; restart.h */
	int64_t grace_ms;	 /* of the stop that is under way */
	struct start_timing timing;
	uint64_t spawn_began_us;  /* uv_hrtime() / 1000 */
	uint64_t step_started_ms; /* loop time at which it left its last resting state */

	struct container_state process; /* valid while has_process */
	struct container_exit exit;	/* valid while has_exit */
	bool has_process, has_exit;
	char error[512];      /* why the last start failed; "" */
	char hook_error[512]; /* why post_start failed though it runs; "" */
};

struct supervisor {
	char project_name[64];
	const struct paths *paths;
	uv_loop_t *loop;
	struct driver driver;
	int run_fd;

	struct project *project; /* desired; NULL before the first `up` */
	json_t *project_json;	 /* what it was loaded from */
	struct unit *units;
	struct publisher *publisher;
	struct healer *healer;
	struct scheduler *scheduler;
	struct follow *follow; /* NULL: the stack file is not followed */
	struct server *server;
	struct operation *operation; /* the one that is under way */
	struct timer *settle;	     /* looks at the dependencies, after a change */
	bool managed;		     /* by a service manager, who starts the next one */
	bool left;		     /* another supervisor is to come */
	bool resting;		     /* asked to end by the service manager: all is being stopped */
	bool down;
};

/* --- supervisor.c --- */

/*
 * Nothing is left of the project but us: take our names away, since the next
 * `up` may come at once, and end the loop.  TAKEN_DOWN: nothing was there before
 * because somebody asked for that.
 */
void supervisor_leave(struct supervisor *supervisor, bool taken_down);

/* --- unit.c: containers --- */

/* Takes RECORD over; finds its service and its image.  State CREATED. */
struct unit *unit_new(struct supervisor *supervisor, struct container_record *record);
void unit_free(struct unit *unit); /* and out of the supervisor's list */
struct unit *unit_find(const struct supervisor *supervisor, const char *name);

/* Point every unit to its service in the project that is desired now. */
void units_attach(struct supervisor *supervisor);

/* What happened to it: the next state, and its effect.  UNIT may be gone afterwards. */
void unit_event(struct unit *unit, enum unit_event event);

/* effect.c: do what the lifecycle says; EFFECT_NONE and EFFECT_UNEXPECTED are none. */
void unit_effect(struct unit *unit, enum unit_effect effect);

/* Its state or its health is another one: let everybody know who waits for that. */
void unit_changed(struct unit *unit);

/* What ends it is asked of its program: the stop signal. */
void unit_send_stop(struct unit *unit);

/* Its last start failed, for the reason in MESSAGE. */
void unit_fail(struct unit *unit, const char *message);

/* Its ports and names lead to it, or no longer. */
void unit_set_online(struct unit *unit, bool online);

/* Write its record.  A failure costs a count or a mark, and is logged. */
void unit_save(struct unit *unit);

/* BY_HAND: the count of restarts begins anew. */
void unit_start(struct unit *unit, bool by_hand);

/* Signal, and SIGKILL after GRACE_MS; < 0: as its service says. */
void unit_stop(struct unit *unit, int64_t grace_ms);

/* Stop it and start it again, for REASON, as if it had ended by itself. */
void unit_restart(struct unit *unit, const char *reason);

/* No new connections; when the old ones have ended, or its grace period has, it is stopped. */
void unit_retire(struct unit *unit);

/* SIGNO to PID 1; a SIGKILL goes to all of its processes and is a stop by hand. */
int unit_kill(struct unit *unit, int signo, struct err *err);

/* The commit it waited for is through, or failed with ERR. */
void unit_published(struct unit *unit, const struct err *err);

/* It is unhealthy, and its policy is to stop it: end it, not by hand. */
void unit_heal(struct unit *unit);

/* Its policies changed; the process goes on. */
void unit_reload(struct unit *unit);

bool unit_is_healthy(const struct unit *unit);
bool unit_has_healthcheck(const struct unit *unit);

/* Does it do what a dependent with CONDITION needs? */
bool unit_meets(const struct unit *unit, enum depends_condition condition);

/* --- pause.c --- */

/* It goes on, whoever had it stand still. */
void pause_end(struct unit *unit);

/* --- drain.c --- */

/* Look at its connections until there is none, which is an event then. */
void drain_start(struct unit *unit);
void drain_stop(struct unit *unit);

/* --- dependencies.c --- */

/* Does all work that UNIT's service depends on?  Else RET_WHY is what does not. */
bool dependencies_met(const struct unit *unit, char *ret_why, size_t size);

/* Something that others may depend on changed: look at it after this turn of the loop. */
void dependencies_changed(struct supervisor *supervisor);

/* --- process.c --- */

/* Start its shim; how that goes comes as an event. */
void process_spawn(struct unit *unit);

/* Find out in which state its process is, and go on from there. */
void unit_adopt(struct unit *unit);

/* --- hooks.c: post_start and pre_stop --- */

enum hook_time { HOOK_POST_START, HOOK_PRE_STOP };

/*
 * Run the hooks of UNIT one after the other.  False: there are none.  When
 * pre_stop is through, unit_send_stop() is called; post_start's end is told to
 * the operation.
 */
bool hooks_start(struct unit *unit, enum hook_time time);
void hooks_cancel(struct unit *unit);

/* --- health.c --- */
void health_start(struct unit *unit);
void health_stop(struct unit *unit);

/* UNIT stands still: that a look fails which is under way tells nothing. */
void health_disturb(struct unit *unit);

/* "" where there is no health check, "starting", "healthy", "unhealthy" */
const char *health_status(const struct unit *unit);

/* The health check in force: the service's, the image's where it says nothing. */
struct healthcheck health_effective(const struct service *service, const struct image_info *image);

/* --- probe_notify.c --- */

/* Before each start: listen anew to what the container says of itself, if its probe is that. */
void notify_open(struct unit *unit);
void notify_close(struct unit *unit);

/* {"status": …, "stopping": …}; NULL: it is not listened to. */
json_t *notify_to_json(const struct unit *unit);

/* --- publish.c --- */
struct publisher *publisher_new(struct supervisor *supervisor);
void publisher_free(struct publisher *publisher);

/* UNIT may be more, or less, fit for traffic than it was: commit that where it matters. */
void publish_fitness(struct unit *unit);

/* Something about networks, ports or names changed: commit it after this turn of the loop. */
uint64_t publish_changed(struct supervisor *supervisor);

/* All that was asked for is committed. */
bool publish_is_settled(const struct supervisor *supervisor);

/* What keeps the rules from working; NULL: nothing that is known of. */
const char *publish_obstacle(const struct supervisor *supervisor);

/* It is SENTENCE now, which is taken over.  News is told. */
void publish_set_obstacle(struct supervisor *supervisor, char *sentence);

/* What firewall_check() compares with. */
void *publish_prepare(struct supervisor *supervisor);

/* Commit what waited for heal_is_checking() to be over. */
void publish_resume(struct supervisor *supervisor);

/* The commit that is to come leaves no rule of the project. */
void publish_teardown(struct supervisor *supervisor);

/* What the last commit said, "" when it went through. */
const char *publish_error(const struct supervisor *supervisor);

/* --- heal.c --- */
void heal_start(struct supervisor *supervisor);
void heal_stop(struct supervisor *supervisor);

/*
 * Look at everything; MEND: and put it right.  FINDINGS (may be NULL) gets what is
 * wrong.  Returns how much that is; rules are put right by a commit that follows.
 */
size_t heal_inspect(struct supervisor *supervisor, bool mend, json_t *findings);

/* Are the rules being read in a thread? */
bool heal_is_checking(const struct supervisor *supervisor);

/* The rules are committed. */
void heal_committed(struct supervisor *supervisor);

/* --- desired.c --- */

/*
 * What a project asks for, worked out for planning.  With `services` given,
 * those and what they need are wanted; the others stay as they were asked for
 * before.
 */
struct wish {
	json_t *json;		 /* the canonical project */
	struct project *project; /* the same, loaded */
	struct desired desired;	 /* for plan_up(); points into project and arena */
	struct arena *arena;
};

#define WISH_INIT                                                                                  \
	{                                                                                          \
		.json = NULL                                                                       \
	}

/*
 * Work REQUESTED out.  SERVICES is an array of names; NULL or empty: all.
 *
 * -ENOENT: an image is not in the store, or there is no such service.
 */
int wish_init(struct wish *ret_wish, struct supervisor *supervisor, const json_t *requested,
	      const json_t *services, bool no_deps, struct err *err);
void wish_release(struct wish *wish);

/* Make WISH what is desired, on disk first.  Its project is the supervisor's then. */
int wish_adopt(struct wish *wish, struct supervisor *supervisor, struct err *err);

/*
 * Read <run>/<project>/desired.json, if it is there.
 *
 * -EBADMSG: it is damaged.
 */
int desired_load(struct supervisor *supervisor, struct err *err);

/*
 * Mark in RET_WANTED the services that an array of names asks for; NULL or
 * empty: all.  -ENOENT: there is no such service.
 */
int wanted_mark(const struct project *project, const json_t *services, bool with_dependencies,
		bool *ret_wanted, struct err *err);

/* --- operation.c --- */
enum operation_kind { OPERATION_UP, OPERATION_DOWN, OPERATION_CYCLE };

struct operation_options {
	enum operation_kind kind;
	json_t *previous; /* UP: what was desired before, for rollbacks; taken over, may be NULL */
	char *failure;	  /* the answer in any case: this rolls an operation back; taken over */
	int64_t grace_ms; /* -1: as each service says */
	int64_t wait_timeout_ms; /* the whole must be over by then; 0: no limit */
	bool remove_volumes;
};

/* Carry out PLAN, which is taken over, for CLIENT (NULL: nobody). */
void operation_begin(struct supervisor *supervisor, struct plan *plan,
		     const struct operation_options *options, struct client *client);

/* A unit changed its state or health, or the rules were committed. */
void operation_unit_changed(struct supervisor *supervisor);
void operation_settled(struct supervisor *supervisor);

enum operation_kind operation_kind(const struct operation *operation);
void operation_cancel(struct supervisor *supervisor, const char *reason);

/* The supervisor ends: forget the operation without an answer. */
void operation_abandon(struct supervisor *supervisor);
void operation_client_gone(struct operation *operation, const struct client *client);

/* --- requests.c --- */

/* Answer REQUEST, now or later. */
void request_handle(struct supervisor *supervisor, struct client *client, json_t *request);

/* The operation ended: let the next one that waits begin. */
void requests_next(struct supervisor *supervisor);

/*
 * Go back, for CLIENT, to what PREVIOUS says of the N services in NAMES.  What
 * the client is told in the end is FAILURE.
 */
void request_rollback(struct supervisor *supervisor, struct client *client, const json_t *previous,
		      const char *const *names, size_t n, const char *failure);

/* --- server.c --- */
int server_new(struct supervisor *supervisor, struct server **ret_server, struct err *err);
void server_free(struct server *server);

/* Takes MESSAGE.  CLIENT NULL: to nobody. */
void client_send(struct client *client, json_t *message);

/* The request is answered: the connection ends when all is written.  Takes MESSAGE. */
void client_finish(struct client *client, json_t *message);
/* The same, and then the loop ends. */
void client_leave(struct client *client, json_t *message);
void client_finish_error(struct client *client, int code, const char *message);

/* From now on the client is sent every event. */
void client_subscribe(struct client *client);

/* UNIT, which stands still, goes on when the connection ends; pause.c. */
void client_pause(struct client *client, struct unit *unit);
void server_forget_paused(struct server *server, const struct unit *unit);

/* Keep a request that has to wait for its turn; NULL gives it back. */
void client_park(struct client *client, json_t *request);
struct client *server_next_parked(struct server *server, json_t **ret_request);

/* To all who subscribed, and to CLIENT. */
void server_broadcast(struct server *server, json_t *event);

/* Take the socket away, so that the next supervisor can have it; who is connected stays. */
void server_unlisten(struct server *server);

/* --- schedule.c --- */

/* Start what is due, from the next minute on. */
void schedule_start(struct supervisor *supervisor);
void schedule_stop(struct supervisor *supervisor);

/* --- journal.c --- */
void journal_add(const struct supervisor *supervisor, const json_t *event);

/* Show EACH all that is still known, the oldest first. */
void journal_read(const struct supervisor *supervisor,
		  void (*each)(void *data, const json_t *event), void *data);

/* --- why.c --- */

/* unit_to_json(), and how it came to that. */
json_t *why_to_json(const struct unit *unit);

/* --- status.c --- */

/* Tell everybody who listens.  DETAIL may be NULL; MS < 0: no duration. */
void emit_unit(struct unit *unit, const char *action, const char *detail, int64_t ms);
void emit(struct supervisor *supervisor, const char *kind, const char *name, const char *service,
	  const char *action, const char *detail, int64_t ms);

/* As control.h describes a container. */
json_t *unit_to_json(const struct unit *unit);

#endif
