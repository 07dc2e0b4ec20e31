// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_KINDS_H
#define STACK_CORE_MODEL_KINDS_H

#include "core/model/schema.h"

#include <stdbool.h>

/*
 * Kinds: how a value is read and written
 *
 * In front the type of the field at the row's offset; kinds that fill more
 * than one field say which object they are for instead.
 */

/* kinds.c */
extern const struct kind kind_string;	/* const char * */
extern const struct kind kind_name;	/* const char *, by text_is_name() */
extern const struct kind kind_bool;	/* bool */
extern const struct kind kind_integer;	/* int64_t, within min and max */
extern const struct kind kind_number;	/* int, likewise */
extern const struct kind kind_bytes;	/* int64_t; -1 too where min is -1 */
extern const struct kind kind_size;	/* uint64_t bytes */
extern const struct kind kind_duration; /* int64_t ms */
extern const struct kind kind_cpus;	/* int64_t thousandths */
extern const struct kind kind_mode;	/* uint32_t, octal */
extern const struct kind kind_path;	/* const char *, made absolute */
extern const struct kind kind_content;	/* const char *, which may be empty */

/* kinds_update.c */
extern const struct kind kind_choice;	/* int: number of the word in row->accepts, from 1 */
extern const struct kind kind_update;	/* struct own_update */
extern const struct kind kind_schedule; /* of a service: schedule and its position */

/* kinds_list.c */
extern const struct kind kind_strings;	    /* struct strings */
extern const struct kind kind_capabilities; /* struct strings */
extern const struct kind kind_argv;	    /* struct strings; a text is split like a shell does */
extern const struct kind kind_map;	    /* struct map */
extern const struct kind kind_environment;  /* struct map; "KEY" alone takes the environment's */
extern const struct kind kind_hosts;	    /* struct map of host names */

/* kinds_group.c */
extern const struct kind kind_group;	   /* struct that row->schema describes */
extern const struct kind kind_healthcheck; /* struct healthcheck, likewise */
/* No field: an error, or a note, that says row->sentence, unless row->accepts has the value. */
extern const struct kind kind_refused, kind_noted;
extern const struct kind kind_comment; /* no field, and nothing to say about it */

/* kept.c: const struct kept *; noted, with the same words */
extern const struct kind kind_kept;

/* kinds_build.c: const struct build *, … */
extern const struct kind kind_build;
/* … and of one of these */
extern const struct kind kind_context, kind_build_network, kind_build_platforms, kind_build_cache;
extern const struct kind kind_places; /* struct map of names to paths or URLs */

/* kinds_blkio.c: struct io_limits */
extern const struct kind kind_io_limits;

/* kinds_hooks.c: struct hooks */
extern const struct kind kind_hooks;

/* kinds_files.c: struct file_references, and what is in one of them */
extern const struct kind kind_secrets, kind_configs, kind_build_secrets;
extern const struct kind kind_user_id; /* uint32_t */

/* kinds_service.c: of struct draft_service, see draft.h */
extern const struct kind kind_restart, kind_restart_condition, kind_max_attempts, kind_cpu_quota,
	kind_cpu_period, kind_env_file, kind_label_file, kind_links, kind_volumes_from,
	kind_own_mac;

/* kinds_namespaces.c: const char * */
extern const struct kind kind_namespace, kind_network_mode;

/* kinds_security.c: of struct service */
extern const struct kind kind_security_opt;

/* kinds_values.c: of struct healthcheck, struct logging, struct service */
extern const struct kind kind_health_test, kind_log_driver;
extern const struct kind kind_ulimits;	   /* struct ulimits */
extern const struct kind kind_propagation; /* const char * */
extern const struct kind kind_platform;	   /* const char *: the host's, or a warning */
extern const struct kind kind_pull_policy; /* const char * */

/* kinds_probe.c: of struct service … */
extern const struct kind kind_probe, kind_on_unhealthy;
/* … of struct health_probe, and of struct http_probe */
extern const struct kind kind_http, kind_pattern, kind_http_path, kind_http_status,
	kind_http_headers;

/* kinds_userns.c: of struct service */
extern const struct kind kind_userns;

/* kinds_watch.c: struct watch_rules */
extern const struct kind kind_watch;

/* kinds_rootfs.c: struct rootfs */
extern const struct kind kind_rootfs;

/* kinds_bandwidth.c: int64_t bits a second, int64_t millionths */
extern const struct kind kind_rate, kind_share;

/* kinds_devices.c: of struct service */
extern const struct kind kind_devices, kind_device_rules;

/* kinds_ports.c, kinds_mounts.c, kinds_references.c: of struct service, … */
extern const struct kind kind_ports, kind_mounts, kind_tmpfs, kind_networks, kind_depends_on;
/* … and of an element of these */
extern const struct kind kind_port_target, kind_port_published, kind_mount_type, kind_mount_path,
	kind_condition;

/* kinds_project.c: of struct project */
extern const struct kind kind_services;
extern const struct kind kind_collection; /* an array of the row's schema, and its length */
/* … of struct network and the like */
extern const struct kind kind_ipam_config, kind_external;
/* const char *; only what we wrote has them */
extern const struct kind kind_own_text, kind_own_content;

static inline bool kind_is_own(const struct kind *kind)
{
	return kind == &kind_own_text || kind == &kind_own_content;
}

static inline bool kind_is_group(const struct kind *kind)
{
	return kind == &kind_group || kind == &kind_healthcheck;
}

#endif
