// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every attribute of a service: forms that are taken, each written out again
 * and read once more, and forms that are refused, with what is said.
 */
#include "tests/unit/loadlab.h"

#include "core/base/cleanup.h"
#include "core/model/schema.h"

#include <stdio.h>
#include <string.h>

#define FORMS_MAX 32

static const struct {
	const char *key;
	const char *good[FORMS_MAX];   /* values, as YAML in flow style */
	const char *bad[FORMS_MAX][2]; /* a value, and what is said of it */
} table[] = {
	{"image",
	 {"nginx", "'r.example:5000/a/b:1@sha256:00'"},
	 {{"[a]", "found a list"}, {"''", "empty"}}},
	{"build",
	 {".", "'https://example.org/x.git#main:dir'", "{context: ., target: t}",
	  "{dockerfile: D, args: {A: 1, B: , C: x$$y}}",
	  "{dockerfile_inline: FROM x, args: [A=1, B]}",
	  "{labels: [a=b, c], tags: [a, 'b:1'], no_cache: true, pull: true, privileged: true}",
	  "{network: none, shm_size: 64m, extra_hosts: ['h:1.2.3.4'], ulimits: {nofile: 5}}",
	  "{network: default, ssh: [default, k=./key], additional_contexts: {a: ./x, b: "
	  "'https://x'}}",
	  "{cache_from: ['type=registry,ref=r/x', a:1], cache_to: ['type=local,dest=x']}",
	  "{platforms: [linux/amd64, linux/arm64, linux/arm/v7, linux/riscv64]}",
	  "{isolation: default, provenance: true, sbom: false, entitlements: [network.host]}",
	  "{additional_contexts: {a: 'service:other'}}", "{secrets: [s, {source: s, target: id}]}"},
	 {{"[.]", "a directory"},
	  {"{contxt: .}", "'context'"},
	  {"{dockerfile: a, dockerfile_inline: b}", "exclude each other"},
	  {"{network: mine}", "'host' or 'none'"},
	  {"{platforms: [linux/nothing]}", "images are built for it"},
	  {"{shm_size: x}", "amount of memory"},
	  {"{ulimits: {nofiles: 5}}", "'nofile'"},
	  {"{additional_contexts: {a: 'service:nobody'}}", "no other service"},
	  {"{additional_contexts: {a: 'service:bare'}}", "no image, only a rootfs"},
	  {"{additional_contexts: [a]}", "NAME=PLACE"},
	  {"{secrets: [none]}", "none"},
	  {"{no_cache_filter: [x]}", "no_cache: true"},
	  {"{pull: maybe}", "true or false"}}},
	{"command",
	 {"a 'b c'", "[a, b c]", "[]", "''"},
	 {{"{a: b}", "a command"}, {"\"a 'b\"", "quote"}}},
	{"entrypoint", {"a b", "[a]"}, {{"{a: b}", "a command"}}},
	{"environment",
	 {"{A: 1, B: }", "[A=1, B]"},
	 {{"{A: [1]}", "text"}, {"[{A: 1}]", "KEY=value"}}},
	{"env_file",
	 {"e.env", "[e.env, {path: none.env, required: false}]", "{path: e.env, format: raw}"},
	 {{"none.env", "none.env"},
	  {"[{required: true}]", "'path'"},
	  {"{path: e.env, format: x}", "raw"}}},
	{"label_file", {"e.env", "[e.env]"}, {{"none.env", "none.env"}}},
	{"labels", {"{a: b}", "[a=b, c]"}, {{"x", "a mapping"}}},
	{"annotations", {"{a: b}", "[a=b]"}, {{"{a: [b]}", "text"}}},
	{"container_name", {"a-b_c.d"}, {{"a/b", "no name"}, {"..", "no name"}}},
	{"hostname", {"h"}, {{"[h]", "found a list"}}},
	{"domainname", {"example.org"}, {{"{}", "found a mapping"}}},
	{"working_dir", {"/w"}, {{"[w]", "found a list"}}},
	{"user", {"1000", "u:g"}, {{"[u]", "found a list"}}},
	{"group_add", {"[a, 5]"}, {{"{a: b}", "a list"}}},
	{"ports",
	 {"['80']", "['1:2/udp', '127.0.0.1:5-7:8-10', '8000-8010:80']",
	  "[{target: 1, published: 2, mode: host}]"},
	 {{"['x']", "no port"},
	  {"['70000:1']", "no port"},
	  {"[{published: 1}]", "'target'"},
	  {"80", "a list"},
	  {"['1:2/icmp']", "icmp"},
	  {"['1-3:1-2']", "do not match"},
	  {"['1.2.3:1:2']", "no address"}}},
	{"expose", {"[80, 81/udp]"}, {{"{a: b}", "a list"}}},
	{"volumes",
	 {"[./a:/b:ro, v:/c, /d]", "[{type: tmpfs, target: /t, tmpfs: {size: 1m}}]"},
	 {{"[./a:b]", "absolute"},
	  {"[{type: bind, target: /a}]", "'source'"},
	  {"[vv:/x]", "'v'"},
	  {"[{type: bnd, target: /a}]", "'bind'"},
	  {"['./a:/b:rx']", "no option"}}},
	{"volumes_from",
	 {"[other]", "['other:ro']"},
	 {{"['other:x']", "ro nor rw"}, {"[othr]", "'other'"}}},
	{"tmpfs",
	 {"/t", "['/t:size=1m,mode=700']"},
	 {{"['t']", "absolute"}, {"['/t:size=x']", "no size"}}},
	{"secrets",
	 {"[s]", "[{source: s, target: /t, mode: 0400}]"},
	 {{"[none]", "no file 'none'"}}},
	{"configs",
	 {"[c]", "[{source: c, target: /t, uid: '1'}]"},
	 {{"[{target: x}]", "'source:'"}}},
	{"networks",
	 {"[n]", "{n: {aliases: [a], ipv4_address: 10.9.9.5}}", "{n: {ipv6_address: 'fd00:9::5'}}",
	  "{n: {x-stack: {bandwidth: {ingress: unlimited, egress: 1mbit}}}}"},
	 {{"[none]", "network 'none'"},
	  {"{n: {aliasses: []}}", "'aliases'"},
	  {"{n: {ipv4_address: x}}", "address"},
	  {"{n: {ipv6_address: 'fd00:8::5'}}", "fd00:9::/64"}}},
	{"network_mode", {"none", "host", "'service:other'"}, {{"hots", "none host bridge"}}},
	{"pid", {"host", "'service:other'"}, {{"x", "host private"}}},
	{"ipc", {"host", "shareable"}, {{"'service:other'", "tmpfs volume"}}},
	{"uts", {"host"}, {{"'service:other'", "host only"}}},
	{"cgroup", {"host", "private"}, {{"x", "host private"}}},
	{"extra_hosts", {"['a:1.2.3.4', 'b=::1']", "{a: host-gateway}"}, {{"[a]", "name:address"}}},
	{"dns", {"1.1.1.1", "[1.1.1.1, '2001:db8::1']"}, {{"{a: b}", "a list"}, {"x", "address"}}},
	{"dns_search", {"a", "[a, b]"}, {{"{a: b}", "a list"}}},
	{"dns_opt", {"['ndots:1']"}, {{"{a: b}", "a list"}}},
	{"depends_on",
	 {"[other]", "{other: {condition: service_healthy, required: false}}"},
	 {{"[othr]", "'other'"},
	  {"{other: {condition: healthy}}", "service_healthy"},
	  {"[a]", "circle"}}},
	{"links",
	 {"[other]", "['other:alias']"},
	 {{"[othr]", "'other'"}, {"[':a']", "empty part"}}},
	{"restart",
	 {"'no'", "always", "'on-failure:3'", "unless-stopped"},
	 {{"allways", "'always'"}}},
	{"healthcheck",
	 {"{test: x}", "{test: [CMD, x], interval: 1m, retries: 2}", "{disable: true}",
	  "{test: [NONE]}"},
	 {{"{test: [x]}", "CMD"},
	  {"{intervall: 1s}", "'interval'"},
	  {"{interval: soon}", "duration"}}},
	{"x-stack",
	 {"{probe: {http: 8080/health}}",
	  "{probe: {http: 80}}",
	  "{probe: {http: {port: 1, path: '/a?b', status: 204, headers: {Host: a.example}}}}",
	  "{probe: {http: {port: 1, status: 200-299}}, on_unhealthy: restart}",
	  "{probe: {tcp: 5432}}",
	  "{probe: {log: 'ready (to|for) [a-z]{1,9}$$'}}",
	  "{probe: {notify: true}}",
	  "{on_unhealthy: stop}",
	  "{on_unhealthy: none}",
	  "{update: rolling}",
	  "{update: recreate}",
	  "{on_dependency_failure: hold}",
	  "{on_dependency_failure: ignore}",
	  "{schedule: '*/5 9-17 * * mon-fri'}",
	  "{schedule: '@daily'}",
	  "{oneoff: attached}",
	  "{rootfs: ./host}",
	  "{rootfs: host}",
	  "{bandwidth: {ingress: 10mbit, egress: 1.5gbit, burst: 32k}}",
	  "{bandwidth: {egress: 500kbps, delay: 20ms, loss: 0.5%}}"},
	 {{"{prob: {tcp: 1}}", "'probe'"},
	  {"{probe: {tcp: 0}}", "out of range"},
	  {"{probe: {http: 0/}}", "PORT/PATH"},
	  {"{probe: {http: \"80/a\\r\\nX: y\"}}", "no path"},
	  {"{probe: {http: {path: /}}}", "'port'"},
	  {"{probe: {http: {port: 1, status: 200-100}}}", "no status"},
	  {"{probe: {http: {port: 1, headers: {A: \"b\\r\\nC: d\"}}}}", "no header"},
	  {"{probe: {http: {port: 1, headers: {'A B': c}}}}", "no header"},
	  {"{probe: {tcp: 1, log: x}}", "exactly one"},
	  {"{probe: {}}", "exactly one"},
	  {"{probe: {log: '(a'}}", "regular expression"},
	  {"{probe: {log: '((a{255}){255}){255}'}}", "written out"},
	  {"{probe: {log: '(a)\\1'}}", "back references"},
	  {"{probe: {log: ''}}", "empty"},
	  {"{on_unhealthy: restrat}", "'restart'"},
	  {"{update: rollin}", "'rolling'"},
	  {"{update: [rolling]}", "found a list"},
	  {"{on_dependency_failure: x}", "hold"},
	  {"{schedule: '* * * *'}", "day of week is missing"},
	  {"{schedule: '99 * * * *'}", "no minute"},
	  {"{rootfs: /}", "write 'rootfs: host'"},
	  {"{rootfs: [host]}", "found a list"},
	  {"{rootfs: ''}", "empty"},
	  {"{bandwidth: {ingress: 10mb}}", "such as 10mbit"},
	  {"{bandwidth: {ingress: 0}}", "out of range"},
	  {"{bandwidth: {egress: 99999999999999999999mbit}}", "out of range"},
	  {"{bandwidth: {burst: 1k}}", "out of range"},
	  {"{bandwidth: {delay: 2h}}", "out of range"},
	  {"{bandwidth: {loss: 101%}}", "percentage"},
	  {"{bandwidth: {in: 1mbit}}", "'in'"},
	  {"{bandwidth: 10mbit}", "expected a mapping"}}},
	{"stop_signal", {"SIGINT", "9"}, {{"[x]", "found a list"}}},
	{"stop_grace_period",
	 {"1m30s", "0s"},
	 {{"soon", "duration"}, {"99999999999999h", "too large"}}},
	{"post_start", {"[{command: a}]"}, {{"[{user: a}]", "'command'"}}},
	{"pre_stop", {"[{command: [a], user: b}]"}, {{"[a]", "a mapping"}}},
	{"scale", {"2", "0"}, {{"-1", "out of range"}, {"many", "whole number"}}},
	{"extends", {"other", "{service: other}"}, {{"othr", "'other'"}, {"a", "circle"}}},
	{"profiles", {"[]"}, {{"{a: b}", "a list"}}},
	{"mem_limit",
	 {"64m", "1073741824", "1.5GiB"},
	 {{"64 parsecs", "amount of memory"}, {"99999999t", "too large"}}},
	{"memswap_limit", {"-1", "1g"}, {{"x", "amount of memory"}}},
	{"mem_reservation", {"1m"}, {{"-5", "amount of memory"}}},
	{"cpus", {"0.5", "'2'"}, {{"half", "number of CPUs"}}},
	{"cpu_quota", {"50000", "50ms"}, {{"x", "microseconds"}, {"1", "out of range"}}},
	{"cpu_period", {"100000"}, {{"5s", "no number of microseconds"}, {"10", "out of range"}}},
	{"cpu_shares", {"512"}, {{"1", "out of range"}}},
	{"cpuset", {"0-1", "'0,1'"}, {{"[0]", "found a list"}}},
	{"pids_limit", {"-1", "100"}, {{"-2", "out of range"}}},
	{"deploy",
	 {"{replicas: 2, resources: {limits: {cpus: '0.5', memory: 1g, pids: 5}}}",
	  "{restart_policy: {condition: on-failure, delay: 1s, max_attempts: 3, window: 1m}}",
	  "{placement: {constraints: [a]}, mode: global, update_config: {order: start-first}}",
	  "{update_config: {parallelism: 0, delay: 1s, monitor: 2s, failure_action: rollback}}"},
	 {{"{replcas: 2}", "'replicas'"},
	  {"{update_config: {order: first}}", "start-first"},
	  {"{update_config: {parallelism: -2}}", "out of range"},
	  {"{resources: {reservations: {devices: [{}]}}}", "'devices'"}}},
	{"ulimits",
	 {"{nofile: 5}", "{nofile: {soft: 1, hard: 2}, core: -1}"},
	 {{"{nofiles: 5}", "'nofile'"}, {"{nofile: {soft: 3, hard: 2}}", "above the hard"}}},
	{"shm_size", {"64m"}, {{"x", "amount of memory"}}},
	{"oom_score_adj", {"-500", "500"}, {{"5000", "out of range"}}},
	{"logging",
	 {"{driver: local, options: {max-size: 1m, max-file: 2, tag: t}}"},
	 {{"{driver: syslog}", "json-file, local or none"},
	  {"{options: {max-sise: 1}}", "'max-size'"}}},
	{"sysctls", {"{net.core.somaxconn: 1}", "[net.core.somaxconn=1]"}, {{"x", "a mapping"}}},
	{"cap_add", {"[CHOWN, CAP_KILL]", "[ALL]"}, {{"[CHWON]", "'CHOWN'"}}},
	{"cap_drop", {"[ALL]"}, {{"[XYZ]", "no capability"}}},
	{"security_opt",
	 {"['no-new-privileges:true']", "[seccomp=unconfined]"},
	 {{"[secomp=x]", "'seccomp'"}}},
	{"privileged", {"true"}, {{"maybe", "true or false"}}},
	{"devices",
	 {"['/dev/null:/dev/x:r']", "[{source: /dev/null}]"},
	 {{"['/dev/null:/x:q']", "r (read)"}}},
	{"device_cgroup_rules", {"['c 1:3 rwm']"}, {{"['x 1:3 r']", "'x 1:3 r'"}}},
	{"userns_mode", {"host", "auto", "'map=0:100000:65536'"}, {{"x", "auto"}}},
	{"read_only", {"true"}, {{"x", "true or false"}}},
	{"init", {"true"}, {{"x", "true or false"}}},
	{"tty", {"yes"}, {{"x", "true or false"}}},
	{"stdin_open", {"true"}, {{"x", "true or false"}}},
	{"attach", {"false"}, {{"x", "true or false"}}},
	{"platform", {"linux", "linux/arm64/v8"}, {{"[x]", "found a list"}}},
	{"pull_policy", {"always", "missing", "every_12h"}, {{"allways", "'always'"}}},
	{"mac_address", {"'02:00:00:00:00:01'"}, {{"[x]", "found a list"}}},
	{"runtime", {"runc", "kata"}, {{NULL, NULL}}},
	{"oom_kill_disable", {"false"}, {{"true", "oom_score_adj"}}},
	{"isolation", {"default", "hyperv"}, {{NULL, NULL}}},
	{"use_api_socket", {"false"}, {{"true", "no Docker daemon"}}},
	{"pull_refresh_after", {"24h"}, {{NULL, NULL}}},
	{"develop",
	 {"{watch: [{path: ., action: sync, target: /x}]}",
	  "{watch: [{path: ./a, action: restart}, {path: b, action: sync+restart, target: /x, "
	  "ignore: [node_modules/, '!x'], include: '*.js', initial_sync: true}]}",
	  "{watch: [{path: ., action: sync+exec, target: /x, exec: {command: a b, user: c, "
	  "working_dir: /d, environment: [E=f]}}]}"},
	 {{"{watch: {path: .}}", "a list"},
	  {"{watch: [{action: restart}]}", "'path' is missing"},
	  {"{watch: [{path: .}]}", "'action' is missing"},
	  {"{watch: [{path: ., action: sinc, target: /x}]}", "'sync'"},
	  {"{watch: [{path: ., action: sync}]}", "'target' is missing"},
	  {"{watch: [{path: ., action: sync, target: x}]}", "absolute"},
	  {"{watch: [{path: ., action: sync+exec, target: /x}]}", "'exec' with a 'command'"},
	  {"{watch: [{path: ., action: rebuild}]}", "needs 'build'"},
	  {"{watch: [{path: ., action: restart, ignor: x}]}", "'ignore'"},
	  {"{wach: []}", "'watch'"}}},
	{"credential_spec", {"{file: x.json}"}, {{NULL, NULL}}},
	{"mem_swappiness", {"5"}, {{NULL, NULL}}},
	{"models", {"[m]"}, {{NULL, NULL}}},
	{"provider", {"{type: x}"}, {{NULL, NULL}}},
	{"cpu_count", {NULL}, {{"1", "use 'cpus'"}}},
	{"cpu_percent", {NULL}, {{"1", "use 'cpus'"}}},
	{"external_links", {NULL}, {{"[x]", "common network"}}},
	{"gpus", {NULL}, {{"all", "'devices'"}, {"[{count: 1}]", "'devices'"}}},
	{"blkio_config",
	 {"{weight: 300}", "{device_read_bps: [{path: /dev/sda, rate: 12mb}], device_write_iops: "
			   "[{path: /dev/sda, rate: 30}]}"},
	 {{"{weight: 5}", "out of range"},
	  {"{device_read_bps: [{path: x}]}", "a 'rate'"},
	  {"{device_read_bsp: []}", "'device_read_bps'"},
	  {"{device_read_iops: [{path: x, rate: 1m}]}", "whole number"},
	  {"{weight_device: [{path: x, weight: 1}]}", "use 'weight'"}}},
	{"cgroup_parent", {NULL}, {{"x", "cgroups are where"}}},
	{"cpu_rt_period", {NULL}, {{"1", "SYS_NICE"}}},
	{"cpu_rt_runtime", {NULL}, {{"1", "SYS_NICE"}}},
	{"pre_start", {NULL}, {{"[{command: x}]", "service_completed_successfully"}}},
	{"storage_opt", {NULL}, {{"{size: 1g}", "tmpfs with a size"}}},
};

#define N_ROWS (sizeof(table) / sizeof(table[0]))

static const char *with(struct strbuf *text, const char *key, const char *value)
{
	strbuf_reset(text);
	strbuf_printf(text,
		      "services:\n  a:\n%s    %s: %s\n  other: {image: x}\n"
		      "  bare: {x-stack: {rootfs: host}}\n"
		      "networks: {n: {enable_ipv6: true, ipam: {config: [{subnet: 10.9.9.0/24}, "
		      "{subnet: 'fd00:9::/64'}]}}}\n"
		      "volumes: {v: }\nsecrets: {s: {content: c}}\nconfigs: {c: {content: c}}\n",
		      strcmp(key, "image") && !strstr(value, "rootfs") ? "    image: x\n" : "", key,
		      value);
	return text->text;
}

/* What is printed of it loads again, and is printed the same. */
static void check_round_trip(struct fixture *f, const char *what)
{
	CLEANUP(strbuf_release) struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;

	project_emit_file(f->project, true, &first);
	if (loadlab_load(f, first.text) != 0)
		fail_msg("%s: what is printed does not load: %s%s", what, f->rendered.text,
			 first.text);
	project_emit_file(f->project, true, &second);
	assert_string_equal(first.text, second.text);
}

static void what_is_right_is_taken(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct fixture *f = *state;

	loadlab_put("e.env", "FROM=file\n");
	for (size_t i = 0; i < N_ROWS; i++)
		for (size_t j = 0; j < FORMS_MAX && table[i].good[j]; j++) {
			if (loadlab_load(f, with(&text, table[i].key, table[i].good[j])) != 0)
				fail_msg("%s: %s\n%s", table[i].key, table[i].good[j],
					 f->rendered.text);
			check_round_trip(f, table[i].key);
		}
}

static void what_is_wrong_is_told(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct fixture *f = *state;

	loadlab_put("e.env", "FROM=file\n");
	for (size_t i = 0; i < N_ROWS; i++)
		for (size_t j = 0; j < FORMS_MAX && table[i].bad[j][0]; j++) {
			if (loadlab_load(f, with(&text, table[i].key, table[i].bad[j][0])) == 0)
				fail_msg("%s: %s was taken", table[i].key, table[i].bad[j][0]);
			loadlab_said(f, table[i].bad[j][1]);
			if (!strstr(f->rendered.text, "stack.yml:"))
				fail_msg("%s: no place: %s", table[i].key, f->rendered.text);
		}
}

static void every_attribute_is_in_the_table(void **state)
{
	for (size_t i = 0; i < schema_service.n; i++) {
		const char *key = schema_service.attributes[i].key;
		size_t at = 0;

		while (at < N_ROWS && strcmp(table[at].key, key) != 0)
			at++;
		if (at == N_ROWS && strncmp(key, "x-", 2) != 0)
			fail_msg("nothing is tested of services.<name>.%s", key);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, loadlab_setup, loadlab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_right_is_taken),
		TEST(what_is_wrong_is_told),
		cmocka_unit_test(every_attribute_is_in_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
