// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/draft.h"
#include "core/model/kinds.h"
#include "core/model/schema.h"

/*
 * What is below keys of services.<name>
 */

static const char one_host[] = "this has no effect on one host";

#define ONE_HOST(name) ATTRIBUTE_KEPT(name, AT(kept), one_host)

#define BYTES_MAX ((int64_t)1 << 62)

// clang-format off
#define AT(field) offsetof(struct healthcheck, field)
static const struct attribute healthcheck[] = {
	{"test", &kind_health_test, AT(test), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "the command that succeeds while all is well"},
	{"interval", &kind_duration, AT(interval_ms), MERGE_REPLACE, APPLY_LIVE, .absent = -1,
	 .doc = "time between two of them"},
	{"timeout", &kind_duration, AT(timeout_ms), MERGE_REPLACE, APPLY_LIVE, .absent = -1,
	 .doc = "how long one may take"},
	{"start_period", &kind_duration, AT(start_period_ms), MERGE_REPLACE, APPLY_LIVE,
	 .absent = -1, .doc = "failures this early do not count"},
	{"start_interval", &kind_duration, AT(start_interval_ms), MERGE_REPLACE, APPLY_LIVE,
	 .absent = -1, .doc = "time between two during the start period"},
	{"retries", &kind_integer, AT(retries), MERGE_REPLACE, APPLY_LIVE, .absent = -1, .min = 0,
	 .max = 1000000, .doc = "how many failures in a row make it unhealthy"},
	{"disable", &kind_bool, AT(disable), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "not even the image's healthcheck is run"},
};
#undef AT

#define AT(field) offsetof(struct logging, field)
static const struct attribute log_options[] = {
	{"max-size", &kind_bytes, AT(max_size), MERGE_REPLACE, APPLY_LIVE, .max = BYTES_MAX,
	 .doc = "bytes of one file before the next is begun"},
	{"max-file", &kind_integer, AT(max_file), MERGE_REPLACE, APPLY_LIVE, .min = 1, .max = 1000,
	 .doc = "how many files are kept"},
	ATTRIBUTE_KEPT("compress", AT(kept), "old log files are kept as they are"),
	ATTRIBUTE_KEPT("mode", AT(kept), "the log is always complete: programs wait for it"),
	ATTRIBUTE_KEPT("max-buffer-size", AT(kept), "this has no effect"),
	ATTRIBUTE_KEPT("tag", AT(kept), "'stack logs' shows the service: this has no effect"),
	ATTRIBUTE_KEPT("labels", AT(kept), "'stack logs' shows the service: this has no effect"),
	ATTRIBUTE_KEPT("labels-regex", AT(kept), "'stack logs' shows the service: this has no effect"),
	ATTRIBUTE_KEPT("env", AT(kept), "'stack logs' shows the service: this has no effect"),
	ATTRIBUTE_KEPT("env-regex", AT(kept), "'stack logs' shows the service: this has no effect"),
};
static const struct schema schema_log_options = SCHEMA_OF(log_options);

static const struct attribute logging[] = {
	{"driver", &kind_log_driver, AT(driver), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "json-file or local: files that 'stack logs' reads; none: no log"},
	{"options", &kind_group, 0, MERGE_SCHEMA, APPLY_LIVE, .schema = &schema_log_options,
	 .doc = "how large they get"},
};
#undef AT

#define AT(field) offsetof(struct service, field)
#define IO(name, list, of, text)                                                                   \
	{name, &kind_io_limits, AT(limits.blkio.list), MERGE_APPEND, APPLY_LIVE, .schema = &of,    \
	 .doc = text}

static const struct attribute blkio[] = {
	{"weight", &kind_integer, AT(limits.blkio.weight), MERGE_REPLACE, APPLY_LIVE, .min = 10,
	 .max = 1000, .doc = "its share when others want the disk too; 100 is usual"},
	IO("device_read_bps", read_bps, schema_io_bytes, "bytes it may read in a second"),
	IO("device_write_bps", write_bps, schema_io_bytes, "bytes it may write in a second"),
	IO("device_read_iops", read_iops, schema_io_operations, "reads in a second"),
	IO("device_write_iops", write_iops, schema_io_operations, "writes in a second"),
	ATTRIBUTE_REFUSED("weight_device",
			  "weights are the same for all devices here; use 'weight'"),
};
const struct schema schema_blkio = SCHEMA_OF(blkio);

static const struct attribute resource_limits[] = {
	{"memory", &kind_bytes, AT(limits.memory), MERGE_REPLACE, APPLY_LIVE, .max = BYTES_MAX,
	 .twin = true, .doc = "mem_limit"},
	{"cpus", &kind_cpus, AT(limits.cpu_millis), MERGE_REPLACE, APPLY_LIVE, .max = 1000000,
	 .twin = true, .doc = "cpus"},
	{"pids", &kind_integer, AT(limits.pids), MERGE_REPLACE, APPLY_LIVE, .min = -1,
	 .max = 4194304, .twin = true, .doc = "pids_limit"},
};
static const struct schema schema_limits = SCHEMA_OF(resource_limits);

static const struct attribute reservations[] = {
	{"memory", &kind_bytes, AT(limits.memory_reservation), MERGE_REPLACE, APPLY_LIVE,
	 .max = BYTES_MAX, .twin = true, .doc = "mem_reservation"},
	ONE_HOST("cpus"),
	ONE_HOST("generic_resources"),
	ATTRIBUTE_REFUSED("devices", "devices are not handed out by capability: name their files "
			  "below the service's 'devices', such as /dev/dri or /dev/nvidia0"),
};
static const struct schema schema_reservations = SCHEMA_OF(reservations);

static const struct attribute resources[] = {
	{"limits", &kind_group, 0, MERGE_SCHEMA, APPLY_LIVE, .schema = &schema_limits,
	 .doc = "most of memory, CPU time and processes"},
	{"reservations", &kind_group, 0, MERGE_SCHEMA, APPLY_LIVE, .schema = &schema_reservations,
	 .doc = "what it keeps when the host runs short"},
};
static const struct schema schema_resources = SCHEMA_OF(resources);

static const struct attribute restart_policy[] = {
	{"condition", &kind_restart_condition, .merge = MERGE_REPLACE, .apply = APPLY_LIVE,
	 .doc = "none, on-failure or any, where 'restart' is not said"},
	{"max_attempts", &kind_max_attempts, .merge = MERGE_REPLACE, .apply = APPLY_LIVE,
	 .doc = "of on-failure"},
	{"delay", &kind_duration, AT(restart_delay_ms), MERGE_REPLACE, APPLY_LIVE, .absent = -1,
	 .doc = "time between two starts; when not said 100 ms, doubled each time up to a minute"},
	{"window", &kind_duration, AT(restart_window_ms), MERGE_REPLACE, APPLY_LIVE, .absent = -1,
	 .doc = "how long a run must be for max_attempts to begin anew"},
};
static const struct schema schema_restart_policy = SCHEMA_OF(restart_policy);

static const struct attribute update_config[] = {
	{"order", &kind_choice, AT(update_config.order), MERGE_REPLACE, APPLY_NONE,
	 .accepts = "stop-first start-first",
	 .doc = "start-first: the old container works until the new one does"},
	{"parallelism", &kind_integer, AT(update_config.parallelism), MERGE_REPLACE, APPLY_NONE,
	 .absent = -1, .min = 0, .max = 1000,
	 .doc = "how many at a time, 1 when not said; 0: all"},
	{"delay", &kind_duration, AT(update_config.delay_ms), MERGE_REPLACE, APPLY_NONE, .absent = -1,
	 .doc = "time between one and the next"},
	{"monitor", &kind_duration, AT(update_config.monitor_ms), MERGE_REPLACE, APPLY_NONE,
	 .absent = -1, .doc = "how long a new one has to work before it counts"},
	{"failure_action", &kind_choice, AT(update_config.failure_action), MERGE_REPLACE, APPLY_NONE,
	 .accepts = "pause continue rollback",
	 .doc = "what becomes of the others when a new one fails; pause when not said"},
	ATTRIBUTE_KEPT("max_failure_ratio", AT(kept),
		       "one failure is a failure: this has no effect"),
};
static const struct schema schema_update_config = SCHEMA_OF(update_config);

static const struct attribute deploy[] = {
	{"resources", &kind_group, 0, MERGE_SCHEMA, APPLY_LIVE, .schema = &schema_resources,
	 .doc = "limits and reservations"},
	{"replicas", &kind_integer, AT(scale), MERGE_REPLACE, APPLY_LIVE, .absent = 1, .min = 0,
	 .max = 1000, .twin = true, .doc = "scale"},
	{"restart_policy", &kind_group, 0, MERGE_SCHEMA, APPLY_LIVE,
	 .schema = &schema_restart_policy, .doc = "restart, in the words of clusters"},
	{.key = "mode", .kind = &kind_kept, .offset = AT(kept), .accepts = "replicated",
	 .sentence = one_host,
	 .doc = one_host},
	ONE_HOST("endpoint_mode"), ONE_HOST("labels"), ONE_HOST("placement"),
	{"update_config", &kind_group, 0, MERGE_SCHEMA, APPLY_NONE, .schema = &schema_update_config,
	 .doc = "how its containers are replaced by new ones"},
	ATTRIBUTE_KEPT("rollback_config", AT(kept),
		       "a rollback goes by 'update_config': this has no effect"),
};
#undef AT

#define AT(field) offsetof(struct port, field)
static const struct attribute port[] = {
	{"target", &kind_port_target, AT(target), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "port in the container"},
	{"published", &kind_port_published, AT(published), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "port of the host"},
	{"host_ip", &kind_string, AT(host_ip), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "address of the host; all when not said"},
	{"protocol", &kind_string, AT(protocol), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "tcp, udp or sctp"},
	{.key = "mode", .kind = &kind_kept, .offset = AT(kept), .accepts = "host ingress",
	 .sentence = one_host, .doc = one_host},
	{"name", &kind_string, AT(name), MERGE_REPLACE, APPLY_NONE, .doc = "a name for people"},
	{"app_protocol", &kind_string, AT(app_protocol), MERGE_REPLACE, APPLY_NONE,
	 .doc = "what is spoken there, for people"},
};
#undef AT

#define AT(field) offsetof(struct mount, field)
static const struct attribute bind[] = {
	{"propagation", &kind_propagation, AT(propagation), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "rprivate and the like, as in mount(8)"},
	{"create_host_path", &kind_bool, AT(create_host_path), MERGE_REPLACE, APPLY_ROLLING,
	 .absent = true, .doc = "make the directory when it is missing"},
	{.key = "recursive", .kind = &kind_refused, .accepts = "enabled",
	 .sentence = "only 'enabled', which is the default, is there", .doc = "enabled"},
	ATTRIBUTE_KEPT("selinux", AT(kept), "SELinux labels are left as they are"),
};
static const struct schema schema_bind = SCHEMA_OF(bind);

static const struct attribute volume[] = {
	{"nocopy", &kind_bool, AT(nocopy), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "do not copy what the image has there into a new volume"},
	{"subpath", &kind_string, AT(subpath), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "a directory in the volume"},
	ATTRIBUTE_KEPT("labels", AT(kept), "anonymous volumes have no labels"),
};
static const struct schema schema_mount_volume = SCHEMA_OF(volume);

static const struct attribute tmpfs_own[] = {
	{"exec", &kind_bool, AT(exec), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "programs in it may be run"},
};
static const struct schema schema_tmpfs_own = SCHEMA_OF(tmpfs_own);

static const struct attribute tmpfs[] = {
	{"size", &kind_size, AT(tmpfs_size), MERGE_REPLACE, APPLY_ROLLING, .max = BYTES_MAX,
	 .doc = "most bytes in it"},
	{"mode", &kind_mode, AT(tmpfs_mode), MERGE_REPLACE, APPLY_ROLLING, .absent = 01777,
	 .doc = "permissions of its root"},
	{"x-stack", &kind_group, 0, MERGE_SCHEMA, APPLY_ROLLING, .schema = &schema_tmpfs_own,
	 .doc = "our own"},
};
static const struct schema schema_tmpfs = SCHEMA_OF(tmpfs);

static const struct attribute mount[] = {
	{"type", &kind_mount_type, AT(type), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "bind, volume or tmpfs"},
	{"source", &kind_mount_path, AT(source), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "path of the host, or name of a volume"},
	{"target", &kind_mount_path, AT(target), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "path in the container"},
	{"read_only", &kind_bool, AT(read_only), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "it cannot be written there"},
	{"bind", &kind_group, 0, MERGE_SCHEMA, APPLY_ROLLING, .schema = &schema_bind,
	 .doc = "more about a bind mount"},
	{"volume", &kind_group, 0, MERGE_SCHEMA, APPLY_ROLLING, .schema = &schema_mount_volume,
	 .doc = "more about a volume"},
	{"tmpfs", &kind_group, 0, MERGE_SCHEMA, APPLY_ROLLING, .schema = &schema_tmpfs,
	 .doc = "more about a tmpfs"},
	ATTRIBUTE_KEPT("consistency", AT(kept), "this is about other systems and has no effect"),
	ATTRIBUTE_REFUSED("image", "mounting an image is not there yet"),
};
#undef AT

#define AT(field) offsetof(struct service_network, field)
static const struct attribute service_network[] = {
	{"aliases", &kind_strings, AT(aliases), MERGE_APPEND, APPLY_LIVE,
	 .doc = "further names in this network"},
	{"ipv4_address", &kind_string, AT(ipv4_address), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "a fixed address"},
	{"ipv6_address", &kind_string, AT(ipv6_address), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "the same of IPv6"},
	{"mac_address", &kind_string, AT(mac_address), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "a fixed link address"},
	{"interface_name", &kind_string, AT(interface_name), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "instead of eth0, eth1, …"},
	{"priority", &kind_number, AT(priority), MERGE_REPLACE, APPLY_LIVE, .min = -1000000,
	 .max = 1000000, .doc = "the highest is connected first"},
	{"x-stack", &kind_group, 0, MERGE_SCHEMA, APPLY_LIVE, .schema = &schema_attachment_own,
	 .doc = "our own"},
	{"link_local_ips", &kind_strings, AT(link_local_ips), MERGE_APPEND, APPLY_LIVE,
	 .doc = "further addresses, of 169.254.0.0/16"},
	{"driver_opts", &kind_map, AT(driver_opts), MERGE_MAP, APPLY_LIVE,
	 .doc = "com.docker.network.endpoint.ifname and com.docker.network.endpoint.sysctls"},
	{"gw_priority", &kind_number, AT(gw_priority), MERGE_REPLACE, APPLY_LIVE, .min = -1000000,
	 .max = 1000000, .doc = "the network with the highest has the default route"},
};
#undef AT

#define AT(field) offsetof(struct device, field)
static const struct attribute device[] = {
	{"source", &kind_string, AT(source), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "the device on the host; a directory is all devices in it"},
	{"target", &kind_string, AT(target), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "the device in the container"},
	{"permissions", &kind_string, AT(permissions), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "some of r, w and m (mknod)"},
};
#undef AT

#define AT(field) offsetof(struct dependency, field)
static const struct attribute dependency[] = {
	{"condition", &kind_condition, AT(condition), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "service_started, service_healthy or service_completed_successfully"},
	{"restart", &kind_bool, AT(restart), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "restart this one after that one was replaced"},
	{"required", &kind_bool, AT(required), MERGE_REPLACE, APPLY_LIVE, .absent = true,
	 .doc = "whether it is an error when that one is not there"},
};
#undef AT
// clang-format on

const struct schema schema_healthcheck = SCHEMA_OF(healthcheck);
const struct schema schema_logging = SCHEMA_OF(logging);
const struct schema schema_deploy = SCHEMA_OF(deploy);
const struct schema schema_port = SCHEMA_OF(port);
const struct schema schema_mount = SCHEMA_OF(mount);
const struct schema schema_device = SCHEMA_OF(device);
const struct schema schema_service_network = SCHEMA_OF(service_network);
const struct schema schema_dependency = SCHEMA_OF(dependency);
