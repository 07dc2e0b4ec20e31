// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_PROJECT_H
#define STACK_CORE_MODEL_PROJECT_H

#include "core/model/limits.h"
#include "core/model/network_driver.h"
#include "core/model/security.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct build;
struct kept;
struct node;
struct watch_rule;

/*
 * Project: what the stack file asks for, resolved
 *
 * The typed model of the Compose Specification that everything behind the
 * loader works on.  load.h makes it from files; it is const from then on and
 * lives in one arena.  Interpolation, merging, defaults and short forms are
 * behind us here: a port is a struct, a duration is milliseconds, a path is
 * absolute.  What the file did not say is marked so where that differs from
 * every value it could have said, because the image's configuration fills it.
 */

/* Where something stands in a file.  `file` NULL: it comes from no file. */
struct position {
	const char *file;
	unsigned int line, column; /* from 1 */
};

/* A list of strings that may be absent, which an empty list is not. */
struct strings {
	const char **items; /* NULL-terminated, never NULL when is_set */
	size_t n;
	bool is_set;
};

struct key_value {
	const char *key;
	const char *value; /* NULL: "KEY" alone, to be taken from nowhere */
};

struct map {
	const struct key_value *items; /* in the order of the file */
	size_t n;
};

/* services.<name>.ports: one published port or range */
struct port {
	const char *protocol; /* "tcp", "udp", "sctp" */
	const char *host_ip;  /* NULL: every address */
	uint16_t target;      /* first port in the container */
	uint16_t published;   /* first host port; 0: an ephemeral one */
	uint16_t count;	      /* how many consecutive ports: 1 unless a range */
	uint16_t choices;     /* 0; or `published` is any free one of so many */
	const char *name;     /* for people, as the next one */
	const char *app_protocol;
	const struct kept *kept;
	struct position pos;
};

enum mount_type { MOUNT_BIND, MOUNT_VOLUME, MOUNT_TMPFS };

/* services.<name>.volumes and .tmpfs */
struct mount {
	enum mount_type type;
	const char *source;  /* bind: absolute host path; volume: key in project->volumes, NULL for
				an anonymous one; tmpfs: NULL */
	const char *target;  /* absolute path in the container */
	const char *subpath; /* volume.subpath; NULL: the whole volume */
	const char *propagation; /* bind.propagation; NULL: rprivate */
	uint64_t tmpfs_size;	 /* bytes; 0: the kernel's default */
	uint32_t tmpfs_mode;	 /* 01777 unless said */
	bool read_only;
	bool create_host_path; /* bind: make the source directory when it is missing */
	bool nocopy;	       /* volume: do not copy the image's content into a new one */
	bool exec;	       /* tmpfs: without noexec */
	const struct kept *kept;
	struct position pos;
};

/* x-stack.bandwidth of a service, and of one of its networks; 0: not said */
struct bandwidth {
	int64_t ingress, egress; /* bits a second to the container, and from it; -1: unlimited */
	int64_t burst;		 /* bytes that may go at once */
	int64_t delay_ms;	 /* of each packet to the container */
	int64_t loss;		 /* millionths of the packets to the container */
};

/* services.<name>.networks: attachment to one network */
struct service_network {
	const char *network; /* key in project->networks */
	struct strings aliases;
	const char *ipv4_address; /* NULL: chosen, as the next one */
	const char *ipv6_address;
	const char *mac_address;       /* NULL: derived */
	const char *interface_name;    /* NULL: eth0, eth1, … */
	struct strings link_local_ips; /* further addresses, of 169.254.0.0/16 */
#define LINK_LOCAL_IPS_MAX 4
	int priority;		    /* the networks are in its order already */
	int gw_priority;	    /* the highest has the default route */
	struct map driver_opts;	    /* network_options.h */
	struct bandwidth bandwidth; /* what it says goes before the service's */
	const struct kept *kept;
	struct position pos;
};

enum depends_condition { DEPENDS_STARTED, DEPENDS_HEALTHY, DEPENDS_COMPLETED };
#define DEPENDS_CONDITIONS (DEPENDS_COMPLETED + 1)

struct dependency {
	const char *service;
	enum depends_condition condition;
	bool restart;
	bool required;
	struct position pos;
};

enum restart_policy { RESTART_NO, RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_UNLESS_STOPPED };

struct healthcheck {
	bool is_set;	     /* the file has a healthcheck; else the image's counts */
	bool disable;	     /* disable: true or test: ["NONE"] */
	struct strings test; /* argv to run; CMD-SHELL is resolved to /bin/sh -c … */
	int64_t interval_ms; /* -1: not said, for these five; the defaults are the caller's */
	int64_t timeout_ms;
	int64_t start_period_ms;
	int64_t start_interval_ms;
	int64_t retries;
};

/*
 * services.<name>.x-stack.probe: a look at its health without a program in the
 * container, with the times of `healthcheck`
 */
enum probe_kind {
	PROBE_EXEC, /* none is said: healthcheck.test */
	PROBE_HTTP,
	PROBE_TCP,
	PROBE_LOG,
	PROBE_NOTIFY,
	PROBE_KIND_COUNT
};

struct http_probe {
	int64_t port;
	const char *path;
	int status_min, status_max; /* the answers that are good */
	struct map headers;
};

struct health_probe {
	enum probe_kind kind; /* which of these counts */
	struct http_probe http;
	int64_t tcp;	 /* port */
	const char *log; /* for pattern_compile() */
	bool notify;
	struct position pos;
};

/* services.<name>.x-stack.on_unhealthy */
enum unhealthy_policy { ON_UNHEALTHY_NONE, ON_UNHEALTHY_RESTART, ON_UNHEALTHY_STOP };

struct ulimit {
	const char *name;   /* "nofile", as in getrlimit(2) without RLIMIT_, lower case */
	int64_t soft, hard; /* -1: unlimited */
};

struct ulimits {
	const struct ulimit *items;
	size_t n;
};

struct logging {
	const char *driver; /* "json-file", "local": our files; "none": no log */
	int64_t max_size;   /* bytes of one file before it is rotated; 0: not said */
	int64_t max_file;   /* files kept; 0: not said */
	const struct kept *kept;
};

/* services.<name>.devices: a device of the host */
struct device {
	const char *source;	 /* absolute path of the host; a directory is all nodes below it */
	const char *target;	 /* absolute path in the container */
	const char *permissions; /* some of "rwm" */
	struct position pos;
};

/* userns_mode: whose user ids the container's are */
struct userns {
	enum userns_mode { USERNS_HOST, USERNS_AUTO, USERNS_MAP } mode;
	uint32_t first, count; /* map: COUNT of the host's ids from FIRST on */
	struct position pos;
};

/* x-stack.rootfs: the root file system where there is no image */
struct rootfs {
	const char *path; /* absolute; NULL: there is an image */
	bool host;	  /* PATH is "/", the host's own root */
	const char
		*name; /* in an image's place: ROOTFS_NAME_PREFIX and PATH, no image's reference */
	struct position pos;
};
#define ROOTFS_NAME_PREFIX "rootfs:"

/* services.<name>.secrets and .configs: one file that the container is given */
struct file_reference {
	const char *source; /* key in project->secrets or project->configs */
	const char *target; /* absolute path in the container */
	uint32_t uid, gid, mode;
	const char *digest; /* SHA-256 of what was in it; NULL: it was not there */
	struct position pos;
};

struct file_references {
	const struct file_reference *items;
	size_t n;
};

/* deploy.update_config: how containers are replaced, one or several at a time */
struct update_config {
	enum update_order { UPDATE_ORDER_NONE, UPDATE_STOP_FIRST, UPDATE_START_FIRST } order;
	int64_t parallelism; /* -1: not said; 0: all at once */
	int64_t delay_ms;    /* between two; -1: not said */
	int64_t monitor_ms;  /* how long a new one is watched; -1: not said */
	enum update_failure {
		UPDATE_FAILURE_NONE,
		UPDATE_PAUSE,
		UPDATE_CONTINUE,
		UPDATE_ROLLBACK
	} failure_action;
};

/* x-stack.update, which says it shorter */
struct own_update {
	enum own_update_choice { OWN_UPDATE_NONE, OWN_UPDATE_ROLLING, OWN_UPDATE_RECREATE } choice;
	struct position pos;
};

/* x-stack.on_dependency_failure: what becomes of a service when one it needs fails */
enum dependency_failure {
	DEPENDENCY_FAILURE_NONE, /* not said: hold */
	DEPENDENCY_FAILURE_HOLD, /* it runs on, but is not started before the other works again */
	DEPENDENCY_FAILURE_RESTART,
	DEPENDENCY_FAILURE_IGNORE,
};

/* services.<name>.post_start and .pre_stop: programs run in the container */
struct hook {
	struct strings command;
	const char *user;	 /* NULL: the container's */
	const char *working_dir; /* NULL: the container's */
	struct map environment;	 /* besides the container's */
	bool privileged;	 /* with all capabilities */
};

struct hooks {
	const struct hook *items;
	size_t n;
};

/* services.<name>.develop.watch; watch.h */
struct watch_rules {
	const struct watch_rule *items;
	size_t n;
};

struct service {
	const char *name;
	struct position pos;

	const char *image;	 /* <project>-<service> where only `build` is said; NULL with … */
	struct rootfs rootfs;	 /* … this; see service_image() */
	const char *platform;	 /* NULL: not said; the host's in any case */
	const char *pull_policy; /* NULL: not said */
	const struct build *build; /* build.h; NULL: it is not built */
	struct strings command;	   /* NOT is_set: the image's */
	struct strings entrypoint; /* NOT is_set: the image's */
	struct map environment;	   /* env_file below environment, resolved */
	struct map labels, annotations;
	const char *container_name; /* NULL: <project>-<service>-<index> */
	const char *hostname;	    /* NULL: the container's name */
	const char *domainname;
	const char *working_dir; /* NULL: the image's */
	const char *user;	 /* NULL: the image's */
	struct strings group_add;

	const struct port *ports;
	size_t n_ports;
	struct strings expose; /* "80/tcp"; documentation only */
	const struct mount *mounts;
	size_t n_mounts;
	struct file_references secrets, configs;
	const struct service_network *networks; /* empty with a network_mode */
	size_t n_networks;
	const char *network_mode; /* NULL, "none", "host", "bridge", "service:NAME"; sharing.h */
	const char *pid;	  /* NULL: its own; "host", "service:NAME" */
	const char *ipc, *uts, *cgroup; /* NULL: its own; "host" */
	struct map extra_hosts;		/* name → address or "host-gateway" */
	struct strings dns, dns_search, dns_opt;
	struct bandwidth bandwidth; /* in each network */

	const struct dependency *depends_on;
	size_t n_depends_on;
	enum restart_policy restart;
	int64_t restart_max_attempts; /* on-failure:N; 0: no limit */
	int64_t restart_delay_ms;     /* -1: not said; docker's back-off */
	int64_t restart_window_ms;    /* -1: not said */
	struct healthcheck healthcheck;
	struct health_probe probe;
	enum unhealthy_policy on_unhealthy;
	const char *stop_signal;      /* "SIGTERM", "15"; NULL: the image's */
	int64_t stop_grace_period_ms; /* 10000 unless said */
	struct hooks post_start, pre_stop;

	struct limits limits;
	struct ulimits ulimits;
	int64_t shm_size; /* bytes; 0: not said (64 MiB) */
	int64_t oom_score_adj;
	struct logging logging;
	struct map sysctls;
	struct strings cap_add, cap_drop;
	struct strings security_opt; /* as written, but with absolute paths … */
	struct security security;    /* … and what it means */
	struct userns userns;
	const struct device *devices;
	size_t n_devices;
	struct strings device_cgroup_rules; /* for device_rule_parse() */
	bool privileged;
	bool read_only;
	bool init;
	bool tty;
	bool stdin_open;
	bool attach;   /* foreground `up` shows its log; true unless said */
	int64_t scale; /* replicas; 1 unless said */
	struct update_config update_config;
	struct own_update own_update;
	enum dependency_failure on_dependency_failure;
	enum oneoff { ONEOFF_NONE, ONEOFF_DETACHED, ONEOFF_ATTACHED } oneoff; /* `stack run` */
	const char *schedule; /* cron.h; NULL: it is started like all others */
	struct position schedule_pos;
	struct strings profiles;
	struct watch_rules watch;
	const struct kept *kept; /* for others; kept.h */
};

#define NETWORK_AUX_MAX 32 /* addresses that are kept free in a network */

/* networks.<name>.ipam.config: one subnet */
struct ipam_subnet {
	const char *subnet;   /* "10.1.2.0/24"; NULL: chosen */
	const char *ip_range; /* NULL: all of the subnet */
	const char *gateway;  /* NULL: the first address */
	struct map aux;	      /* name → address that nobody gets */
};

/* What the top level has by name.  The first two members are the same in all of them. */
struct network {
	const char *key; /* in the file */
	struct position pos;
	const char *name; /* <project>_<key>, or what `name:` says */
	enum network_driver driver;
	bool external;
	bool internal;
	bool attachable;
	bool enable_ipv6;
	struct ipam_subnet ipv4, ipv6;
	struct map driver_opts, labels;
};

struct volume {
	const char *key;
	struct position pos;
	const char *name; /* <project>_<key>, or what `name:` says */
	bool external;
	struct map driver_opts, labels;
};

/* A secret or a config; the file says one of the first four. */
struct file_object {
	const char *key;
	struct position pos;
	const char *file;	 /* absolute path on the host */
	const char *environment; /* name of a variable */
	const char *content;
	bool external;
	const char *name;   /* of an external one; NULL: the key */
	const char *path;   /* where it is read when a container is made; NULL: `value` is it */
	const char *value;  /* what is in it */
	const char *digest; /* SHA-256 of what was in it; NULL: the file was not there */
	struct map labels;
};

struct project {
	const char *name;
	bool follow;		 /* the stack file is applied when it is saved */
	bool heal;		 /* what others change is put right; true unless said */
	const char *working_dir; /* absolute; relative paths of the file start here */
	struct strings profiles; /* of all services, active or not */
	const struct service *services;
	size_t n_services; /* those of the active profiles, in the order of the file */
	const struct network *networks;
	size_t n_networks; /* those that a service uses, `default` included */
	const struct volume *volumes;
	size_t n_volumes;
	const struct file_object *secrets, *configs; /* those that a service uses */
	size_t n_secrets, n_configs;
	const struct kept *kept;
	struct arena *arena; /* owns all of the above and the project itself */
};

/* NULL when there is none of that name. */
const struct service *project_service(const struct project *project, const char *name);
const struct network *project_network(const struct project *project, const char *key);
const struct volume *project_volume(const struct project *project, const char *key);
const struct file_object *project_secret(const struct project *project, const char *key);
const struct file_object *project_config(const struct project *project, const char *key);

/* What its containers are made of: the image's reference, or the name of its root file system. */
const char *service_image(const struct service *service);

/* A copy of FROM and what is in it. */
struct strings strings_copy(struct arena *arena, const struct strings *from);

/* The value of KEY, or NULL. */
const char *map_get(const struct map *map, const char *key);

/* NULL is fine. */
void project_free(struct project *project);

/* For CLEANUP(project_cleanup) struct project *project = NULL; */
void project_cleanup(struct project **project);

#endif
