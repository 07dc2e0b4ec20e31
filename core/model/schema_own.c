// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"
#include "core/model/project.h"
#include "core/model/schema.h"

/*
 * services.<name>.x-stack, and services.<name>.networks.<key>.x-stack
 */

#define PORT_MAX     65535
#define BURST_MIN    (10 << 10) /* the largest packet of a network has to go at once */
#define BURST_MAX    (256 << 20)
#define DELAY_MS_MAX 60000

// clang-format off
#define AT(field) offsetof(struct http_probe, field)
static const struct attribute http[] = {
	{"port", &kind_integer, AT(port), MERGE_REPLACE, APPLY_LIVE, .min = 1, .max = PORT_MAX,
	 .doc = "port in the container, on its address 127.0.0.1"},
	{"path", &kind_http_path, AT(path), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "what is asked for, with its query; / when not said"},
	{"status", &kind_http_status, 0, MERGE_REPLACE, APPLY_LIVE,
	 .doc = "the answers that are good; 200-399 when not said"},
	{"headers", &kind_http_headers, AT(headers), MERGE_MAP, APPLY_LIVE,
	 .doc = "lines of the request besides ours; Host takes the place of our own"},
};
static const struct schema schema_http = {http, sizeof(http) / sizeof(http[0]), .closed = true};
#undef AT

#define AT(field) offsetof(struct health_probe, field)
static const struct attribute probe[] = {
	{"http", &kind_http, AT(http), MERGE_REPLACE, APPLY_LIVE, .schema = &schema_http,
	 .doc = "it answers this request with a good status"},
	{"tcp", &kind_integer, AT(tcp), MERGE_REPLACE, APPLY_LIVE, .min = 1, .max = PORT_MAX,
	 .doc = "it takes connections on this port of its address 127.0.0.1"},
	{"log", &kind_pattern, AT(log), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "since its start a line of its output matched this, a POSIX extended regular "
		"expression"},
	{"notify", &kind_bool, AT(notify), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "it says READY=1 to the socket in its variable NOTIFY_SOCKET, as sd_notify(3) "
		"does; STATUS= is shown by 'stack inspect'"},
};
static const struct schema schema_probe = {probe, sizeof(probe) / sizeof(probe[0]), .closed = true};
#undef AT

#define AT(field) offsetof(struct bandwidth, field)
static const struct attribute bandwidth[] = {
	{"ingress", &kind_rate, AT(ingress), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "most that comes to a container"},
	{"egress", &kind_rate, AT(egress), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "most that goes out of a container"},
	{"burst", &kind_bytes, AT(burst), MERGE_REPLACE, APPLY_LIVE, .min = BURST_MIN,
	 .max = BURST_MAX, .doc = "bytes that may go at once after a pause; 10 ms of the rate, "
				  "and 16k at least, when not said"},
	{"delay", &kind_duration, AT(delay_ms), MERGE_REPLACE, APPLY_LIVE, .max = DELAY_MS_MAX,
	 .doc = "how long each packet to a container is kept, to try what a far-away client "
		"sees; the kernel needs netem for it"},
	{"loss", &kind_share, AT(loss), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "how many of the packets to a container are lost, by chance; likewise"},
};
static const struct schema schema_bandwidth = {bandwidth, sizeof(bandwidth) / sizeof(bandwidth[0]),
					       .closed = true};
#undef AT

#define AT(field) offsetof(struct service_network, field)
static const struct attribute attachment_own[] = {
	{"bandwidth", &kind_group, AT(bandwidth), MERGE_SCHEMA, APPLY_LIVE,
	 .schema = &schema_bandwidth,
	 .doc = "limits in this network, instead of the service's; 'unlimited' is none"},
};
#undef AT

#define AT(field) offsetof(struct service, field)
static const struct attribute own[] = {
	{"bandwidth", &kind_group, AT(bandwidth), MERGE_SCHEMA, APPLY_LIVE,
	 .schema = &schema_bandwidth, .doc = "limits of each container in each of its networks"},
	{"probe", &kind_probe, AT(probe), MERGE_REPLACE, APPLY_LIVE, .schema = &schema_probe,
	 .doc = "one of http, tcp, log and notify: how to find out whether it works, without a "
		"program in the container; how often and how long is said by 'healthcheck', which "
		"has no 'test' then"},
	{"update", &kind_update, AT(own_update), MERGE_REPLACE, APPLY_NONE,
	 .accepts = "rolling recreate",
	 .doc = "rolling: a new container is made beside the old one and takes its place when it "
		"works, without a gap"},
	{"oneoff", &kind_choice, AT(oneoff), MERGE_REPLACE, APPLY_ROLLING,
	 .accepts = "detached attached",
	 .doc = "made by 'stack run': one container that 'up' leaves alone"},
	{"schedule", &kind_schedule, AT(schedule), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "minute, hour, day of month, month and day of week, as in crontab(5), or @hourly, "
		"@daily and the like: it is started then, unless it still runs, and not by 'up'"},
	{"rootfs", &kind_rootfs, AT(rootfs), MERGE_REPLACE, APPLY_ROLLING,
	 .doc = "instead of an image: a directory with a root file system, which is only read, or "
		"host, the host's own; what the container writes is its own, see stack-file(5)"},
	{"on_dependency_failure", &kind_choice, AT(on_dependency_failure), MERGE_REPLACE,
	 APPLY_NONE, .accepts = "hold restart ignore",
	 .doc = "hold: it is not started while a service it depends on fails; restart: it is "
		"restarted when that one works again"},
	{"on_unhealthy", &kind_on_unhealthy, AT(on_unhealthy), MERGE_REPLACE, APPLY_LIVE,
	 .doc = "none; restart: it is stopped and started again, whatever 'restart' says; stop: "
		"it is stopped, and stays so"},
};
#undef AT
// clang-format on

const struct schema schema_service_own = SCHEMA_OF(own);
const struct schema schema_attachment_own = SCHEMA_OF(attachment_own);
