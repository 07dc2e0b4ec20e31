// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/check_rules.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/container/caps.h"
#include "core/model/sharing.h"
#include "store/image.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define RESTARTS_MAX 5	  /* what the benchmark allows */
#define PORTS_SYSTEM 1024 /* below it only root may listen */
#define PORT_SSH     22

#define CAP(name) (UINT64_C(1) << CAP_##name)

/* With one of these a way to be root on the host is known. */
#define CAPS_OF_HOST                                                                               \
	(CAP(BPF) | CAP(DAC_READ_SEARCH) | CAP(SYS_ADMIN) | CAP(SYS_BOOT) | CAP(SYS_MODULE) |      \
	 CAP(SYS_PTRACE) | CAP(SYS_RAWIO))

const char *const check_level_names[] = {
	[CHECK_INFO] = "info",
	[CHECK_LOW] = "low",
	[CHECK_MEDIUM] = "medium",
	[CHECK_HIGH] = "high",
};
const size_t check_n_levels = ARRAY_SIZE(check_level_names);

static void found_if(bool condition, const struct service *service, struct check_report *report)
{
	if (condition)
		check_found(report, service, service->pos, NULL);
}

static void found_caps(uint64_t mask, const struct service *service, struct check_report *report)
{
	char names[640];

	/* All of them are what "privileged" means, which has a rule of its own. */
	if (mask == 0 || service->privileged)
		return;
	caps_format(mask, names, sizeof(names));
	check_found(report, service, service->pos, names);
}

static void privileged(const struct service *service, struct check_report *report)
{
	found_if(service->privileged, service, report);
}

static void caps_of_host(const struct service *service, struct check_report *report)
{
	found_caps(report->capabilities & CAPS_OF_HOST, service, report);
}

static void caps_added(const struct service *service, struct check_report *report)
{
	found_caps(report->capabilities & ~(CAPS_DEFAULT | CAPS_OF_HOST), service, report);
}

static void caps_kept(const struct service *service, struct check_report *report)
{
	found_if(!service->privileged && (report->capabilities & CAPS_DEFAULT) == CAPS_DEFAULT,
		 service, report);
}

static void host_root(const struct service *service, struct check_report *report)
{
	if (service->rootfs.host)
		check_found(report, service, service->rootfs.pos, NULL);
}

static void host_network(const struct service *service, struct check_report *report)
{
	found_if(sharing_is_host(service->network_mode), service, report);
}

static void host_processes(const struct service *service, struct check_report *report)
{
	found_if(sharing_is_host(service->pid), service, report);
}

static void host_ipc(const struct service *service, struct check_report *report)
{
	found_if(sharing_is_host(service->ipc), service, report);
}

static void host_name(const struct service *service, struct check_report *report)
{
	found_if(sharing_is_host(service->uts), service, report);
}

static void no_seccomp(const struct service *service, struct check_report *report)
{
	found_if(service->security.seccomp == SECCOMP_CHOICE_UNCONFINED && !service->privileged,
		 service, report);
}

static void new_privileges(const struct service *service, struct check_report *report)
{
	found_if(!service->security.no_new_privileges, service, report);
}

/* Is PROGRAM called in TEXT, which may be a path or a line for a shell? */
static bool calls(const char *text, const char *program)
{
	static const char between[] = " \t\n;&|()";
	size_t len = strlen(program);

	for (const char *at = strstr(text, program); at; at = strstr(at + 1, program)) {
		bool starts = at == text || at[-1] == '/' || strchr(between, at[-1]);

		/* The NUL at its end is one of the characters strchr() finds. */
		if (starts && strchr(between, at[len]))
			return true;
	}
	return false;
}

static void ssh_server(const struct service *service, struct check_report *report)
{
	const struct strings *const lists[] = {&service->entrypoint, &service->command};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; j < lists[i]->n; j++) {
			if (!calls(lists[i]->items[j], "sshd"))
				continue;
			check_found(report, service, service->pos, lists[i]->items[j]);
			return;
		}
	}
	for (size_t i = 0; i < service->n_ports; i++) {
		const struct port *port = &service->ports[i];

		if (port->target <= PORT_SSH && PORT_SSH < port->target + port->count)
			check_found(report, service, port->pos, "port 22 is published");
	}
}

static void found_port(const struct port *port, const struct service *service,
		       struct check_report *report)
{
	char detail[64];

	if (port->published == 0)
		snprintf(detail, sizeof(detail), "a free port for %u/%s", port->target,
			 port->protocol);
	else if (port->count > 1)
		snprintf(detail, sizeof(detail), "%u-%u/%s", port->published,
			 port->published + port->count - 1u, port->protocol);
	else
		snprintf(detail, sizeof(detail), "%u/%s", port->published, port->protocol);
	check_found(report, service, port->pos, detail);
}

static void every_address(const struct service *service, struct check_report *report)
{
	for (size_t i = 0; i < service->n_ports; i++) {
		const char *ip = service->ports[i].host_ip;

		if (!ip || strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0)
			found_port(&service->ports[i], service, report);
	}
}

static void system_ports(const struct service *service, struct check_report *report)
{
	for (size_t i = 0; i < service->n_ports; i++)
		if (service->ports[i].published > 0 && service->ports[i].published < PORTS_SYSTEM)
			found_port(&service->ports[i], service, report);
}

static void memory(const struct service *service, struct check_report *report)
{
	found_if(service->limits.memory == 0, service, report);
}

static void pids(const struct service *service, struct check_report *report)
{
	found_if(service->limits.pids < 0, service, report);
}

static void cpu(const struct service *service, struct check_report *report)
{
	const struct limits *limits = &service->limits;

	found_if(limits->cpu_millis == 0 && limits->cpu_shares == 0 && !limits->cpuset, service,
		 report);
}

static void writable_root(const struct service *service, struct check_report *report)
{
	found_if(!service->read_only, service, report);
}

static void restarts(const struct service *service, struct check_report *report)
{
	int64_t most = service->restart_max_attempts;

	if (service->restart == RESTART_NO)
		return;
	found_if(service->restart != RESTART_ON_FAILURE || most == 0 || most > RESTARTS_MAX,
		 service, report);
}

static void no_ulimit(const struct service *service, struct check_report *report)
{
	for (size_t i = 0; i < service->ulimits.n; i++)
		if (service->ulimits.items[i].soft < 0 || service->ulimits.items[i].hard < 0)
			check_found(report, service, service->pos, service->ulimits.items[i].name);
}

static void no_healthcheck(const struct service *service, struct check_report *report)
{
	bool looked_at = service->healthcheck.is_set || service->probe.kind != PROBE_EXEC;

	found_if(!looked_at || service->healthcheck.disable, service, report);
}

/* "sha256:…" is the id of an image, "name@sha256:…" a name with its digest. */
static bool is_pinned(const char *image)
{
	return strncmp(image, "sha256:", 7) == 0 || strstr(image, "@sha256:");
}

static bool is_latest(const char *image)
{
	const char *tag = image + image_reference_name_len(image);

	return !is_pinned(image) && (*tag == '\0' || strcmp(tag, ":latest") == 0);
}

static void latest_image(const struct service *service, struct check_report *report)
{
	if (service->image && is_latest(service->image))
		check_found(report, service, service->pos, service->image);
}

static void tagged_image(const struct service *service, struct check_report *report)
{
	if (service->image && !is_pinned(service->image) && !is_latest(service->image))
		check_found(report, service, service->pos, service->image);
}

static void host_devices(const struct service *service, struct check_report *report)
{
	for (size_t i = 0; i < service->n_devices; i++)
		check_found(report, service, service->devices[i].pos, service->devices[i].source);
	for (size_t i = 0; i < service->device_cgroup_rules.n; i++)
		check_found(report, service, service->pos, service->device_cgroup_rules.items[i]);
}

static void host_users(const struct service *service, struct check_report *report)
{
	found_if(service->userns.mode == USERNS_HOST && !service->privileged, service, report);
}

static void mandatory_access(const struct service *service, struct check_report *report)
{
	found_if(!service->security.apparmor, service, report);
}

// clang-format off
const struct check_rule check_rules[] = {
	{"5.5", "privileged", CHECK_HIGH, privileged,
	 "it runs privileged: with every capability and device of the host, without a seccomp filter",
	 "remove 'privileged'; give it the few capabilities it needs with 'cap_add'"},
	{"5.32", "control-socket", CHECK_HIGH, check_control_sockets,
	 "a socket through which one is root on the host is mounted",
	 "remove the mount"},
	{"5.6", "sensitive-mount", CHECK_HIGH, check_sensitive_mounts,
	 "a directory that belongs to the host's own system is mounted",
	 "mount only the file or directory it needs, with ':ro'"},
	{"5.6", "host-root", CHECK_HIGH, host_root,
	 "its root file system is the host's: root in it reads /etc/shadow and every private key",
	 "write an image, or 'rootfs:' with a directory that has only what it needs"},
	{"5.4", "cap-of-host", CHECK_HIGH, caps_of_host,
	 "it has capabilities that reach out of the container",
	 "remove them from 'cap_add'"},
	{"5.10", "host-network", CHECK_HIGH, host_network,
	 "it is in the host's network, and reaches what listens on the host's 127.0.0.1",
	 "remove 'network_mode: host'; publish what it serves with 'ports'"},
	{"5.16", "host-pid", CHECK_HIGH, host_processes,
	 "it sees the host's processes, and as root may signal them",
	 "remove 'pid: host'"},
	{"5.17", "host-ipc", CHECK_HIGH, host_ipc,
	 "it shares memory and semaphores with the host's programs",
	 "remove 'ipc: host'; mount a common tmpfs volume where services share memory"},
	{"5.22", "seccomp-off", CHECK_HIGH, no_seccomp,
	 "no system call is filtered",
	 "remove 'seccomp=unconfined' from 'security_opt'"},

	{"5.4", "cap-add", CHECK_MEDIUM, caps_added,
	 "it has more capabilities than a container usually has",
	 "remove from 'cap_add' what it runs without"},
	{"5.20", "mount-shared", CHECK_MEDIUM, check_propagation,
	 "what is mounted in there in the container appears on the host",
	 "remove the propagation, or write 'rslave'"},
	{"5.14", "port-everywhere", CHECK_MEDIUM, every_address,
	 "a port is published on every address of the host",
	 "write the address before it: '127.0.0.1:8080:80'"},
	{"5.11", "memory-limit", CHECK_MEDIUM, memory,
	 "it may use all of the host's memory",
	 "write 'mem_limit: 512m', or what it needs"},
	{"5.29", "pids-limit", CHECK_MEDIUM, pids,
	 "it may start as many processes as the host can have",
	 "remove 'pids_limit', which leaves the default of 2048, or write a number"},
	{"5.26", "new-privileges", CHECK_MEDIUM, new_privileges,
	 "its programs may gain privileges through set-user-ID files",
	 "write 'security_opt: [no-new-privileges]'"},
	{"5.21", "host-uts", CHECK_MEDIUM, host_name,
	 "it has the host's name, and with CAP_SYS_ADMIN could change it",
	 "remove 'uts: host'"},
	{"5.7", "ssh-server", CHECK_MEDIUM, ssh_server,
	 "it seems to run an SSH server",
	 "remove it; 'stack exec' runs a shell in the container"},

	{"5.4", "cap-drop", CHECK_LOW, caps_kept,
	 "it keeps all fourteen default capabilities",
	 "write 'cap_drop: [ALL]', and 'cap_add' with the few it needs"},
	{"5.8", "port-system", CHECK_LOW, system_ports,
	 "a port below 1024 is published",
	 "publish a higher one: '8080:80'"},
	{"5.12", "cpu-limit", CHECK_LOW, cpu,
	 "nothing says what its share of the CPUs is",
	 "write 'cpus: \"1.0\"' or 'cpu_shares: 512'"},
	{"5.13", "writable-root", CHECK_LOW, writable_root,
	 "its programs may write anywhere in its root file system",
	 "write 'read_only: true', and 'tmpfs: [/tmp, /run]' or what it writes to"},
	{"5.15", "restart", CHECK_LOW, restarts,
	 "it is started again more than five times",
	 "write 'restart: on-failure:5'"},
	{"5.18", "device", CHECK_LOW, host_devices,
	 "it uses a device of the host",
	 "remove it from 'devices'; ':r' is enough for what is only read"},
	{"5.19", "ulimit", CHECK_LOW, no_ulimit,
	 "a limit of its processes is lifted",
	 "write a number below 'ulimits', or remove it to have the default"},
	{"5.27", "healthcheck", CHECK_LOW, no_healthcheck,
	 "the stack file does not say how to find out whether it works",
	 "write a 'healthcheck' with a 'test', or a 'probe' below 'x-stack'"},
	{"5.28", "image-latest", CHECK_LOW, latest_image,
	 "its image is whatever is called 'latest' at the time",
	 "write the version it was tested with: 'image: name:1.2'"},

	{"5.31", "host-users", CHECK_INFO, host_users,
	 "root in it is root on the host, should it break out",
	 "write 'userns_mode: auto'"},
	{"5.28", "image-digest", CHECK_INFO, tagged_image,
	 "another image may come to have the name of this one",
	 "write the id that 'stack image ls -q' prints: 'image: sha256:…'"},
	{"5.2", "mandatory-access", CHECK_INFO, mandatory_access,
	 "no AppArmor profile confines it",
	 "where the host has AppArmor, load a profile and write 'security_opt: [apparmor=NAME]'"},
};
// clang-format on
const size_t check_n_rules = ARRAY_SIZE(check_rules);

void check_found(struct check_report *report, const struct service *service, struct position pos,
		 const char *detail)
{
	if (!report->arena)
		report->arena = arena_new();
	if (report->n == report->size) {
		size_t size = report->size ? report->size * 2 : 32;
		struct check_finding *items =
			ARENA_ARRAY(report->arena, struct check_finding, size);

		if (report->n)
			memcpy(items, report->items, report->n * sizeof(*items));
		report->items = items;
		report->size = size;
	}
	report->items[report->n++] = (struct check_finding){report->rule, service, pos,
							    arena_strdup(report->arena, detail)};
}

int check_service(const struct service *service, struct check_report *report, struct err *err)
{
	int r;

	r = caps_compute(service->cap_add.items, service->cap_drop.items, service->privileged,
			 &report->capabilities, err);
	if (r < 0)
		return err_wrap(err, "service '%s'", service->name);
	for (size_t i = 0; i < check_n_rules; i++) {
		report->rule = &check_rules[i];
		report->rule->look(service, report);
	}
	return 0;
}

void check_report_release(struct check_report *report)
{
	arena_free(report->arena);
}
