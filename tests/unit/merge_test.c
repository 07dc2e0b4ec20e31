// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two files laid over each other: the rules of the Compose Specification
 * ("Merge and override"), each as a case of its own.
 */
#include "tests/unit/loadlab.h"

#include "core/base/cleanup.h"
#include "core/model/schema.h"

#include <stdio.h>
#include <string.h>

/* Of a service `a` with an image; EXPECTED is what `config` prints of the attribute. */
static const struct {
	const char *what, *base, *over, *expected;
} cases[] = {
	{"a scalar is replaced", "user: one", "user: two", "\"user\": \"two\""},
	{"a scalar that is not said again stays", "user: one", "tty: true", "\"user\": \"one\""},
	{"mappings are merged key by key", "labels: {a: 1, b: 1}", "labels: {b: 2, c: 2}",
	 "\"labels\": {\"a\": \"1\", \"b\": \"2\", \"c\": \"2\"}"},
	{"a list of pairs is a mapping", "environment: [A=1, B=1]", "environment: {B: 2}",
	 "\"environment\": {\"A\": \"1\", \"B\": \"2\"}"},
	{"and the other way round", "environment: {A: 1, B: 1}", "environment: [B=2]",
	 "\"environment\": {\"A\": \"1\", \"B\": \"2\"}"},
	{"lists are joined", "dns: [1.1.1.1]", "dns: [8.8.8.8]",
	 "\"dns\": [\"1.1.1.1\", \"8.8.8.8\"]"},
	{"a text joins a list", "dns_search: a", "dns_search: [b]",
	 "\"dns_search\": [\"a\", \"b\"]"},
	{"what is in both is there once", "cap_add: [KILL, CHOWN]", "cap_add: [CHOWN]",
	 "\"cap_add\": [\"KILL\", \"CHOWN\"]"},
	{"a command is replaced", "command: [a, b]", "command: [c]", "\"command\": [\"c\"]"},
	{"an entrypoint is replaced", "entrypoint: a b", "entrypoint: [c]",
	 "\"entrypoint\": [\"c\"]"},
	{"a test is replaced, the rest is merged", "healthcheck: {test: [CMD, a], retries: 2}",
	 "healthcheck: {test: [CMD, b], interval: 5s}",
	 "\"healthcheck\": {\"test\": [\"CMD\", \"b\"], \"interval\": \"5s\", \"retries\": 2}"},
	{"ports that are the same are one, short or long", "ports: ['80:80', '81:81']",
	 "ports: [{target: 80, published: 80}, '82:82/udp']",
	 "\"ports\": [{\"target\": 80, \"published\": \"80\", \"protocol\": \"tcp\"}, "
	 "{\"target\": 81, \"published\": \"81\", \"protocol\": \"tcp\"}, "
	 "{\"target\": 82, \"published\": \"82\", \"protocol\": \"udp\"}]"},
	{"a mount takes its target from an earlier file's", "volumes: ['/a:/t', '/b:/u']",
	 "volumes: ['/c:/t:ro']",
	 "\"volumes\": [{\"type\": \"bind\", \"source\": \"/c\", \"target\": \"/t\", "
	 "\"read_only\": true}, {\"type\": \"bind\", \"source\": \"/b\", \"target\": \"/u\"}]"},
	{"so does a secret", "secrets: [s]", "secrets: [{source: t, target: s}]",
	 "\"secrets\": [{\"source\": \"t\", \"target\": \"/run/secrets/s\"}]"},
	{"dependencies are merged by name", "depends_on: [b]",
	 "depends_on: {b: {condition: service_healthy}, c: {condition: service_started}}",
	 "\"depends_on\": {\"b\": {\"condition\": \"service_healthy\"}, "
	 "\"c\": {\"condition\": \"service_started\"}}"},
	{"!reset takes away", "user: one", "user: !reset null", "\"image\": \"x\", \"networks\""},
	{"!reset of a list", "cap_add: [KILL]", "cap_add: !reset []",
	 "\"image\": \"x\", \"networks\""},
	{"!override replaces what would be joined", "cap_add: [KILL]", "cap_add: !override [CHOWN]",
	 "\"cap_add\": [\"CHOWN\"]"},
	{"nothing said takes nothing away", "dns: [1.1.1.1]", "dns:", "\"dns\": [\"1.1.1.1\"]"},
	{"a directory to build is a context", "build: /a", "build: {target: t}",
	 "\"build\": {\"context\": \"/a\", \"target\": \"t\"}"},
	{"options stay with their driver", "logging: {driver: local, options: {max-size: 1m}}",
	 "logging: {driver: json-file}", "\"logging\": {\"driver\": \"json-file\"}"},
	{"and are merged under the same", "logging: {driver: local, options: {max-size: 1k}}",
	 "logging: {driver: local, options: {max-file: 2}}",
	 "\"options\": {\"max-size\": 1024, \"max-file\": 2}"},
	{"a limit replaces its soft and hard", "ulimits: {nofile: 5, core: 1}",
	 "ulimits: {nofile: {soft: 1, hard: 2}}", "\"nofile\": {\"soft\": 1, \"hard\": 2}"},
};

/* One line, with one blank where there were breaks. */
static void squeeze(struct strbuf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->len; i++) {
		bool blank = strchr(" \n", text->text[i]) != NULL;

		if (blank && n > 0 && strchr(" {[", text->text[n - 1]))
			continue;
		if (strchr("}]", text->text[i]) && n > 0 && text->text[n - 1] == ' ')
			n--;
		text->text[n++] = blank ? ' ' : text->text[i];
	}
	text->text[n] = '\0';
	text->len = n;
}

static void files_are_laid_over_each_other(void **state)
{
	static const char *const files[] = {"base.yml", "over.yml"};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
		char text[512];

		snprintf(text, sizeof(text),
			 "name: p\nservices:\n  a:\n    image: x\n    %s\n  b: {image: x}\n"
			 "  c: {image: x}\nsecrets: {s: {content: s}, t: {content: t}}\n",
			 cases[i].base);
		loadlab_put("base.yml", text);
		snprintf(text, sizeof(text), "services:\n  a:\n    %s\n", cases[i].over);
		loadlab_put("over.yml", text);
		if (loadlab_load_with(f, (struct load_options){.files = files, .n_files = 2}) != 0)
			fail_msg("%s: %s", cases[i].what, f->rendered.text);
		project_emit_file(f->project, false, &out);
		squeeze(&out);
		if (!strstr(out.text, cases[i].expected))
			fail_msg("%s: no %s in %s", cases[i].what, cases[i].expected, out.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_are_laid_over_each_other, loadlab_setup,
						loadlab_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
