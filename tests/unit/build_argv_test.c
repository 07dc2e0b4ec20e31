// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `build:` of a stack file → the command line of buildah, attribute by attribute;
 * and which images a Dockerfile starts from.
 */
#include "tests/unit/loadlab.h"

#include "cmd/cli/build_argv.h"
#include "cmd/cli/buildah.h"
#include "cmd/cli/dockerfile.h"
#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/build.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *build;    /* what is below build:, in flow style */
	const char *wanted;   /* words that are there, in a row */
	const char *unwanted; /* a word that is not; NULL: none */
} rows[] = {
	{"/src", "--file /src/Dockerfile", "--target"},
	{"/src", "--isolation chroot --network host", "--no-cache"},
	{"/src", "--layers --format oci --iidfile /out/id --pull=false", "--pull=always"},
	{"/src", "-- /src", "--ssh"},
	{"{context: /src, dockerfile: sub/Other}", "--file /src/sub/Other", NULL},
	{"{context: /src, dockerfile: /elsewhere/D}", "--file /elsewhere/D", "/src/elsewhere/D"},
	{"{context: 'https://example.org/x.git#main', dockerfile: D}", "--file D",
	 "/https://example.org/x.git#main"},
	{"{context: 'https://example.org/x.git#main'}", "-- https://example.org/x.git#main",
	 "--file"},
	{"{context: /src, dockerfile_inline: FROM x}", "--file /files/Dockerfile", NULL},
	{"{context: /src, args: {A: 1, B: 'two words', C: }}",
	 "--build-arg A=1 --build-arg B=two words", "C"},
	{"{context: /src, args: {GIVEN: file}}", "--build-arg GIVEN=line", "GIVEN=file"},
	{"{context: /src, target: t}", "--target t", NULL},
	{"{context: /src, labels: [a=b, c]}", "--label a=b --label c=", NULL},
	{"{context: /src, secrets: [s, {source: t, target: id}]}",
	 "--secret id=s,src=/a/secret --secret id=id,src=/files/secret-1", NULL},
	{"{context: /src, ssh: [default, k=/key]}", "--ssh default --ssh k=/key", NULL},
	{"{context: /src, network: none}", "--network host", "none"},
	{"{context: /src, network: host}", "--network host", NULL},
	{"{context: /src, shm_size: 1m}", "--shm-size 1048576b", NULL},
	{"{context: /src, no_cache: true}", "--no-cache", NULL},
	{"{context: /src, pull: true}", "--pull=always", "--pull=false"},
	{"{context: /src, extra_hosts: ['h:1.2.3.4', 'g:host-gateway', 'six:::1']}",
	 "--add-host h:1.2.3.4 --add-host g:127.0.0.1 --add-host six:::1", NULL},
	{"{context: /src, ulimits: {nofile: {soft: 1, hard: 2}, core: 0}}",
	 "--ulimit nofile=1:2 --ulimit core=0:0", NULL},
	{"{context: /src, privileged: true}", "--cap-add all --security-opt seccomp=unconfined",
	 NULL},
	{"{context: /src, additional_contexts: {d: /dir, i: 'docker-image://x:1', o: "
	 "'service:other'}}",
	 "--build-context d=/dir --build-context i=docker-image://x:1 --build-context "
	 "o=docker-image://made/other",
	 NULL},
	{"{context: /src, cache_from: ['type=registry,ref=r.example/c', user/old:1]}",
	 "--cache-from r.example/c --cache-from docker.io/user/old", "user/old:1"},
	{"{context: /src, cache_from: ['mode=max,ref=r.example:5000/c:tag,type=registry', "
	 "'type=gha,ref=no', 'type=reg,ref=no', 'type=registry,ref=', 'xref=no', '']}",
	 "--cache-from r.example:5000/c -- /src", NULL},
	{"{context: /src, cache_from: ['type=registry,ref=NO:WAY', 'type=registry,ref=a@sha256:"
	 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855']}",
	 "--cache-from NO:WAY --cache-from docker.io/library/a --", NULL},
	{"{context: /src, cache_to: ['type=registry,ref=r.example/c']}", "--cache-to r.example/c",
	 NULL},
	{"{context: /src, tags: [a:1]}", "-- /src", "a:1"},
};

static bool has_word(const char *const *argv, const char *word)
{
	for (; *argv; argv++)
		if (strcmp(*argv, word) == 0)
			return true;
	return false;
}

static void each_attribute_becomes_its_option(void **state)
{
	struct fixture *f = *state;
	const char *given[] = {"GIVEN=line"};
	const struct string_list args = {given, 1};
	const struct buildah buildah = {.program = "/usr/bin/buildah",
					.storage = "/st",
					.state = "/rr",
					.driver = "vfs",
					.isolation = "chroot"};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP(strbuf_release) struct strbuf file = STRBUF_INIT, line = STRBUF_INIT;
		CLEANUP(arena_cleanup) struct arena *arena = arena_new();
		struct build_request request = {
			.buildah = &buildah, .args = &args, .files = "/files", .output = "/out"};
		const char *const *argv;

		strbuf_printf(&file,
			      "name: p\nservices:\n  a: {build: %s}\n  other: {image: made/other}\n"
			      "secrets: {s: {file: /a/secret}, t: {content: x}}\n",
			      rows[i].build);
		loadlab_loads(f, file.text);
		request.project = f->project;
		request.service = project_service(f->project, "a");
		argv = build_argv(arena, &request);
		assert_string_equal(argv[0], "/usr/bin/buildah");
		for (size_t k = 0; argv[k]; k++)
			strbuf_printf(&line, "%s ", argv[k]);
		if (!strstr(line.text, rows[i].wanted))
			fail_msg("'%s' gives '%s', without '%s'", rows[i].build, line.text,
				 rows[i].wanted);
		if (rows[i].unwanted && has_word(argv, rows[i].unwanted))
			fail_msg("'%s' gives '%s'", rows[i].build, line.text);
	}
}

/* Where buildah cannot take the network away, the whole of it has none. */
static void no_network_is_cut_by_whoever_can(void **state)
{
	struct fixture *f = *state;
	CLEANUP(arena_cleanup) struct arena *arena = arena_new();
	const struct string_list args = {NULL, 0};
	struct buildah buildah = {.driver = "overlay", .isolation = "chroot"};
	struct build_request request = {
		.buildah = &buildah, .args = &args, .files = "/files", .output = "/out"};

	loadlab_loads(f, "name: p\nservices: {a: {build: {context: /src, network: none}}}");
	request.project = f->project;
	request.service = project_service(f->project, "a");
	assert_true(build_cuts_network(&request));
	buildah.isolation = "oci";
	assert_false(build_cuts_network(&request));
	assert_true(has_word(build_argv(arena, &request), "none"));
}

static const struct {
	const char *text, *images;
} dockerfiles[] = {
	{"FROM a", "a"},
	{"from a:1 as x\nFROM x\nfrom b", "a:1 b"},
	{"# FROM no\n\n  FROM --platform=$BUILDPLATFORM a AS B\nFROM b", "a"},
	{"ARG V=1\nFROM a:$V\nFROM b:${V}-x\nFROM c:${W:-2}\nFROM d:${W-3}", "a:1 b:1-x c:2 d:3"},
	{"ARG V=1 W=2\nFROM a:$V.$W", "a:1.2"},
	{"ARG V=2$W\nFROM a:$V", "a:2"},
	{"ARG GIVEN=no\nFROM a:$GIVEN", "a:yes"},
	{"FROM a\nARG b=c\nFROM $b", "a"},
	{"FROM scratch\nCOPY --from=a /x /x\nCOPY --chown=1 --from=b:2 x y\nCOPY --from=0 a b",
	 "a b:2"},
	{"FROM a\nRUN --mount=type=bind,from=b,target=/x \\\n  --mount=from=c true", "a b c"},
	{"FROM \\\n  a \\\n # a comment\n  AS x\nFROM x", "a"},
	{"FROM a\nCOPY --from=place x y\nFROM place", "a"},
	{"FROM a\nFROM a\nFROM \"q\"", "a q"},
	{"FROM ${", ""},
	{"FROM $", ""},
	{"FROM", ""},
	{"", ""},
	{"RUN echo FROM b --from=c", ""},
};

static void the_images_of_a_dockerfile_are_found(void **state)
{
	const struct key_value given[] = {{"GIVEN", "yes"}, {"UNSAID", NULL}};
	const struct key_value places[] = {{"place", "/dir"}};
	const struct map args = {given, 2}, contexts = {places, 1};

	for (size_t i = 0; i < ARRAY_SIZE(dockerfiles); i++) {
		CLEANUP(strbuf_release) struct strbuf found = STRBUF_INIT;
		CLEANUP(arena_cleanup) struct arena *arena = arena_new();
		struct strings images =
			dockerfile_images(arena, dockerfiles[i].text, &args, &contexts);

		for (size_t k = 0; k < images.n; k++)
			strbuf_printf(&found, "%s%s", k ? " " : "", images.items[k]);
		if (strcmp(found.text, dockerfiles[i].images) != 0)
			fail_msg("%s\ngives '%s', not '%s'", dockerfiles[i].text, found.text,
				 dockerfiles[i].images);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_attribute_becomes_its_option, loadlab_setup,
						loadlab_teardown),
		cmocka_unit_test_setup_teardown(no_network_is_cut_by_whoever_can, loadlab_setup,
						loadlab_teardown),
		cmocka_unit_test(the_images_of_a_dockerfile_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
