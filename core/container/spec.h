// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_SPEC_H
#define STACK_CORE_CONTAINER_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Container spec: everything the shim needs to know, decided beforehand
 *
 * The supervisor works a service, its image and its addresses out into one
 * struct container_spec and writes it, encoded, to <dir>/spec, <dir> being
 * <run>/<project>/containers/<container>.  `stack-shim run <dir>` starts the
 * container from it, again and again; `stack-shim exec <dir>` joins it with
 * the same sandbox.  It plays the part of OCI's config.json, in a form that
 * can be read without a JSON parser and without allocating per field.
 *
 * Encoding: a sequence of fields, each a u16 id, a u16 element index and a u32
 * length, native byte order, then that many bytes; all lengths are checked.
 * Strings carry their NUL.  The file never leaves the host that wrote it.
 */

/* A NULL-terminated array, NULL when empty. */
typedef const char **spec_strings;

enum spec_mount_type {
	SPEC_MOUNT_BIND,   /* source: a host path */
	SPEC_MOUNT_VOLUME, /* the same, and the image's files at target are copied in first
			      when the directory is empty (unless nocopy) */
	SPEC_MOUNT_TMPFS,
};

struct spec_mount {
	uint32_t type;	      /* enum spec_mount_type */
	const char *source;   /* NULL for tmpfs */
	const char *target;   /* absolute, resolved inside the root file system */
	const char *data;     /* tmpfs: "mode=1777,size=…"; else NULL */
	uint32_t flags;	      /* MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC as in mount(2) */
	uint32_t propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED, perhaps | MS_REC */
	uint32_t nocopy;
	uint32_t managed; /* /etc/hosts and its like, which we made: the target is created
			     when it is missing, and read_only leaves it as it is */
};

struct spec_rlimit {
	uint32_t resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

/* A device node, made with owner and mode of the host's. */
struct spec_device {
	const char *path; /* absolute, resolved inside the root file system */
	uint32_t mode;	  /* S_IFCHR or S_IFBLK, and permissions */
	uint32_t major_number, minor_number;
	uint32_t uid, gid;
};

struct container_spec {
	const char *name; /* "shop-web-1", for messages */
	spec_strings argv;
	spec_strings envp;    /* complete: PATH, HOME and HOSTNAME are the shim's to add
				 when they are missing */
	const char *cwd;      /* NULL: "/"; made when it is missing, as docker does */
	const char *hostname; /* for the UTS namespace */
	const char *domainname;
	const char *user;    /* "name", "uid", "user:group", …; NULL: root.  Names are looked
				up in the image */
	spec_strings groups; /* group_add */

	const char *layers_dir; /* the lowers are relative to this, unless absolute */
	spec_strings lowers;	/* the highest first */
	const char *upper, *work;
	struct spec_mount *mounts; /* in the order they are made */
	uint32_t n_mounts;
	uint32_t read_only; /* the root file system */
	uint64_t shm_size;  /* bytes */

	const char *netns;	    /* path of the network namespace; NULL: the host's */
	uint32_t shared_net;	    /* it is another container's */
	uint32_t keep;		    /* no program is run: it is there for what is run in it */
	const char *pid_container;  /* whose processes it sees: <dir> of another container */
	uint32_t host_namespaces;   /* CLONE_NEW* of those that are the host's: PID, IPC, UTS,
				       CGROUP */
	spec_strings cgroups;	    /* directories to enter by `tasks` (v1) */
	const char *cgroup_unified; /* directory on the v2 tree, entered by CLONE_INTO_CGROUP;
				       NULL when there is none */
	const char *cgroup_memory;  /* where memory.events or memory.oom_control is; NULL: none */

	uint64_t capabilities; /* bit N is capability N: bounding, permitted and effective set */
	uint32_t no_new_privs;
	uint32_t privileged;	     /* no masked paths, host devices, writable /sys */
	const char *apparmor;	     /* name of the profile; NULL: none */
	const void *seccomp;	     /* array of struct sock_filter; empty: unconfined */
	uint32_t seccomp_len;	     /* bytes */
	struct spec_device *devices; /* besides those that every container has */
	uint32_t n_devices;
	struct spec_rlimit *rlimits;
	uint32_t n_rlimits;
	spec_strings sysctls; /* "net.core.somaxconn=1024" */
	int32_t oom_score_adj;

	uint32_t id_host;  /* the host's user and group id that is 0 inside */
	uint32_t id_count; /* how many from there on; 0: the host's ids, no user namespace */

	uint32_t init; /* our reaper as PID 1 */
	uint32_t tty;
	uint32_t stdin_open;	/* keep standard input open; else it is /dev/null */
	const char *log_path;	/* NULL: the output is thrown away */
	uint64_t log_max_size;	/* bytes of a file before it is rotated; 0: never */
	uint32_t log_max_files; /* how many are kept, the current one included */
};

/*
 * Encode SPEC.  RET_DATA is malloc'ed and the caller's.
 */
int container_spec_encode(const struct container_spec *spec, void **ret_data, size_t *ret_len,
			  struct err *err);

/*
 * Decode LEN bytes of DATA.  The strings in RET_SPEC point into DATA, which
 * must outlive it; the arrays are freed by container_spec_release().
 *
 * -EBADMSG: DATA is no spec.
 */
#define SPEC_MAX ((size_t)16 << 20) /* bytes; no spec is longer */
int container_spec_decode(const void *data, size_t len, struct container_spec *ret_spec,
			  struct err *err);

void container_spec_release(struct container_spec *spec);

#endif
