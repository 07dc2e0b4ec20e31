// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/strbuf.h"
#include "core/model/diagnostics.h"
#include "core/model/load.h"
#include "core/model/project.h"
#include "core/model/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/loadlab.h"

static void everything_of_a_service_arrives(void **state)
{
	struct fixture *f = *state;
	const struct service *web;

	loadlab_loads(f, "name: shop\n"
			 "services:\n"
			 "  web:\n"
			 "    image: nginx\n"
			 "    command: nginx -g 'daemon off;'\n"
			 "    environment: [A=1, B=x=y]\n"
			 "    ports: ['8080:80']\n"
			 "    volumes: ['./src:/app:ro', 'data:/data', {type: tmpfs, target: /t}]\n"
			 "    tmpfs: /run\n"
			 "    depends_on: {db: {condition: service_healthy}}\n"
			 "    restart: on-failure:3\n"
			 "    healthcheck: {test: curl x, interval: 5s, retries: 2}\n"
			 "    stop_grace_period: 1m\n"
			 "    deploy: {resources: {limits: {cpus: 0.5, memory: 50M, pids: 9}}}\n"
			 "    ulimits: {nofile: {soft: 1, hard: 2}, nproc: 3}\n"
			 "    extra_hosts: ['a:1.2.3.4', 'b=::1']\n"
			 "    logging: {options: {max-size: 1m, max-file: '2'}}\n"
			 "    init: true\n"
			 "  db: {image: postgres}\n"
			 "volumes: {data: }\n");
	web = project_service(f->project, "web");
	assert_string_equal(f->project->name, "shop");
	assert_int_equal(web->command.n, 3);
	assert_string_equal(web->command.items[2], "daemon off;");
	assert_string_equal(map_get(&web->environment, "B"), "x=y");
	assert_int_equal(web->ports[0].published, 8080);
	assert_int_equal(web->n_mounts, 4);
	assert_int_equal(web->mounts[2].tmpfs_mode, 01777);
	assert_int_equal(web->mounts[3].type, MOUNT_TMPFS);
	assert_int_equal(web->mounts[3].tmpfs_mode, 01777);
	assert_int_equal(web->depends_on[0].condition, DEPENDS_HEALTHY);
	assert_true(web->depends_on[0].required);
	assert_int_equal(web->restart, RESTART_ON_FAILURE);
	assert_int_equal(web->restart_max_attempts, 3);
	assert_string_equal(web->healthcheck.test.items[2], "curl x");
	assert_int_equal(web->healthcheck.interval_ms, 5000);
	assert_int_equal(web->healthcheck.timeout_ms, -1);
	assert_int_equal(web->stop_grace_period_ms, 60000);
	assert_int_equal(web->limits.cpu_millis, 500);
	assert_int_equal(web->limits.memory, 50 << 20);
	assert_int_equal(web->limits.pids, 9);
	assert_int_equal(web->ulimits.items[0].hard, 2);
	assert_int_equal(web->ulimits.items[1].soft, 3);
	assert_string_equal(map_get(&web->extra_hosts, "b"), "::1");
	assert_int_equal(web->logging.max_size, 1 << 20);
	assert_true(web->init);
	assert_int_equal(web->scale, 1);
	assert_true(web->attach);
	assert_string_equal(web->networks[0].network, "default");
	assert_string_equal(project_network(f->project, "default")->name, "shop_default");
	assert_string_equal(project_volume(f->project, "data")->name, "shop_data");
	assert_int_equal(project_service(f->project, "db")->stop_grace_period_ms, 10000);
}

static void all_errors_come_at_once_in_order(void **state)
{
	struct fixture *f = *state;

	loadlab_wrong(
		f,
		"services:\n"
		"  web:\n"
		"    image: nginx\n"
		"    port: 80\n"
		"    mem_limit: lots\n"
		"  db:\n"
		"    image: postgres\n"
		"    depends_on: [wbe]\n",
		"stack.yml:4:5: services.web: unknown key 'port'; did you mean 'ports'?\n"
		"    4 |     port: 80\n"
		"      |     ^\n"
		"stack.yml:5:16: services.web.mem_limit: 'lots' is not an amount of memory such "
		"as 64m or 1.5g\n"
		"    5 |     mem_limit: lots\n"
		"      |                ^\n"
		"stack.yml:8:18: services.db.depends_on: there is no service 'wbe'; did you mean "
		"'web'?\n");
	assert_int_equal(f->diag.n_errors, 3);
	assert_null(f->project);
}

static void what_does_not_fit_together_is_found(void **state)
{
	struct fixture *f = *state;

	loadlab_wrong(f, "services: {a: {image: x, volumes: ['d:/d']}}",
		      "there is no volume 'd'; declare it");
	loadlab_wrong(f, "services: {a: {image: x, networks: [n]}}",
		      "there is no network 'n'; declare it");
	loadlab_wrong(f,
		      "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}",
		      "a → b → a");
	loadlab_wrong(f,
		      "services: {a: {image: x, ports: ['8000-8009:80-89']}, "
		      "b: {image: x, ports: ['127.0.0.1:8005:1']}}",
		      "8005/tcp is taken by a");
	loadlab_wrong(f,
		      "services: {a: {image: x, ports: ['1:1', '2:2', '3:3', '4:4', '5:5']}, "
		      "b: {image: x, ports: ['127.0.0.1:5:1']}}",
		      "5/tcp is taken by a");
	loadlab_loads(f, "services: {a: {image: x, ports: ['80:80', '80:80/udp', '127.0.0.1:81:1', "
			 "'127.0.0.2:81:1']}}");
	loadlab_wrong(f,
		      "services: {a: {image: x, container_name: n}, "
		      "b: {image: x, container_name: n}}",
		      "is that of services.a");
	loadlab_wrong(f, "services: {a: {image: x, volumes: ['/a:/t', '/b:/t/']}}",
		      "mounted twice");
	loadlab_wrong(f, "services: {a: {environment: {}}}", "has no image");
	loadlab_wrong(f,
		      "services: {a: {image: x, mem_limit: 1m, deploy: {resources: {limits: "
		      "{memory: 2m}}}}}",
		      "says something else; remove one");
	loadlab_wrong(f, "services: {a: {image: x, network_mode: host, networks: [default]}}",
		      "not together");
	loadlab_wrong(f,
		      "services: {a: {image: x, networks: {n: {ipv4_address: 10.0.1.1}}}}\n"
		      "networks: {n: {ipam: {config: [{subnet: 10.0.0.0/24}]}}}",
		      "not an address of 10.0.0.0/24");
	loadlab_wrong(f, "services: {}", "there are no services");
	loadlab_wrong(f, "", "empty");
}

static void what_is_not_there_is_said(void **state)
{
	struct fixture *f = *state;

	loadlab_loads(f, "name: p\nservices: {a: {build: .}}");
	assert_string_equal(f->project->services[0].image, "p-a");
	loadlab_wrong(f, "services: {a: {build: {contxt: .}}}", "did you mean 'context'?");
	loadlab_loads(f, "version: '3'\nservices: {a: {build: ., image: x, deploy: {placement: "
			 "{constraints: [a]}}}}");
	loadlab_said(f, "no effect on one host");
	loadlab_said(f, "obsolete");
	loadlab_loads(f,
		      "x-a: {b: c}\nservices: {a: {image: x, x-b: 1, ipc: private, devices: []}}");
	assert_int_equal(f->diag.n, 0);
}

static void every_attribute_of_the_specification_is_known(void **state)
{
	static const char keys[] =
		"develop deploy annotations attach build blkio_config cap_add cap_drop "
		"cgroup cgroup_parent command configs container_name cpu_count "
		"cpu_percent cpu_shares cpu_quota cpu_period cpu_rt_period "
		"cpu_rt_runtime cpus cpuset credential_spec depends_on "
		"device_cgroup_rules devices dns dns_opt dns_search domainname "
		"entrypoint env_file label_file environment expose extends provider "
		"external_links extra_hosts gpus group_add healthcheck hostname image "
		"init ipc isolation labels links logging mac_address mem_limit "
		"mem_reservation mem_swappiness memswap_limit models network_mode "
		"networks oom_kill_disable oom_score_adj pid pids_limit platform ports "
		"post_start pre_start pre_stop privileged profiles pull_policy "
		"pull_refresh_after read_only restart runtime scale secrets "
		"security_opt shm_size stdin_open stop_grace_period stop_signal "
		"storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode "
		"uts volumes volumes_from working_dir";
	CLEANUP_FREE char *copy = strdup(keys);
	char *save = NULL;

	for (char *key = strtok_r(copy, " ", &save); key; key = strtok_r(NULL, " ", &save))
		if (!schema_find(&schema_service, key))
			fail_msg("services.<name>.%s is not in the table", key);
	for (size_t i = 0; i < schema_service.n; i++)
		assert_non_null(schema_service.attributes[i].doc);
}

static const struct service *service(const struct fixture *f, const char *name)
{
	return project_service(f->project, name);
}

static void secrets_and_configs_are_granted(void **state)
{
	static const char *const environment[] = {"TOKEN=t0p", "HOME=/home/x", NULL};
	struct fixture *f = *state;
	const struct file_reference *items;
	char digest[80];

	loadlab_put("pw.txt", "secret\n");
	loadlab_put("stack.yml",
		    "services:\n"
		    "  a:\n    image: x\n"
		    "    secrets: [pw, {source: token, target: t, uid: '7', gid: 8, mode: 0400},\n"
		    "              {source: pw, target: /etc/pw}]\n"
		    "    configs: [conf, {source: conf, target: /etc/c.conf}]\n"
		    "secrets:\n  pw: {file: ./pw.txt}\n  token: {environment: TOKEN}\n"
		    "  unused: {file: /nowhere}\n"
		    "configs:\n  conf: {content: \"a=1\\nb=$$x\\n\"}\n");
	if (loadlab_load_with(f, (struct load_options){.environ = environment}) != 0)
		fail_msg("%s", f->rendered.text);
	items = service(f, "a")->secrets.items;
	assert_int_equal(service(f, "a")->secrets.n, 3);
	assert_string_equal(items[0].target, "/run/secrets/pw");
	assert_int_equal(items[0].mode, 0444);
	assert_string_equal(items[1].target, "/run/secrets/t");
	assert_int_equal(items[1].uid, 7);
	assert_int_equal(items[1].gid, 8);
	assert_int_equal(items[1].mode, 0400);
	assert_string_equal(items[2].target, "/etc/pw");
	assert_string_equal(service(f, "a")->configs.items[0].target, "/conf");
	assert_string_equal(project_config(f->project, "conf")->value, "a=1\nb=$x\n");
	assert_string_equal(project_secret(f->project, "token")->value, "t0p");
	assert_int_equal(f->project->n_secrets, 2);
	snprintf(digest, sizeof(digest), "%s", items[0].digest);
	loadlab_put("pw.txt", "other\n");
	loadlab_load_with(f, (struct load_options){.environ = environment});
	assert_string_not_equal(service(f, "a")->secrets.items[0].digest, digest);
}

static void bad_secrets_are_told(void **state)
{
#define ONE(secret) "services: {a: {image: x, secrets: [s]}}\nsecrets: {s: " secret "}"
#define USE(use)    "services: {a: {image: x, secrets: " use "}}\nsecrets: {s: {content: c}}"
	struct fixture *f = *state;

	loadlab_wrong(f, USE("[other]"),
		      "services.a.secrets: there is no file 'other'; declare it");
	loadlab_wrong(f, USE("[ss]"), "did you mean 's'?");
	loadlab_wrong(f, USE("s"), "expected a list");
	loadlab_wrong(f, USE("[{target: x}]"), "say which one with 'source:'");
	loadlab_wrong(f, USE("[s, s]"), "'/run/secrets/s' is given twice");
	loadlab_wrong(f, USE("[{source: s, uid: root}]"), "'root' is no user or group id");
	loadlab_wrong(f, USE("[{source: s, mode: 99}]"), "not a mode");
	loadlab_wrong(f, USE("[{source: s, modus: 1}]"), "did you mean 'mode'?");
	loadlab_wrong(f, ONE("{}"), "say where it comes from");
	loadlab_wrong(f, ONE(""), "say where it comes from");
	loadlab_wrong(f, ONE("{file: x, content: y}"), "it comes from one place only");
	loadlab_wrong(f, ONE("{environment: GONE}"), "the variable 'GONE' is not set");
	loadlab_wrong(f, ONE("{file: /etc}"), "/etc");
	loadlab_wrong(f, ONE("{file: x, driver: vault}"), "drivers are for clusters");
	loadlab_loads(f, ONE("{file: ./not-yet}"));
	loadlab_said(f, "not-yet");
	assert_null(service(f, "a")->secrets.items[0].digest);
	loadlab_loads(f, ONE("{external: true, name: n}"));
	assert_string_equal(project_secret(f->project, "s")->path, "/etc/stack/secrets/n");
}

static void services_refer_to_each_other(void **state)
{
	struct fixture *f = *state;

	loadlab_put("l.txt", "from=file\nboth=file\n");
	loadlab_loads(f, "services:\n"
			 "  db: {image: x, volumes: ['data:/d', './c:/c:ro'], tmpfs: /t}\n"
			 "  web: {image: x, links: ['db:database', db], volumes_from: ['mid:ro'],\n"
			 "        volumes: ['./own:/c'], label_file: l.txt, labels: [both=own],\n"
			 "        mac_address: '02:00:00:00:00:07'}\n"
			 "  mid: {image: x, volumes_from: [db]}\n"
			 "volumes: {data: }\n");
	assert_string_equal(service(f, "db")->networks[0].aliases.items[0], "database");
	assert_int_equal(service(f, "web")->n_depends_on, 2);
	assert_int_equal(service(f, "mid")->n_mounts, 2);
	assert_false(service(f, "mid")->mounts[0].read_only);
	assert_int_equal(service(f, "web")->n_mounts, 2);
	assert_string_equal(service(f, "web")->mounts[1].source, "data");
	assert_true(service(f, "web")->mounts[1].read_only);
	assert_string_equal(map_get(&service(f, "web")->labels, "from"), "file");
	assert_string_equal(map_get(&service(f, "web")->labels, "both"), "own");
	assert_string_equal(service(f, "web")->networks[0].mac_address, "02:00:00:00:00:07");
	loadlab_wrong(f,
		      "services: {a: {image: x, volumes_from: [b]}, b: {image: x, volumes: [/v]}}",
		      "has no name; give it one to share it");
	loadlab_wrong(f,
		      "services: {a: {image: x, volumes_from: [b]}, b: {image: x, volumes_from: "
		      "[a]}}",
		      "in a circle");
	loadlab_wrong(f, "services: {a: {image: x, volumes_from: ['b:rx']}, b: {image: x}}",
		      "neither ro nor rw");
	loadlab_wrong(f, "services: {a: {image: x, volumes_from: ['container:b']}}",
		      "containers of other projects");
	loadlab_wrong(f,
		      "services: {a: {image: x, links: ['b:c']}, b: {image: x, networks: [n]}}\n"
		      "networks: {n: }",
		      "no network that both are in");
	loadlab_wrong(f, "services: {a: {image: x, links: [bb]}, bbb: {image: x}}",
		      "did you mean 'bbb'?");
	loadlab_wrong(f,
		      "services: {a: {image: x, mac_address: '02:00:00:00:00:01', network_mode: "
		      "none}}",
		      "not together with 'network_mode'");
	loadlab_wrong(f, "services: {a: {image: x, pull_policy: allways}}",
		      "did you mean 'always'?");
}

static void cpu_time_has_two_forms(void **state)
{
	struct fixture *f = *state;

	loadlab_loads(f, "services: {a: {image: x, cpu_quota: 25000}, b: {image: x, cpu_quota: "
			 "50ms, cpu_period: 20ms}}");
	assert_int_equal(service(f, "a")->limits.cpu_millis, 250);
	assert_int_equal(service(f, "b")->limits.cpu_millis, 2500);
	loadlab_wrong(f, "services: {a: {image: x, cpu_quota: 25000, cpus: 1}}",
		      "cpu_quota and cpus say");
	loadlab_wrong(f, "services: {a: {image: x, cpu_quota: 500}}", "out of range");
	loadlab_loads(f, "services: {a: {image: x, cpu_period: 50000}}");
	assert_int_equal(service(f, "a")->limits.cpu_millis, 0);
}

static void restart_policies_come_from_both(void **state)
{
	struct fixture *f = *state;

	loadlab_loads(f,
		      "services: {a: {image: x, deploy: {restart_policy: {delay: 3s, window: 1m, "
		      "max_attempts: 4, condition: on-failure}}},\n"
		      "  b: {image: x, deploy: {restart_policy: {delay: 0s}}},\n"
		      "  c: {image: x, restart: 'no', deploy: {restart_policy: {delay: 1s}}}}");
	assert_int_equal(service(f, "a")->restart, RESTART_ON_FAILURE);
	assert_int_equal(service(f, "a")->restart_max_attempts, 4);
	assert_int_equal(service(f, "a")->restart_delay_ms, 3000);
	assert_int_equal(service(f, "a")->restart_window_ms, 60000);
	assert_int_equal(service(f, "b")->restart, RESTART_ALWAYS);
	assert_int_equal(service(f, "b")->restart_delay_ms, 0);
	assert_int_equal(service(f, "c")->restart, RESTART_NO);
}

static void hooks_have_commands(void **state)
{
	struct fixture *f = *state;

	loadlab_loads(f, "services: {a: {image: x, post_start: [{command: a 'b c', user: u, "
			 "environment: [K=v]}, {command: [d]}], pre_stop: [{command: e}]}}");
	assert_int_equal(service(f, "a")->post_start.n, 2);
	assert_string_equal(service(f, "a")->post_start.items[0].command.items[1], "b c");
	assert_string_equal(map_get(&service(f, "a")->post_start.items[0].environment, "K"), "v");
	assert_int_equal(service(f, "a")->pre_stop.n, 1);
	loadlab_wrong(f, "services: {a: {image: x, post_start: [{user: u}]}}", "has no 'command'");
	loadlab_wrong(f, "services: {a: {image: x, post_start: [{comand: u}]}}",
		      "did you mean 'command'?");
	loadlab_wrong(f, "services: {a: {image: x, post_start: {command: u}}}", "expected a list");
	loadlab_wrong(f, "services: {a: {image: x, pre_start: [{command: u}]}}",
		      "service_completed_successfully");
}

static void files_are_merged_as_the_specification_says(void **state)
{
	struct fixture *f = *state;
	const struct service *a;

	loadlab_put("stack.yml",
		    "services:\n  a:\n    image: one\n    command: [x, y]\n"
		    "    environment: {A: 1, B: 1}\n    ports: ['80:80']\n"
		    "    volumes: ['/h1:/t', '/h2:/u']\n    dns: 1.1.1.1\n"
		    "    labels: {l: 1}\n    cap_add: [CHOWN]\n"
		    "    healthcheck: {test: [CMD, a], retries: 2}\n    depends_on: [b]\n"
		    "  b: {image: b}\n");
	loadlab_put("stack.override.yml",
		    "services:\n  a:\n    image: two\n    command: [z]\n"
		    "    environment: [B=2, C=2]\n    ports: ['80:80', '81:81']\n"
		    "    volumes: ['/h3:/t']\n    dns: [2.2.2.2]\n    labels: !reset null\n"
		    "    cap_add: !override [KILL]\n    healthcheck: {test: [CMD, b]}\n"
		    "    depends_on: {b: {condition: service_healthy}}\n");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.n_files = 0}), 0);
	a = project_service(f->project, "a");
	assert_string_equal(a->image, "two");
	assert_int_equal(a->command.n, 1);
	assert_int_equal(a->environment.n, 3);
	assert_string_equal(map_get(&a->environment, "A"), "1");
	assert_string_equal(map_get(&a->environment, "B"), "2");
	assert_int_equal(a->n_ports, 2);
	assert_int_equal(a->n_mounts, 2);
	assert_string_equal(a->mounts[0].source, "/h3");
	assert_int_equal(a->dns.n, 2);
	assert_int_equal(a->labels.n, 0);
	assert_int_equal(a->cap_add.n, 1);
	assert_string_equal(a->cap_add.items[0], "KILL");
	assert_string_equal(a->healthcheck.test.items[0], "b");
	assert_int_equal(a->healthcheck.retries, 2);
	assert_int_equal(a->depends_on[0].condition, DEPENDS_HEALTHY);
}

static void variables_come_from_the_process_then_from_dotenv(void **state)
{
	static const char *const environment[] = {"A=process", "HOME=/root", NULL};
	struct fixture *f = *state;
	const struct map *env;

	loadlab_put(".env", "A=file\nB=\"b $A\"\n");
	loadlab_put("vars", "ONE=1\nTWO=$B\nA=from-env-file\n");
	loadlab_put("stack.yml", "services:\n  s:\n    image: '${A}-${B}-${C}${C}'\n"
				 "    env_file: [vars, {path: missing, required: false}]\n"
				 "    environment: {HOME: , NONE: , A: own, $X: $$x}\n"
				 "    volumes: ['~/d:/d']\n");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.environ = environment}), 0);
	assert_string_equal(f->project->services[0].image, "process-b process-");
	env = &f->project->services[0].environment;
	assert_string_equal(map_get(env, "ONE"), "1");
	assert_string_equal(map_get(env, "TWO"), "b process");
	assert_string_equal(map_get(env, "A"), "own");
	assert_string_equal(map_get(env, "HOME"), "/root");
	assert_null(map_get(env, "NONE"));
	assert_string_equal(map_get(env, "$X"), "$x");
	assert_string_equal(f->project->services[0].mounts[0].source, "/root/d");
	assert_int_equal(f->diag.n, 1);
	loadlab_said(f, "stack.yml:3:12: warning: the variable 'C' is not set");
	loadlab_put("stack.yml", "services: {s: {image: '${N:?set it}'}}");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.n_files = 0}), -EINVAL);
	loadlab_said(f, "set it");
	loadlab_put("stack.yml", "services: {s: {image: x, env_file: missing}}");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.n_files = 0}), -EINVAL);
	loadlab_said(f, "missing");
}

static void profiles_decide_who_is_there(void **state)
{
	static const char text[] = "services: {a: {image: x}, b: {image: x, profiles: [p, q]}}";
	static const char *const q[] = {"q"}, *const all[] = {"*"};
	static const char *const environment[] = {"COMPOSE_PROFILES=z,p", NULL};
	struct fixture *f = *state;

	loadlab_loads(f, text);
	assert_int_equal(f->project->n_services, 1);
	loadlab_load_with(f, (struct load_options){.profiles = q, .n_profiles = 1});
	assert_int_equal(f->project->n_services, 2);
	loadlab_load_with(f, (struct load_options){.profiles = all, .n_profiles = 1});
	assert_int_equal(f->project->n_services, 2);
	loadlab_load_with(f, (struct load_options){.environ = environment});
	assert_int_equal(f->project->n_services, 2);
	loadlab_wrong(f, "services: {a: {image: x, depends_on: [b]}, b: {image: x, profiles: [p]}}",
		      "not in an active profile");
}

static void the_name_has_its_sources_in_order(void **state)
{
	static const char *const environment[] = {"COMPOSE_PROJECT_NAME=env", NULL};
	struct fixture *f = *state;

	assert_int_equal(fd_mkdir_p("My.App_1", 0755, NULL), 0);
	loadlab_put("My.App_1/compose.yaml", "services: {a: {image: x}}");
	assert_int_equal(
		loadlab_load_with(f, (struct load_options){.project_directory = "My.App_1"}), 0);
	assert_string_equal(f->project->name, "myapp_1");
	loadlab_loads(f, "name: said\nservices: {a: {image: x}}");
	assert_string_equal(f->project->name, "said");
	loadlab_load_with(f, (struct load_options){.environ = environment});
	assert_string_equal(f->project->name, "env");
	loadlab_load_with(f,
			  (struct load_options){.environ = environment, .project_name = "option"});
	assert_string_equal(f->project->name, "option");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.project_name = "../x"}),
			 -EINVAL);
	loadlab_said(f, "cannot be the project's name");
}

static void files_are_looked_for_upwards(void **state)
{
	struct fixture *f = *state;
	const char *const missing[] = {"nope.yml"};

	assert_int_equal(fd_mkdir_p("deep/er", 0755, NULL), 0);
	loadlab_put("docker-compose.yml", "services: {a: {image: old, volumes: ['./x:/x']}}");
	assert_int_equal(chdir("deep/er"), 0);
	assert_int_equal(loadlab_load_with(f, (struct load_options){.n_files = 0}), 0);
	assert_string_equal(f->project->services[0].image, "old");
	assert_string_equal(f->project->working_dir, f->dir);
	assert_int_equal(chdir("../.."), 0);
	loadlab_put("stack.yml", "services: {a: {image: new}}");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.n_files = 0}), 0);
	assert_string_equal(f->project->services[0].image, "new");
	assert_int_equal(
		loadlab_load_with(f, (struct load_options){.files = missing, .n_files = 1}),
		-ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, loadlab_setup, loadlab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(everything_of_a_service_arrives),
		TEST(all_errors_come_at_once_in_order),
		TEST(what_does_not_fit_together_is_found),
		TEST(what_is_not_there_is_said),
		TEST(every_attribute_of_the_specification_is_known),
		TEST(secrets_and_configs_are_granted),
		TEST(bad_secrets_are_told),
		TEST(services_refer_to_each_other),
		TEST(cpu_time_has_two_forms),
		TEST(restart_policies_come_from_both),
		TEST(hooks_have_commands),
		TEST(files_are_merged_as_the_specification_says),
		TEST(variables_come_from_the_process_then_from_dotenv),
		TEST(profiles_decide_who_is_there),
		TEST(the_name_has_its_sources_in_order),
		TEST(files_are_looked_for_upwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
