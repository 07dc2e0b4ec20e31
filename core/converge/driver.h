// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONVERGE_DRIVER_H
#define STACK_CORE_CONVERGE_DRIVER_H

#include "core/base/err.h"
#include "core/container/state.h"
#include "core/converge/observation.h"
#include "core/converge/record.h"
#include "core/model/project.h"

/*
 * Driver: the one seam between deciding and doing
 *
 * core/ decides what has to happen; net/ and store/ know how; cmd/supervisor
 * fills this table with functions that call them.  Unit tests fill it with a
 * fake that fails where they want.  Every operation is idempotent: what is
 * there already, or gone already, is success.  All of them run on the loop
 * and do not wait, but for `firewall_sync`, which runs in a thread of the pool.
 *
 * A container's operations are given its name alone: the driver finds the
 * rest in the record that container_create() left.
 */

/* What an image says that the supervisor itself has to know. */
struct image_info {
	char id[72];
	int stop_signal;		    /* 0: SIGTERM */
	struct healthcheck healthcheck;	    /* test in `arena` of the call; is_set false: none */
	struct strings entrypoint, command; /* in `arena` as well */
};

/* How long the parts of making a container took, in µs. */
struct make_timing {
	int64_t directories_us, network_us, cgroups_us, files_us;
};

/* One container to be made. */
struct container_def {
	const struct project *project;
	const struct service *service;
	unsigned int index;
	const char *name;
	const char *config_hash, *live_hash;
	const char *image_id;
	struct make_timing *timing; /* filled when it is made; NULL: nobody asks */
};

/* A process that was started, to be watched on the loop. */
struct container_process {
	int shim_pidfd; /* readable: the shim ended; then look for the exit record */
	int report_fd;	/* readable: shim.h's one line; -1 when it runs already */
};

/* What is found of a container when a supervisor comes (back). */
struct container_view {
	bool running;	/* its PID 1 lives; shim_pidfd may be -1 all the same: adopt it */
	int shim_pidfd; /* -1: no shim */
	bool starting;	/* a shim is at it that has yet to say so in the records: look again */
	bool has_state; /* `state` is valid: it was started at least once */
	bool has_exit;	/* `exit` is valid: its end is known */
	struct container_state state;
	struct container_exit exit;
};

#define CONTAINER_VIEW_INIT                                                                        \
	{                                                                                          \
		.shim_pidfd = -1                                                                   \
	}

/* One published port of a container that is to be reachable. */
struct publication {
	const struct container_record *record;
	const struct record_port *port;
};

/* A name that containers of `network` can look up. */
struct name_entry {
	const char *network; /* key */
	const char *name;
	const char *address;
};

/* Whom a container asks, through ours, for names that are not of the project. */
struct name_client {
	const char *network; /* key */
	const char *address; /* its own there */
	const struct strings *servers;
};

struct name_table {
	const struct name_entry *entries;
	size_t n;
	const struct name_client *clients; /* the others ask the host's servers */
	size_t n_clients;
};

/* Where the host can ask for names. */
struct name_server {
	char address[46], link[16]; /* the server's, and the network interface it is on */
	char domain[128];	    /* "shop.stack.internal" */
};

/* A program run in a container: a health check, or a hook. */
struct probe {
	const char *const *argv;
	const char *user, *cwd;	       /* NULL: the container's */
	const struct map *environment; /* besides the container's; NULL: none */
	bool privileged;	       /* with all capabilities */
	int64_t timeout_ms;	       /* -1: none */
};

/* What may not be as it was made: one container, some network, the rules, or anything. */
enum suspicion { SUSPECT_CONTAINER, SUSPECT_NETWORK, SUSPECT_RULES, SUSPECT_ALL };

/* NAME is the container's. */
typedef void suspect_fn(void *data, enum suspicion what, const char *name);

struct driver_ops {
	/* The records of all containers of the project, malloc'ed for the caller. */
	int (*records_load)(void *ctx, struct container_record **ret_records, size_t *ret_n,
			    struct err *err);

	/* What is there of the project: networks, volumes, containers.  Strings in ARENA. */
	int (*observe)(void *ctx, struct arena *arena, struct observation *ret, struct err *err);

	/* -ENOENT: the image is not in the store. */
	int (*image_info)(void *ctx, const char *reference, struct arena *arena,
			  struct image_info *ret, struct err *err);

	/*
	 * Nothing of the project runs: its directory in <run> and other empty leftovers
	 * go.  DOWN: it was taken down, so logs and upper layers go as well.
	 */
	int (*project_remove)(void *ctx, bool down, struct err *err);

	int (*network_create)(void *ctx, const struct network *network, struct err *err);
	int (*network_remove)(void *ctx, const char *key, struct err *err);
	int (*volume_create)(void *ctx, const struct volume *volume, struct err *err);
	int (*volume_remove)(void *ctx, const char *name, struct err *err);

	/*
	 * Directories, network namespace, links, addresses, cgroups, spec and record of
	 * one container.  RECORD is filled and owned by the caller.  A failure leaves
	 * nothing of it behind.
	 */
	int (*container_create)(void *ctx, const struct container_def *def,
				struct container_record *record, struct err *err);
	/* Limits and whatever else can change under a running process. */
	int (*container_update)(void *ctx, const struct container_def *def,
				struct container_record *record, struct err *err);
	/* All that container_create() made, and its end if it runs. */
	int (*container_remove)(void *ctx, const char *name, struct err *err);

	/*
	 * Take the host ports of SERVICE, fill record->ports.  -EADDRINUSE: the sentence
	 * names the owner.  Held until ports_release() or the end of the process.
	 */
	int (*ports_reserve)(void *ctx, const struct service *service,
			     struct container_record *record, struct err *err);
	void (*ports_release)(void *ctx, const char *name);

	int (*container_start)(void *ctx, const char *name, struct container_process *ret,
			       struct err *err);
	/* Put a new shim beside a container whose own died. */
	int (*container_adopt)(void *ctx, const char *name, struct container_process *ret,
			       struct err *err);
	int (*container_look)(void *ctx, const char *name, struct container_view *ret,
			      struct err *err);
	/*
	 * To PID 1 of the container.  1: it was sent, but is lost, since the program does
	 * not handle it.  -ESRCH: it has ended.
	 */
	int (*container_signal)(void *ctx, const char *name, int signo, struct err *err);
	/* SIGKILL to every process of it.  Nothing runs: success. */
	int (*container_kill)(void *ctx, const char *name, struct err *err);
	/* Nothing of it runs, or all again; as cgroup_freeze(). */
	int (*container_freeze)(void *ctx, const char *name, bool frozen, struct err *err);
	/*
	 * Run PROBE inside; its output goes to *RET_OUTPUT_FD.  The process is a child
	 * of ours: waitid() on *RET_PIDFD gives the status.
	 */
	int (*probe_start)(void *ctx, const char *name, const struct probe *probe, int *ret_pidfd,
			   int *ret_output_fd, struct err *err);

	/*
	 * A socket that is connecting to PORT of the container's own 127.0.0.1, or is
	 * connected already: writable when that is decided, and SO_ERROR says how.
	 */
	int (*probe_connect)(void *ctx, const char *name, uint16_t port, int *ret_fd,
			     struct err *err);
	/*
	 * Where the container of a service with a notify probe says how it is: its
	 * NOTIFY_SOCKET, made anew and empty.
	 */
	int (*notify_open)(void *ctx, const char *name, int *ret_fd, struct err *err);

	int (*record_save)(void *ctx, const struct container_record *record, struct err *err);

	/*
	 * Make the host's rules those of the project's networks and PORTS, or, with
	 * TEARDOWN, leave none.  The rules are copied by firewall_prepare() on the loop;
	 * firewall_sync() then works on that copy in a pool thread and frees it.  Without
	 * COMMIT the copy is for firewall_check().  RET_OBSTACLE says what of somebody
	 * else's keeps the rules from working, to be freed; NULL: nothing.
	 * Blocks: for the xtables lock.
	 */
	void *(*firewall_prepare)(void *ctx, const struct publication *ports, size_t n_ports,
				  bool teardown, bool commit);
	int (*firewall_sync)(void *ctx, void *prepared, char **ret_obstacle, struct err *err);

	/*
	 * Are the rules still what firewall_prepare() put together?  PREPARED is freed.
	 * Reads only; on the loop or in a pool thread.
	 */
	int (*firewall_check)(void *ctx, void *prepared, bool *ret_intact, char **ret_obstacle,
			      struct err *err);

	/*
	 * Tell SUSPECT, on the loop, when something may have been changed by others;
	 * NULL: no more.
	 */
	void (*watch)(void *ctx, suspect_fn *suspect, void *data);

	/*
	 * What is missing of a network or a container, as a sentence that lasts; NULL:
	 * nothing.  network_create() puts the one right, container_mend() the other.
	 */
	int (*network_check)(void *ctx, const char *key, const char **ret_wrong, struct err *err);
	int (*container_check)(void *ctx, const struct service *service,
			       const struct container_record *record, const char **ret_wrong,
			       struct err *err);
	int (*container_mend)(void *ctx, const struct service *service,
			      struct container_record *record, struct err *err);

	/*
	 * How many connections lead to the container NAME, each side's end still to come.
	 * The question is put together by connections_prepare() on the loop;
	 * connections_count() then answers it in a pool thread and frees it.
	 */
	void *(*connections_prepare)(void *ctx, const char *name);
	int (*connections_count)(void *ctx, void *prepared, size_t *ret_n, struct err *err);

	/* Answer these names from now on, and no others. */
	int (*names_sync)(void *ctx, const struct name_table *names, struct err *err);

	/*
	 * Answer the host as well, from the next names_sync() on and with the next
	 * supervisor, or no more.  -ENOENT: there is no network.
	 */
	int (*names_enable)(void *ctx, bool enable, struct err *err);
	/* Where it is answered.  False: it is not. */
	bool (*names_where)(void *ctx, struct name_server *ret);

	/* The packet filter that has the rules, for people. */
	const char *(*firewall_name)(void *ctx);
};

struct driver {
	const struct driver_ops *ops;
	void *ctx;
};

#endif
