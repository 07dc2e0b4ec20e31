// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_SUPERVISOR_HOST_H
#define STACK_CMD_SUPERVISOR_HOST_H

#include "core/base/paths.h"
#include "core/container/cgroup.h"
#include "core/container/devices_cgroup.h"
#include "core/container/spec.h"
#include "core/converge/driver.h"
#include "net/bridge.h"
#include "net/cidr.h"
#include "net/endpoint.h"
#include "store/image.h"
#include "store/record.h"

#include <limits.h>
#include <net/if.h>
#include <stdint.h>
#include <uv.h>

/*
 * Host: the driver that does things, on this machine
 *
 * Here core's seam (core/converge/driver.h) meets net/ and store/.  One file
 * per kind of thing:
 *
 *	host.c			the table, birth and end
 *	host_cgroups.c		where cgroups are
 *	host_network.c		bridges
 *	host_names.c		names, for containers and for the host
 *	host_foreign.c		networks that others made, and those beside a link
 *	host_shared.c		who else is in a network (host_shared.h)
 *	host_attach.c		containers in networks, host_address.c: their addresses
 *	host_endpoint.c		what net/ is told of these
 *	host_shaping.c		how much they may receive and send
 *	host_firewall.c		rules
 *	host_ports.c		reserved host ports, host_relay.c: those that a relay serves
 *	host_connections.c	who is still connected
 *	host_watch.c		noticing what others change, host_heal.c: putting it right
 *	host_volume.c		volumes
 *	host_container.c	making and removing a container
 *	host_update.c		changing one that may be running
 *	host_process.c		starting, watching and ending its process
 *	host_spec.c		service + image → what the shim does
 *	host_rootfs.c		root file systems that are no image's
 *	host_mounts.c		the mounts of that, host_files.c: /etc/hosts and the like
 */
struct dns_server;
struct conntrack_match;
struct strbuf;
struct netlink;
struct relays;

struct host_network {
	struct network_record record;
	struct cidr gateway, gateway6; /* length 0: no IPv6 */
	char bridge[IFNAMSIZ];
	int ifindex;		     /* 0: the bridge, or what it is beside, is not there */
	struct dns_server *dns;	     /* NULL: there is none */
	uv_fs_event_t *shared_watch; /* host_shared.c, as the next one */
	char *published;	     /* names that others were told last; NULL: none */
};

/* The addresses that a container has in one network. */
struct host_lease {
	char container[RECORD_NAME_MAX];
	char network[64]; /* key */
	char link[IFNAMSIZ];
	struct cidr addr, addr6; /* length 0: no IPv6 */
	enum record_names names;
	int nsid; /* monitor_nsid() of its namespace; negative: not asked for yet */
};

/* A port that is kept for a container; containers of one service may share one. */
struct host_port {
	char container[RECORD_NAME_MAX];
	char service[64];
	char protocol[8], host_ip[46];
	uint16_t port;
	int fd, fd6; /* -1: it is not published on that family */
};

/* The seccomp programs that were built so far, one for each set of capabilities. */
struct host_seccomp {
	uint64_t capabilities;
	struct sock_filter *filter;
	size_t n;
};

struct firewall_backend;
struct host_watch;

struct host {
	const struct paths *paths;
	char project[64];
	char id[PATHS_ID_LEN + 1];
	char cgroup_root[32]; /* paths_cgroup_root() */
	char shim[PATH_MAX];  /* the program */
	int run_fd;	      /* <run>/<project> */
	uv_loop_t *loop;
	struct netlink *nl;
	struct cgroup_host cgroups;
	struct device_filter devices, all_devices;
	struct host_network *networks;
	size_t n_networks;
	struct host_lease *leases; /* those of one container stand together */
	size_t n_leases;
	struct name_table names;   /* the last that were to be answered … */
	struct arena *names_arena; /* … and what they are in */
	struct host_port *ports;
	size_t n_ports;
	struct relays *relays;
	const struct firewall_backend *firewall;
	struct host_watch *watch;      /* NULL: nobody wants to know */
	struct conntrack_match *stale; /* flows to forget with the next commit of rules */
	size_t n_stale;
	struct host_seccomp *seccomp;
	size_t n_seccomp;
};

/*
 * PROJECT's host.  Finds out which networks there are already.
 *
 * -ENOENT: no cgroup file system.  -EINVAL: the environment asks for a firewall
 * that there is not.
 */
int host_init(struct host *host, const struct paths *paths, const char *project, int run_fd,
	      uv_loop_t *loop, struct err *err);

/* Containers, networks and rules stay.  The loop has to run once more. */
void host_release(struct host *host);

extern const struct driver_ops host_driver_ops;

/* --- for the other files of the host --- */

/* Make the cgroups of a container that nothing runs in: whose they are may have removed them. */
int host_cgroups_again(struct host *host, const struct service *service, const char *name,
		       struct err *err);

/* host_cgroups.c: where the project's cgroups are, or are to be. */
int host_cgroups_init(struct host *host, struct err *err);

/* "<cgroup root>/<project>/<container>"; CONTAINER NULL: that of the project */
void host_cgroup_path(const struct host *host, const char *container, char *ret, size_t size);

/* "<run>/<project>/containers/<container>" */
int host_container_dir(const struct host *host, const char *container, char *ret, size_t size,
		       struct err *err);

/* NULL: no such network is there. */
struct host_network *host_network(struct host *host, const char *key);

int host_networks_load(struct host *host, struct err *err);
void host_networks_release(struct host *host);

/* COUNT ids of the host from FIRST on are a container's (idmap.h); COUNT 0: it has the host's. */
struct host_ids {
	uint32_t first, count;
};

/*
 * Choose the ids of CONTAINER and give its upper directory to them; the same
 * ones as before when it had some.
 *
 * Blocks: for another project that is choosing.
 */
int host_choose_ids(const struct host *host, const struct service *service, const char *container,
		    struct host_ids *ret_ids, struct err *err);

/* Is it a bridge that the project made? */
bool host_is_ours(const struct host_network *network);

/* host_foreign.c: is it macvlan or ipvlan, and no bridge? */
bool host_is_beside(const struct host_network *network);

/* Find what NETWORK, which is external or beside a link, is on this host, and join it. */
int host_foreign_find(struct host *host, struct host_network *network, struct err *err);

/* Is that there, and what it was? */
enum foreign_state {
	FOREIGN_AS_IT_WAS,
	FOREIGN_ELSEWHERE,  /* not there, or made anew: to be found again */
	FOREIGN_RENUMBERED, /* addresses in it are others now */
};
enum foreign_state host_foreign_look(struct host *host, const struct host_network *network);

/*
 * The record of a network that is external, or beside a link, and its gateways.
 * -ENODEV, -ENOTSUP, -EADDRNOTAVAIL: as bridge_find().
 */
int host_foreign_record(struct host *host, const struct network *network,
			struct network_record *record, struct cidr *ret_gateway,
			struct cidr *ret_gateway6, struct err *err);

/*
 * Choose addresses for SERVICE's networks into RECORD, make namespace and links.
 * The namespace belongs to a user namespace with IDS.
 */
int host_attach(struct host *host, const struct service *service, const struct host_ids *ids,
		struct container_record *record, struct err *err);
int host_detach(struct host *host, const char *container, struct err *err);

/*
 * Bring a container that may be running to SERVICE's networks: it leaves some,
 * joins others, and what it has in both stays as it is.
 */
int host_reattach(struct host *host, const struct service *service, struct container_record *record,
		  struct err *err);

/* One attachment of a container, with the bytes that it points to. */
struct host_endpoint {
	struct endpoint endpoint;
	uint8_t mac[ENDPOINT_MAC_LEN];
	struct cidr link_local[RECORD_LINK_LOCAL_MAX];
};

/* Number AT of RECORD's; NETNS stays the caller's. */
int host_endpoint(struct host *host, const struct container_record *record, size_t at, int netns,
		  struct host_endpoint *ret, struct err *err);

/* host_sysctls.c: what SERVICE's driver_opts say about the interfaces of RECORD's container. */
int host_set_sysctls(const struct service *service, const struct container_record *record,
		     int netns, struct err *err);

/* Make, or put right, every link that RECORD says. */
int host_attach_again(struct host *host, const struct container_record *record, int netns,
		      struct err *err);

/*
 * host_shaping.c: bring the links of RECORD to the bandwidth that SERVICE says.
 * -EOPNOTSUPP: the kernel cannot.
 */
int host_shape(struct host *host, const struct service *service,
	       const struct container_record *record, struct err *err);
int host_shape_check(struct host *host, const struct service *service,
		     const struct container_record *record, const char **ret_wrong,
		     struct err *err);

/* A network namespace for a container of SERVICE, or the one that it has. */
int host_make_netns(struct host *host, const struct service *service, const char *container,
		    int *ret_netns, struct err *err);

/* NETWORK, for net/. */
struct bridge host_bridge(const struct host *host, const struct host_network *network);

/* host_watch.c: notice when the limits of CONTAINER are changed, or no longer. */
void host_watch_container(struct host *host, const char *container);
void host_unwatch_container(struct host *host, const char *container);

/*
 * Where published ports lead to: to the address of the default route, for answers go
 * that way.  That is, of the networks that lead outside, the one with the highest
 * gw_priority, and of those the first.  Beside a link nothing is published: then it is
 * the first of the others.  NULL: the container is in no network that reaches outside.
 */
const struct record_address *host_way_out(struct host *host, const struct container_record *record,
					  struct host_network **ret_network);

/* Are all of RECORD's host ports kept for it? */
bool host_ports_are_held(const struct host *host, const struct container_record *record);

/* Know again which addresses are given away, from the records. */
int host_leases_load(struct host *host, struct err *err);

/* CONTAINER has these addresses in NETWORK, ADDR6 of length 0 being none, behind LINK. */
void host_lease(struct host *host, const char *container, const struct record_address *address,
		const struct cidr *addr, const struct cidr *addr6);

/* It has them no longer.  NETWORK NULL: in all of them. */
void host_end_leases(struct host *host, const char *container, const char *network);

/* The leases of RECORD, as its addresses stand there. */
void host_lease_again(struct host *host, const struct container_record *record);

/*
 * The addresses of CONTAINER in NETWORK, as WANTED says or free ones.  RET_ADDR6 is
 * of length 0 where the network has no IPv6.  -EADDRINUSE: somebody else has it.
 */
int host_choose_addresses(struct host *host, const struct host_network *network,
			  const struct service_network *wanted, const char *container,
			  struct cidr *ret_addr, struct cidr *ret_addr6, struct err *err);

void host_ports_release(struct host *host);

/* Is PORT to be reached by IPv6, or by IPv4, addresses of the host?  RET_ADDR: by which. */
bool host_port_address(const char *host_ip, uint8_t family, struct cidr *ret_addr);

/* host_relay.c: relay what the packet filter cannot translate, for the N published PORTS. */
void host_relay_sync(struct host *host, const struct publication *ports, size_t n);

/* Nobody holds PORT any more. */
void host_relay_give_up(struct host *host, const struct host_port *port);

/* <root>/projects/<project>/containers/<container>, or its sub-directory SUB. */
int host_rootfs_dir(const struct host *host, const char *container, const char *sub, char *ret,
		    size_t size, struct err *err);

struct arena;

/*
 * host_rootfs.c: the image NAME, or, where NAME is that of a root file system
 * (core/model/project.h) or the id of one, an image that says nothing.
 *
 * -ENOENT: it is not there.  Blocks: for the disk.
 */
int host_image_find(const struct host *host, const char *name, struct image *ret_image,
		    struct err *err);

/* Our own trees, as paths in ROOTFS, in which they must not be seen; how many there are. */
#define HOST_ROOTFS_HIDDEN_MAX 2
size_t host_rootfs_hidden(const struct host *host, const struct rootfs *rootfs,
			  const char *ret_targets[HOST_ROOTFS_HIDDEN_MAX], struct arena *arena);

/* What a service's devices are on this host. */
struct host_devices {
	struct spec_device *nodes;
	size_t n_nodes;
	struct device_rule *rules; /* for these nodes, and those of device_cgroup_rules */
	size_t n_rules;
};

/* The limits of SERVICE's containers. */
struct cgroup_limits host_limits(const struct service *service);

/*
 * Bring the disk I/O of the cgroup PATH to what SERVICE says.  NAME is the
 * container, for what is logged.  -ENOENT: a device is not there.
 */
int host_apply_io(const struct host *host, const struct service *service, const char *name,
		  const char *path, struct err *err);

/* Look SERVICE's devices up.  Paths are in ARENA.  -ENOENT: one is not there. */
int host_devices_find(const struct service *service, struct arena *arena,
		      struct host_devices *ret_devices, struct err *err);
void host_devices_release(struct host_devices *devices);

/*
 * Work out the spec of one container and write it, with its files, to its
 * directory.  Anonymous volumes are added to RECORD.
 */
int host_write_spec(struct host *host, const struct container_def *def, const struct image *image,
		    const struct host_ids *ids, const struct host_devices *devices,
		    struct container_record *record, struct err *err);

/* The container whose namespace MODE names (core/model/sharing.h), in ARENA; NULL: none. */
const char *host_shared(const struct container_def *def, const char *mode, struct arena *arena);

/* The mounts of SPEC in the order they are made; strings in ARENA. */
int host_spec_mounts(struct host *host, const struct container_def *def, const struct image *image,
		     struct container_record *record, struct container_spec *spec,
		     struct arena *arena, struct err *err);

/* host_granted.c: secrets and configs, as files in the container's run directory DIRFD. */
#define HOST_GRANTED_NAME_MAX 40
int host_write_granted(const struct container_def *def, int dirfd, struct err *err);

/* The name there of the I-th secret, or config. */
const char *host_granted_name(bool secret, size_t i, char ret_name[HOST_GRANTED_NAME_MAX]);

/*
 * host_probe.c: the directory with the container's NOTIFY_SOCKET, in its run
 * directory DIRFD and, where podman has it, in the container.  It is the
 * directory that is mounted: the next supervisor makes another socket in it.
 */
#define HOST_NOTIFY_DIR	   "notify"
#define HOST_NOTIFY_SOCKET "notify.sock"
#define HOST_NOTIFY_TARGET "/run/notify"
int host_notify_make(int dirfd, struct err *err);

/*
 * Let the DNS servers know whom RECORD's container asks.  All of them are told
 * with the names; but its first question must not go elsewhere.
 */
int host_learn_asker(struct host *host, const struct service *service,
		     const struct container_record *record, struct err *err);

/* Write hosts, hostname and resolv.conf to the container's directory DIRFD. */
int host_write_files(struct host *host, const struct service *service,
		     const struct container_record *record, int dirfd, struct err *err);

/* The host name of a container of SERVICE. */
const char *host_hostname(const struct service *service, const struct container_record *record);

/* The driver's operations, by file. */
int host_network_create(void *ctx, const struct network *network, struct err *err);
int host_network_remove(void *ctx, const char *key, struct err *err);
int host_names_sync(void *ctx, const struct name_table *names, struct err *err);
int host_names_enable(void *ctx, bool enable, struct err *err);
bool host_names_where(void *ctx, struct name_server *ret);
void *host_firewall_prepare(void *ctx, const struct publication *ports, size_t n, bool teardown,
			    bool commit);
const char *host_firewall_name(void *ctx);
int host_firewall_sync(void *ctx, void *prepared, char **ret_obstacle, struct err *err);
int host_firewall_check(void *ctx, void *prepared, bool *ret_intact, char **ret_obstacle,
			struct err *err);
void host_watch(void *ctx, suspect_fn *suspect, void *data);
int host_network_check(void *ctx, const char *key, const char **ret_wrong, struct err *err);
int host_container_check(void *ctx, const struct service *service,
			 const struct container_record *record, const char **ret_wrong,
			 struct err *err);
int host_container_mend(void *ctx, const struct service *service, struct container_record *record,
			struct err *err);
int host_ports_reserve(void *ctx, const struct service *service, struct container_record *record,
		       struct err *err);
void host_ports_free(void *ctx, const char *name);
void *host_connections_prepare(void *ctx, const char *name);
int host_connections_count(void *ctx, void *prepared, size_t *ret_n, struct err *err);
int host_volume_create(void *ctx, const struct volume *volume, struct err *err);
int host_volume_remove(void *ctx, const char *name, struct err *err);
int host_container_create(void *ctx, const struct container_def *def,
			  struct container_record *record, struct err *err);
int host_container_update(void *ctx, const struct container_def *def,
			  struct container_record *record, struct err *err);
int host_container_remove(void *ctx, const char *name, struct err *err);
int host_container_start(void *ctx, const char *name, struct container_process *ret,
			 struct err *err);
int host_container_adopt(void *ctx, const char *name, struct container_process *ret,
			 struct err *err);
int host_container_look(void *ctx, const char *name, struct container_view *ret, struct err *err);
int host_container_signal(void *ctx, const char *name, int signo, struct err *err);
int host_container_kill(void *ctx, const char *name, struct err *err);
int host_container_freeze(void *ctx, const char *name, bool frozen, struct err *err);
int host_probe_start(void *ctx, const char *name, const struct probe *probe, int *ret_pidfd,
		     int *ret_output_fd, struct err *err);
int host_probe_connect(void *ctx, const char *name, uint16_t port, int *ret_fd, struct err *err);
int host_notify_open(void *ctx, const char *name, int *ret_fd, struct err *err);

#endif
