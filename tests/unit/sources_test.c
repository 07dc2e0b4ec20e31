// SPDX-License-Identifier: GPL-2.0-or-later
/* extends, include and what is relative to which file. */
#include "tests/unit/loadlab.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/model/uses.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *env(const struct fixture *f, const char *service, const char *key)
{
	const char *value = map_get(&project_service(f->project, service)->environment, key);

	return value ? value : "(none)";
}

static void a_service_begins_as_another_one(void **state)
{
	struct fixture *f = *state;
	const struct service *web;

	loadlab_loads(f, "services:\n"
			 "  base: {image: old, environment: [A=1, B=1], ports: ['1:1'],\n"
			 "         command: [x, y], profiles: [never]}\n"
			 "  middle: {extends: base, environment: {B: 2, C: 2}}\n"
			 "  web: {extends: {service: middle}, image: new, ports: ['2:2'],\n"
			 "        command: [z], profiles: !reset [], environment: {C: 3}}\n");
	web = project_service(f->project, "web");
	assert_string_equal(web->image, "new");
	assert_string_equal(env(f, "web", "A"), "1");
	assert_string_equal(env(f, "web", "B"), "2");
	assert_string_equal(env(f, "web", "C"), "3");
	assert_int_equal(web->n_ports, 2);
	assert_int_equal(web->command.n, 1);
	assert_int_equal(f->project->n_services, 1);
}

static void a_base_may_be_in_another_file(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fd_mkdir_p("lib/deep", 0755, NULL), 0);
	loadlab_put("lib/common.yml",
		    "services:\n"
		    "  app: {image: i, volumes: ['./data:/d'], env_file: app.env,\n"
		    "        extends: {file: deep/base.yml, service: root}}\n"
		    "  unused: {this: is not looked at}\n");
	loadlab_put("lib/app.env", "FROM_FILE=yes\n");
	loadlab_put("lib/deep/base.yml",
		    "services: {root: {user: '7', volumes: ['./deeper:/e'], environment: [X]}}");
	loadlab_loads(f, "services: {web: {extends: {file: ./lib/common.yml, service: app},\n"
			 "  volumes: ['./own:/o']}}");
	assert_string_equal(f->project->services[0].user, "7");
	assert_string_equal(env(f, "web", "FROM_FILE"), "yes");
	for (size_t i = 0; i < 3; i++) {
		static const char *const ends[] = {"/lib/deep/deeper", "/lib/data", "/own"};
		const char *source = f->project->services[0].mounts[i].source;

		assert_string_equal(source + strlen(f->dir), ends[i]);
	}
}

static void bad_bases_are_told(void **state)
{
	struct fixture *f = *state;

	loadlab_wrong(f, "services: {a: {image: x, extends: {service: wep}}, web: {image: x}}",
		      "there is no service 'wep' in this file; did you mean 'web'?");
	loadlab_wrong(f, "services: {a: {extends: b}, b: {extends: c}, c: {extends: a}}",
		      "in a circle: a → b → c → a");
	loadlab_wrong(f, "services: {a: {extends: a, image: x}}", "in a circle: a → a");
	loadlab_wrong(f, "services: {a: {image: x, extends: {file: gone.yml, service: b}}}",
		      "gone.yml");
	loadlab_wrong(f, "services: {a: {image: x, extends: {servise: b}}}",
		      "did you mean 'service'?");
	loadlab_wrong(f, "services: {a: {image: x, extends: {file: stack.yml}}}",
		      "say which 'service:'");
	loadlab_wrong(f, "services: {a: {image: x, extends: [b]}}", "expected a mapping");
	loadlab_wrong(f, "services: {a: {extends: {file: stack.yml, service: a}}}", "in a circle");
	loadlab_put("other.yml", "services: [broken");
	loadlab_wrong(f, "services: {a: {image: x, extends: {file: other.yml, service: b}}}",
		      "other.yml:2:1: YAML");
	loadlab_put("other.yml", "services: {b: {port: 1}}");
	loadlab_wrong(f, "services: {a: {image: x, extends: {file: other.yml, service: b}}}",
		      "other.yml:1:16: services.a: unknown key 'port'");
}

static void a_later_file_extends_an_earlier_one(void **state)
{
	static const char *const files[] = {"a.yml", "b.yml"};
	struct fixture *f = *state;

	loadlab_put("a.yml", "services: {base: {image: one, user: '1'}}");
	loadlab_put("b.yml", "services: {web: {extends: base, user: '2'}}");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.files = files, .n_files = 2}),
			 0);
	assert_string_equal(project_service(f->project, "web")->image, "one");
	assert_string_equal(project_service(f->project, "web")->user, "2");
}

static void hostile_extends_end(void **state)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct fixture *f = *state;

	strbuf_puts(&text, "services:\n  s0: {image: x}\n");
	for (int i = 1; i < 200; i++)
		strbuf_printf(&text, "  s%d: {extends: s%d}\n", i, i - 1);
	loadlab_loads(f, text.text);
	strbuf_reset(&text);
	strbuf_puts(&text, "services:\n");
	for (int i = 0; i < 200; i++)
		strbuf_printf(&text, "  s%d: {image: x, extends: s%d}\n", i, i + 1);
	strbuf_puts(&text, "  s200: {image: x}\n");
	loadlab_wrong(f, text.text, "each the base of another");
	strbuf_reset(&text);
	strbuf_puts(&text, "services:\n  big:\n    image: x\n    environment:\n");
	for (int i = 0; i < 20000; i++)
		strbuf_printf(&text, "      V%d: ''\n", i);
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&text, "  s%d: {extends: big}\n", i);
	loadlab_wrong(f, text.text, "become too large");
}

static void files_are_included(void **state)
{
	static const char *const environment[] = {"WHO=process", NULL};
	struct fixture *f = *state;

	assert_int_equal(fd_mkdir_p("db/more", 0755, NULL), 0);
	loadlab_put(".env", "TOP=top\nBOTH=top\n");
	loadlab_put("db/.env", "OWN=own\nBOTH=own\nWHO=own\n");
	loadlab_put("db/compose.yml",
		    "name: ignored\ninclude: [more/x.yml]\n"
		    "services: {db: {image: pg, volumes: ['data:/d', './conf:/c'],\n"
		    "  environment: {A: $TOP, B: $OWN, C: $BOTH, D: $WHO, OWN: }}}\n"
		    "volumes: {data: }\nnetworks: {back: }\n");
	loadlab_put("db/more/x.yml", "services: {x: {image: x, volumes: ['./v:/v']}}");
	loadlab_put("stack.yml", "include: [db/compose.yml]\n"
				 "services: {web: {image: w, depends_on: [db], networks: [back],\n"
				 "  environment: {OWN: }}}\n");
	if (loadlab_load_with(f, (struct load_options){.environ = environment}) != 0)
		fail_msg("%s", f->rendered.text);
	assert_int_equal(f->project->n_services, 3);
	assert_string_equal(env(f, "db", "A"), "top");
	assert_string_equal(env(f, "db", "B"), "own");
	assert_string_equal(env(f, "db", "C"), "top");
	assert_string_equal(env(f, "db", "D"), "process");
	assert_string_equal(env(f, "db", "OWN"), "own");
	assert_string_equal(env(f, "web", "OWN"), "(none)");
	assert_string_equal(project_service(f->project, "db")->mounts[1].source + strlen(f->dir),
			    "/db/conf");
	assert_string_equal(project_service(f->project, "x")->mounts[0].source + strlen(f->dir),
			    "/db/more/v");
	assert_non_null(project_network(f->project, "back"));
}

static void an_include_says_more(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fd_mkdir_p("lib", 0755, NULL), 0);
	loadlab_put("lib/a.yml",
		    "services: {a: {image: one, environment: {V: $V}, volumes: ['./x:/x']}}");
	loadlab_put("lib/b.yml", "services: {a: {image: two}}");
	loadlab_put("some.env", "V=some\n");
	loadlab_loads(f, "include:\n  - {path: [lib/a.yml, lib/b.yml], env_file: some.env,\n"
			 "     project_directory: .}\n");
	assert_string_equal(f->project->services[0].image, "two");
	assert_string_equal(env(f, "a", "V"), "some");
	assert_string_equal(f->project->services[0].mounts[0].source + strlen(f->dir), "/x");
	loadlab_put("stack.override.yml", "services: {a: {image: three}}");
	assert_int_equal(loadlab_load_with(f, (struct load_options){.n_files = 0}), 0);
	assert_string_equal(f->project->services[0].image, "three");
}

static void bad_includes_are_told(void **state)
{
	struct fixture *f = *state;

	loadlab_put("a.yml", "services: {web: {image: other}}\nvolumes: {same: }\n");
	loadlab_wrong(f, "include: [a.yml]\nservices: {web: {image: mine}}\nvolumes: {same: }\n",
		      "services.web is in a.yml:1:12 too, and says something else");
	loadlab_wrong(f, "include: [gone.yml]\nservices: {web: {image: x}}", "gone.yml");
	loadlab_wrong(f, "include: a.yml\nservices: {web: {image: x}}", "expected a list");
	loadlab_wrong(f, "include: [{paht: a.yml}]\nservices: {web: {image: x}}",
		      "did you mean 'path'?");
	loadlab_wrong(f, "include: [{}]\nservices: {web: {image: x}}", "say which file");
	loadlab_wrong(f, "include: ['oci://x/y']\nservices: {web: {image: x}}",
		      "only files of this host");
	loadlab_wrong(f, "include: [{path: a.yml, env_file: no.env}]\nservices: {w: {image: x}}",
		      "no.env");
	loadlab_put("a.yml", "include: [b.yml]\nservices: {a: {image: x}}");
	loadlab_put("b.yml", "include: [./a.yml]\nservices: {b: {image: x}}");
	loadlab_wrong(f, "include: [a.yml]\nservices: {web: {image: x}}",
		      "in a circle: a.yml → b.yml → a.yml");
	loadlab_put("a.yml", "services: {a: {port: 1, image: ${X:?no}}}");
	loadlab_wrong(f, "include: [a.yml]\nservices: {web: {image: x}}", "a.yml:1:");
}

static void variables_are_listed(void **state)
{
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	CLEANUP(uses_release) struct uses uses = {.arena = arena};
	struct fixture *f = *state;

	loadlab_put("stack.yml", "services: {a: {image: '$IMAGE:${TAG:-1.2}', user: '${U:?who}',\n"
				 "  hostname: '${H:+${U}x}', command: '${A:-${B-c}}'}}");
	loadlab_load_with(f, (struct load_options){.uses = &uses});
	assert_null(strstr(f->rendered.text, "has to be set"));
	assert_int_equal(uses.n, 6);
	assert_string_equal(uses.items[0].name, "IMAGE");
	assert_string_equal(uses.items[1].fallback, "1.2");
	assert_true(uses.items[2].required);
	assert_string_equal(uses.items[3].name, "H");
	assert_string_equal(uses.items[3].alternative, "${U}x");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, loadlab_setup, loadlab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_service_begins_as_another_one),
		TEST(a_base_may_be_in_another_file),
		TEST(bad_bases_are_told),
		TEST(a_later_file_extends_an_earlier_one),
		TEST(hostile_extends_end),
		TEST(files_are_included),
		TEST(an_include_says_more),
		TEST(bad_includes_are_told),
		TEST(variables_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
