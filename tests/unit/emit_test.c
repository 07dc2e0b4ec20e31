// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"
#include "core/model/load.h"
#include "core/model/project.h"
#include "core/model/writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Something of everything the model has a field for. */
static const char rich[] =
	"name: rich\n"
	"services:\n"
	"  a:\n"
	"    image: i:1\n"
	"    command: ['$HOME', \"tab\\tquote\\\" nl\\n bell\\a ä \\u2028 \\x7f\"]\n"
	"    entrypoint: []\n"
	"    environment: {A: '', B: yes, C: null, D: '1', 'e.f': ' x '}\n"
	"    labels: {l: m}\n    annotations: {n: o}\n    container_name: cn\n    hostname: h\n"
	"    domainname: d\n    working_dir: /w\n    user: u:g\n    group_add: [g1, 5]\n"
	"    ports: ['127.0.0.1:8000-8002:80-82/udp', '90', '91:91']\n    expose: [1, 2/udp]\n"
	"    volumes:\n"
	"      - /h:/t:ro,rshared\n      - v:/v:nocopy\n      - /anon\n"
	"      - {type: volume, source: v, target: /s, volume: {subpath: p}}\n"
	"      - {type: bind, source: /x, target: /y, bind: {create_host_path: false}}\n"
	"      - {type: tmpfs, target: /m, tmpfs: {size: 1m, mode: 0700}}\n"
	"    tmpfs: ['/r:exec,ro']\n"
	"    networks: {n: {aliases: [x], ipv4_address: 10.9.8.7, ipv6_address: 'fd00:9::7', "
	"mac_address: "
	"'02:00:00:00:00:01',\n"
	"               interface_name: net0, priority: 5,\n"
	"               gw_priority: -1, link_local_ips: [169.254.7.7], driver_opts:\n"
	"               {com.docker.network.endpoint.sysctls: "
	"net.ipv4.conf.IFNAME.forwarding=0}},\n"
	"               default: }\n"
	"    extra_hosts: ['h:host-gateway']\n    dns: [1.1.1.1]\n    dns_search: [s]\n"
	"    dns_opt: ['ndots:1']\n"
	"    depends_on: {b: {condition: service_completed_successfully, restart: true},\n"
	"                 c: {condition: service_started, required: false}}\n"
	"    restart: on-failure:7\n"
	"    healthcheck: {test: [CMD, t, u], interval: 1m1s, timeout: 1ms, start_period: 0s,\n"
	"                  start_interval: 2h, retries: 0}\n"
	"    stop_signal: SIGINT\n    stop_grace_period: 1s\n    profiles: [p]\n"
	"    mem_limit: 1g\n    memswap_limit: -1\n    mem_reservation: 1m\n    cpus: 1.25\n"
	"    cpu_shares: 512\n    cpuset: 0-1\n    pids_limit: -1\n"
	"    ulimits: {nofile: {soft: 1, hard: 2}, core: -1}\n    shm_size: 1m\n"
	"    oom_score_adj: 5\n"
	"    logging: {driver: local, options: {max-size: 10m, max-file: 3}}\n"
	"    sysctls: [net.core.somaxconn=1]\n    cap_add: [CHOWN]\n    cap_drop: [ALL]\n"
	"    security_opt: [no-new-privileges]\n    privileged: true\n    read_only: true\n"
	"    tty: true\n    stdin_open: true\n    attach: false\n"
	"    post_start: [{command: [a, b], user: u, working_dir: /w, privileged: true,\n"
	"                  environment: {K: v}}, {command: c d}]\n"
	"    pre_stop: [{command: 'x \"y z\"'}]\n    pid: host\n    cgroup: host\n"
	"    platform: linux/amd64\n    pull_policy: every_12h\n"
	"    build: {context: /src, args: {A: 1, B: 'x$$y', C: }, tags: [t, 1.5, true, '1']}\n"
	"    secrets: [s, {source: e, target: /e, uid: '1', gid: '2', mode: 0400}]\n"
	"    configs: [c]\n"
	"    develop: {watch: [{path: ., action: sync, target: /x}]}\n"
	"    deploy: {restart_policy: {delay: 1s, window: 2m}, placement: {constraints: [a]}, "
	"update_config: {order: start-first}}\n"
	"  b: {image: b, network_mode: none, healthcheck: {disable: true}, scale: 3}\n"
	"secrets: {s: {content: \"a\\nb$$\"}, e: {external: true, name: n}}\n"
	"configs: {c: {content: ''}}\n"
	"networks:\n"
	"  n: {name: nn, internal: true, attachable: true, driver: bridge, driver_opts: {mtu: "
	"1400},\n"
	"      labels: {c: d}, enable_ipv6: true,\n"
	"      ipam: {config: [{subnet: 10.9.8.0/24, ip_range: 10.9.8.0/25, gateway: 10.9.8.1},\n"
	"                      {subnet: 'fd00:9::/64', aux_addresses: {r: 'fd00:9::2'}}]}}\n"
	"  default: {external: true, name: out}\n"
	"volumes: {v: {driver_opts: {type: none}, labels: {e: f}}, w: {external: true}}\n";

static void load_text(const char *text, size_t len, struct project **ret_project)
{
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(strbuf_release) struct strbuf rendered = STRBUF_INIT;
	struct err err = ERR_INIT;

	if (load_canonical(text, len, "canonical", &diag, ret_project, &err) == 0)
		return;
	diagnostics_render(&diag, &rendered);
	fail_msg("%s\n%s", rendered.text, text);
}

/* Out and in again changes nothing, in both formats. */
static void assert_stable(const struct project *project)
{
	CLEANUP(strbuf_release) struct strbuf json = STRBUF_INIT, yaml = STRBUF_INIT;
	CLEANUP(strbuf_release) struct strbuf again = STRBUF_INIT;
	CLEANUP(project_cleanup) struct project *from_json = NULL, *from_yaml = NULL;

	project_emit_json(project, &json);
	project_emit_yaml(project, &yaml);
	load_text(json.text, json.len, &from_json);
	project_emit_json(from_json, &again);
	assert_string_equal(again.text, json.text);
	load_text(yaml.text, yaml.len, &from_yaml);
	strbuf_reset(&again);
	project_emit_json(from_yaml, &again);
	assert_string_equal(again.text, json.text);
	assert_string_equal(from_json->working_dir, project->working_dir);
}

static void every_field_survives(void **state)
{
	CLEANUP(project_cleanup) struct project *project = NULL;
	const struct service *a;

	load_text(rich, strlen(rich), &project);
	a = project_service(project, "a");
	assert_string_equal(a->command.items[0], "$HOME");
	assert_true(a->entrypoint.is_set);
	assert_int_equal(a->n_mounts, 7);
	assert_stable(project);
}

static void files_for_users_load_as_files(void **state)
{
	static const char *const none[] = {NULL};
	char path[] = "/tmp/stack-emit-XXXXXX";
	CLEANUP_FD int fd = mkstemp(path);
	CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
	CLEANUP(project_cleanup) struct project *project = NULL, *again = NULL;
	CLEANUP(strbuf_release) struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	const char *const files[] = {path}, *const profiles[] = {"*"};
	const struct load_options options = {.files = files,
					     .n_files = 1,
					     .environ = none,
					     .profiles = profiles,
					     .n_profiles = 1};

	load_text(rich, strlen(rich), &project);
	for (int yaml = 0; yaml < 2; yaml++) {
		strbuf_reset(&first);
		strbuf_reset(&second);
		project_emit_file(project, yaml, &first);
		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, first.text, first.len, 0), first.len);
		assert_int_equal(load_project(&options, &diag, &again, NULL), 0);
		assert_string_equal(project_service(again, "a")->command.items[0], "$HOME");
		project_emit_file(again, yaml, &second);
		assert_string_equal(first.text, second.text);
		project_free(TAKE_PTR(again));
	}
	unlink(path);
}

static void real_files_are_stable(void **state)
{
	static const char *const none[] = {NULL};
	const char *corpus = getenv("STACK_CORPUS");
	struct dirent *entry;
	unsigned int loaded = 0;
	DIR *dir = corpus ? opendir(corpus) : NULL;

	if (!dir)
		skip();
	while ((entry = readdir(dir))) {
		CLEANUP(diagnostics_release) struct diagnostics diag = DIAGNOSTICS_INIT;
		CLEANUP(project_cleanup) struct project *project = NULL;
		char path[4096];
		const char *files[] = {path};
		const struct load_options options = {.files = files, .n_files = 1, .environ = none};

		snprintf(path, sizeof(path), "%s/%s", corpus, entry->d_name);
		if (entry->d_name[0] == '.' || load_project(&options, &diag, &project, NULL) < 0)
			continue;
		assert_stable(project);
		loaded++;
	}
	closedir(dir);
	assert_true(loaded > 0);
}

static void yaml_quotes_what_could_be_something_else(void **state)
{
	static const char *const words[] = {"yes", "1",	 "0x1", "null", "~",   "a: b", "-",  "",
					    "a:",  " a", "#",	"1e3",	"Off", "a,b",  "*x", "&x"};
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct writer writer = WRITER_INIT(&out, WRITER_YAML);

	writer_open_list(&writer);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		writer_string(&writer, words[i]);
	writer_close(&writer);
	for (const char *line = out.text; line; line = strchr(line + 1, '\n'))
		assert_non_null(strstr(line, "- \""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_survives),
		cmocka_unit_test(files_for_users_load_as_files),
		cmocka_unit_test(real_files_are_stable),
		cmocka_unit_test(yaml_quotes_what_could_be_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
