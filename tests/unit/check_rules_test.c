// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/check_rules.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"
#include "core/model/load.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IMAGE "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RUN   "/srv/check-test/run"
#define SAFE                                                                                       \
	"image: '" IMAGE "', cap_drop: [ALL], cap_add: [NET_BIND_SERVICE], read_only: true, "      \
	"security_opt: ['no-new-privileges:true'], mem_limit: 64m, cpus: '0.5', "                  \
	"restart: 'on-failure:5', healthcheck: {test: [CMD, 'true']}, "                            \
	"ports: [{target: 80, published: '8080', host_ip: 127.0.0.1}]"

/* The service written as BODY, with some image where that has none, and what is found in it. */
struct fixture {
	struct project *project;
	struct check_report report;
	struct err err;
	int r;
};

static void look(struct fixture *f, const char *body)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT, said = STRBUF_INIT;

	*f = (struct fixture){.report = {.run_dir = RUN}, .err = ERR_INIT};
	strbuf_printf(&text, "name: t\nservices: {s: {%s%s}}\n",
		      strstr(body, "image:") || strstr(body, "rootfs:") ? "" : "image: x, ", body);
	f->r = load_canonical(text.text, text.len, "t.yml", &diag, &f->project, &f->err);
	diagnostics_render(&diag, &said);
	if (f->r != 0)
		fail_msg("%s: %s%s", body, f->err.msg, said.text);
	f->r = check_service(&f->project->services[0], &f->report, &f->err);
}

static void release(struct fixture *f)
{
	check_report_release(&f->report);
	project_free(f->project);
}

/* The first finding of RULE, or NULL. */
static const struct check_finding *found(const struct fixture *f, const char *rule)
{
	for (size_t i = 0; i < f->report.n; i++)
		if (strcmp(f->report.items[i].rule->name, rule) == 0)
			return &f->report.items[i];
	return NULL;
}

static void expect(const char *rule, const char *body, bool wanted)
{
	struct fixture f;

	look(&f, body);
	assert_int_equal(f.r, 0);
	if (!found(&f, rule) == wanted)
		fail_msg("%s: %s in {%s}", rule, wanted ? "not found" : "found", body);
	release(&f);
}

static const struct {
	const char *rule, *bad, *good; /* good NULL: there is no way to write it */
} cases[] = {
	{"privileged", "privileged: true", "privileged: false"},
	{"control-socket", "volumes: ['/var/run/docker.sock:/s:ro']", "volumes: ['/home:/s']"},
	{"control-socket", "volumes: ['/run:/run']", "volumes: ['/running:/s']"},
	{"control-socket", "volumes: ['/run/user/1000/podman/podman.sock:/s']",
	 "volumes: ['/run/user/1000/podman-notes:/s']"},
	{"control-socket", "volumes: ['/var/run/containerd:/s']", "volumes: ['/var/lib:/s']"},
	{"control-socket", "volumes: ['/srv:/s']", "volumes: ['" RUN "ning:/s']"},
	{"control-socket", "volumes: ['" RUN "/shop:/s']", "volumes: ['" RUN "-2:/s']"},
	{"control-socket", "volumes: ['/:/host:ro']", "tmpfs: [/run]"},
	{"sensitive-mount", "volumes: ['/etc:/e:ro']", "volumes: ['/etc/localtime:/e:ro']"},
	{"sensitive-mount", "volumes: ['/etc/cron.d:/e']", "volumes: ['/etcetera:/e']"},
	{"sensitive-mount", "volumes: ['/:/host:ro']", "volumes: ['/home/etc:/e']"},
	{"host-root", "x-stack: {rootfs: host}", "x-stack: {rootfs: ./host}"},
	{"cap-of-host", "cap_add: [SYS_ADMIN]", "cap_add: [NET_ADMIN]"},
	{"cap-of-host", "cap_add: [ALL]", "privileged: true"},
	{"host-network", "network_mode: host", "network_mode: none"},
	{"host-pid", "pid: host", "image: x"},
	{"host-ipc", "ipc: host", "ipc: private"},
	{"host-uts", "uts: host", "image: x"},
	{"seccomp-off", "security_opt: ['seccomp=unconfined']", "image: x"},
	{"seccomp-off", "security_opt: ['seccomp:unconfined']",
	 "privileged: true, security_opt: ['seccomp:unconfined']"},
	{"cap-add", "cap_add: [NET_ADMIN]", "cap_add: [CAP_CHOWN, SYS_ADMIN]"},
	{"mount-shared",
	 "volumes: [{type: bind, source: /srv, target: /s, bind: {propagation: rshared}}]",
	 "volumes: [{type: bind, source: /srv, target: /s, bind: {propagation: rslave}}]"},
	{"port-everywhere", "ports: [{target: 80}]", "ports: [{target: 80, host_ip: 127.0.0.1}]"},
	{"port-everywhere", "ports: [{target: 80, host_ip: 0.0.0.0}]", "expose: ['80']"},
	{"memory-limit", "image: x", "deploy: {resources: {limits: {memory: 1g}}}"},
	{"pids-limit", "pids_limit: -1", "image: x"},
	{"new-privileges", "security_opt: ['no-new-privileges:false']",
	 "security_opt: [no-new-privileges]"},
	{"ssh-server", "command: [/usr/sbin/sshd, -D]", "command: [/srv/sshd-notes]"},
	{"ssh-server", "entrypoint: [sh, -c, 'cd /; exec sshd -D']", "command: [sh, -c, runsshd]"},
	{"ssh-server", "ports: [{target: 22, published: '2222'}]",
	 "ports: [{target: 222}, {target: 21}]"},
	{"cap-drop", "image: x", "cap_drop: [NET_RAW]"},
	{"cap-drop", "cap_add: [NET_ADMIN]", "privileged: true"},
	{"port-system", "ports: [{target: 80, published: '1023'}]",
	 "ports: [{target: 80, published: '1024'}]"},
	{"cpu-limit", "image: x", "cpu_shares: 512"},
	{"cpu-limit", "mem_limit: 1g", "cpuset: '0'"},
	{"writable-root", "image: x", "read_only: true"},
	{"restart", "restart: always", "restart: 'no'"},
	{"restart", "restart: on-failure", "restart: 'on-failure:5'"},
	{"restart", "restart: 'on-failure:6'", "image: x"},
	{"ulimit", "ulimits: {nproc: -1}", "ulimits: {nproc: 100}"},
	{"healthcheck", "image: x", "healthcheck: {test: [CMD, 'true']}"},
	{"healthcheck", "healthcheck: {disable: true}", "healthcheck: {test: [CMD, 'true']}"},
	{"image-latest", "image: 'registry:5000/nginx'", "image: 'registry:5000/nginx:1.2'"},
	{"image-latest", "image: 'nginx:latest'", "image: 'nginx@" IMAGE "'"},
	{"host-users", "image: x", "userns_mode: auto"},
	{"device", "devices: ['/dev/fuse']", "image: x"},
	{"device", "device_cgroup_rules: ['c 10:229 r']", "devices: []"},
	{"image-digest", "image: 'nginx:1.2'", "image: '" IMAGE "'"},
	{"mandatory-access", "image: x", NULL},
};

static void every_rule_finds_what_it_is_for_and_nothing_else(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		expect(cases[i].rule, cases[i].bad, true);
		if (cases[i].good)
			expect(cases[i].rule, cases[i].good, false);
	}
}

static void every_rule_has_a_case(void **state)
{
	for (size_t i = 0; i < check_n_rules; i++) {
		size_t n = 0;

		for (size_t j = 0; j < ARRAY_SIZE(cases); j++)
			n += strcmp(cases[j].rule, check_rules[i].name) == 0;
		if (n == 0)
			fail_msg("no case for the rule %s", check_rules[i].name);
	}
}

static void rules_come_by_level_with_names_of_their_own(void **state)
{
	for (size_t i = 1; i < check_n_rules; i++) {
		assert_true(check_rules[i].level <= check_rules[i - 1].level);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(check_rules[i].name, check_rules[j].name);
	}
}

static void a_careful_service_has_no_findings(void **state)
{
	struct fixture f;

	look(&f, SAFE);
	for (size_t i = 0; i < f.report.n; i++)
		if (f.report.items[i].rule->level > CHECK_INFO)
			fail_msg("%s was found", f.report.items[i].rule->name);
	release(&f);
}

static void a_finding_says_what_and_where(void **state)
{
	const struct check_finding *finding;
	struct fixture f;

	look(&f, "image: x,\n ports: ['80-82:80-82'],\n"
		 " cap_add: [SYS_ADMIN, SYS_PTRACE]");
	finding = found(&f, "port-system");
	assert_non_null(finding);
	assert_string_equal(finding->detail, "80-82/tcp");
	assert_int_equal(finding->pos.line, 3);
	assert_string_equal(found(&f, "cap-of-host")->detail, "SYS_PTRACE,SYS_ADMIN");
	assert_string_equal(found(&f, "memory-limit")->service->name, "s");
	assert_null(found(&f, "memory-limit")->detail);
	release(&f);
}

static void a_symbolic_link_hides_nothing(void **state)
{
	char dir[] = "/tmp/stack-check-XXXXXX", link[64], body[128];
	const struct check_finding *finding;
	struct fixture f;

	assert_non_null(mkdtemp(dir));
	snprintf(link, sizeof(link), "%s/notes", dir);
	assert_int_equal(symlink("/etc", link), 0);
	snprintf(body, sizeof(body), "volumes: ['%s:/notes']", link);
	look(&f, body);
	unlink(link);
	rmdir(dir);
	finding = found(&f, "sensitive-mount");
	assert_non_null(finding);
	assert_non_null(strstr(finding->detail, ", which is /etc"));
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_finds_what_it_is_for_and_nothing_else),
		cmocka_unit_test(every_rule_has_a_case),
		cmocka_unit_test(rules_come_by_level_with_names_of_their_own),
		cmocka_unit_test(a_careful_service_has_no_findings),
		cmocka_unit_test(a_finding_says_what_and_where),
		cmocka_unit_test(a_symbolic_link_hides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
