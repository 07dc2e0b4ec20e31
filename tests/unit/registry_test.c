// SPDX-License-Identifier: GPL-2.0-or-later
/* What registries and their files say, read without a network. */
#include "core/base/cleanup.h"
#include "core/model/platform.h"
#include "store/import/document.h"
#include "store/registry/authfile.h"
#include "store/registry/challenge.h"
#include "store/registry/credentials.h"
#include "store/registry/manifest.h"
#include "store/registry/origin.h"
#include "store/registry/registries.h"
#include "store/registry/source.h"
#include "store/registry/token.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEX2 "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- challenges --- */

static void challenges_are_read(void **state)
{
	static const struct {
		const char *text;
		int result;
		enum challenge_scheme scheme;
		const char *realm, *service, *scope;
	} cases[] = {
		{"Basic realm=\"a b\"", 0, CHALLENGE_BASIC, "a b", "", ""},
		{"basic", 0, CHALLENGE_BASIC, "", "", ""},
		{"Bearer realm=\"https://x/t\",service=\"s\",scope=\"repository:a/b:pull,push\"", 0,
		 CHALLENGE_BEARER, "https://x/t", "s", "repository:a/b:pull,push"},
		{"BEARER  Realm = \"https://x\" , SERVICE=s", 0, CHALLENGE_BEARER, "https://x", "s",
		 ""},
		{"Basic realm=\"a\", Bearer realm=\"https://x\"", 0, CHALLENGE_BEARER, "https://x",
		 "", ""},
		{"Bearer realm=\"https://x\", Basic realm=\"a\"", 0, CHALLENGE_BEARER, "https://x",
		 "", ""},
		{"Negotiate, Basic realm=\"a\"", 0, CHALLENGE_BASIC, "a", "", ""},
		{"Basic realm=\"a\\\"b\\\\\"", 0, CHALLENGE_BASIC, "a\"b\\", "", ""},
		{"Bearer service=\"s\"", 0, CHALLENGE_NONE, "", "", ""}, /* nobody to ask */
		{"Digest realm=\"a\", nonce=\"b\"", 0, CHALLENGE_NONE, "", "", ""},
		{"", -EBADMSG, CHALLENGE_NONE, "", "", ""},
		{"Basic realm=\"a", -EBADMSG, CHALLENGE_NONE, "", "", ""},
		{"Basic realm=\"a\\", -EBADMSG, CHALLENGE_NONE, "", "", ""},
		{"Basic realm=", -EBADMSG, CHALLENGE_NONE, "", "", ""},
		{"Basic realm=\"a\nb\"", -EBADMSG, CHALLENGE_NONE, "", "", ""},
		{"\"x\"", -EBADMSG, CHALLENGE_NONE, "", "", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct challenge challenge = {.scheme = CHALLENGE_NONE};

		print_message("%s\n", cases[i].text);
		assert_int_equal(challenge_parse(cases[i].text, strlen(cases[i].text), &challenge),
				 cases[i].result);
		assert_int_equal(challenge.scheme, cases[i].scheme);
		assert_string_equal(challenge.realm, cases[i].realm);
		assert_string_equal(challenge.service, cases[i].service);
		assert_string_equal(challenge.scope, cases[i].scope);
	}
}

static void tokens_are_read(void **state)
{
	static const char *const none[] = {"",
					   "{}",
					   "[]",
					   "{\"token\":5}",
					   "{\"token\":\"\"}",
					   "{\"token\":\"a b\"}",
					   "{\"token\":\"a\\r\\nX: y\"}"};
	char *token = NULL;

	assert_int_equal(token_parse("{\"token\":\"a.b\"}", 15, &token, NULL), 0);
	assert_string_equal(token, "a.b");
	free(token);
	assert_int_equal(token_parse("{\"access_token\":\"c\"}", 20, &token, NULL), 0);
	assert_string_equal(token, "c");
	free(token);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(token_parse(none[i], strlen(none[i]), &token, NULL), -EINVAL);
}

/* --- origins --- */

static void origins_are_told_apart(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{"https://x/", "https://x:443/other?q", true},
		{"http://x", "http://x:80", true},
		{"HTTPS://X/", "https://x/", true},
		{"https://[::1]:5000/", "https://[::1]:5000", true},
		{"https://x", "http://x", false},
		{"https://x", "https://x:444", false},
		{"https://x", "https://x.y", false},
		{"https://x", "https://xy", false},
	};
	static const char *const wrong[] = {"",
					    "x",
					    "//x",
					    "ftp://x",
					    "file:///etc/passwd",
					    "https://",
					    "https:///x",
					    "https://user@x",
					    "https://u:p@x/",
					    "https://x:0",
					    "https://x:65536",
					    "https://x:",
					    "https://x:1a",
					    "https://[::1",
					    "https://[::1]x",
					    "https://x\\@y/",
					    "https://x y"};
	struct origin a, b;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		print_message("%s %s\n", cases[i].a, cases[i].b);
		assert_int_equal(origin_parse(cases[i].a, &a), 0);
		assert_int_equal(origin_parse(cases[i].b, &b), 0);
		assert_int_equal(origin_equal(&a, &b), cases[i].equal);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		print_message("%s\n", wrong[i]);
		assert_int_equal(origin_parse(wrong[i], &a), -EINVAL);
	}
}

static void loopback_is_this_machine_only(void **state)
{
	static const char *const yes[] = {"localhost", "localhost:5000", "LOCALHOST",
					  "127.0.0.1", "127.1.2.3:80",	 "[::1]",
					  "[::1]:5000"};
	static const char *const no[] = {"localhost.example",
					 "128.0.0.1",
					 "127.0.0.1.example",
					 "127.1",
					 "[::2]",
					 "example",
					 "::1",
					 ""};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		assert_true(origin_is_loopback(yes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		assert_false(origin_is_loopback(no[i]));
}

/* --- auth files --- */

static void the_most_specific_password_counts(void **state)
{
	static const char file[] =
		"{\"auths\": {\"host:5000\": {\"auth\": \"YTpi\"}," /* a:b */
		"\"host:5000/team\": {\"auth\": \"YzpkOmU=\"},"	    /* c:d:e */
		"\"https://old.example/v1/\": {\"username\": \"f\", \"password\": \"g\"},"
		"\"https://index.docker.io/v1/\": {\"auth\": \"aDpp\"}," /* h:i */
		"\"token.example\": {\"auth\": \"\", \"identitytoken\": \"t\"},"
		"\"empty.example\": {}},"
		"\"credHelpers\": {\"helper.example\": \"pass\"}}";
	static const struct {
		const char *host, *repository, *user, *password;
	} cases[] = {
		{"host:5000", "x", "a", "b"},
		{"host:5000", "", "a", "b"},
		{"host:5000", "team", "c", "d:e"},
		{"host:5000", "team/x", "c", "d:e"},
		{"host:5000", "teams", "a", "b"},
		{"old.example", "x", "f", "g"},
		{"docker.io", "library/x", "h", "i"},
		{"empty.example", "x", NULL, NULL},
		{"host", "x", NULL, NULL},
		{"host:50001", "x", NULL, NULL},
		{"token.example", "x", NULL, NULL},
		{"helper.example", "x", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct credentials_entry entry;

		print_message("%s/%s\n", cases[i].host, cases[i].repository);
		assert_int_equal(credentials_parse(file, strlen(file), cases[i].host,
						   cases[i].repository, &entry, NULL),
				 0);
		if (cases[i].user) {
			assert_string_equal(entry.credentials.user, cases[i].user);
			assert_string_equal(entry.credentials.password, cases[i].password);
		} else {
			assert_null(entry.credentials.user);
		}
		assert_int_equal(entry.helper != NULL, !strcmp(cases[i].host, "helper.example"));
		assert_int_equal(entry.credentials.identity_token != NULL,
				 !strcmp(cases[i].host, "token.example"));
		credentials_entry_release(&entry);
	}
}

static void damaged_auth_files_are_refused(void **state)
{
	static const char *const files[] = {
		"",
		"[]",
		"{",
		"{\"auths\": {\"h\": {\"auth\": \"!\"}}}",
		"{\"auths\": {\"h\": {\"auth\": \"YQ==\"}}}", /* a */
		"{\"auths\": {\"h\": {\"auth\": \"YQA6Yg==\"}}}" /* a NUL : b */};
	struct credentials_entry entry;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		assert_int_equal(
			credentials_parse(files[i], strlen(files[i]), "h", "", &entry, NULL),
			-EINVAL);
}

static void passwords_are_kept_and_forgotten(void **state)
{
	static const char before[] = "{\"auths\": {\"other\": {\"auth\": \"YTpi\"}}, \"x\": 1}";
	char *helper = NULL, *with = NULL, *without = NULL;
	struct credentials_entry entry;

	assert_int_equal(authfile_change(before, strlen(before), "docker.io", "user", "pa:ss",
					 &helper, &with, NULL),
			 0);
	assert_non_null(strstr(with, "\"https://index.docker.io/v1/\""));
	assert_non_null(strstr(with, "\"x\": 1"));
	assert_int_equal(credentials_parse(with, strlen(with), "docker.io", "", &entry, NULL), 0);
	assert_string_equal(entry.credentials.password, "pa:ss");
	credentials_entry_release(&entry);
	assert_int_equal(authfile_change(with, strlen(with), "docker.io", NULL, NULL, &helper,
					 &without, NULL),
			 0);
	assert_null(strstr(without, "docker"));
	assert_non_null(strstr(without, "YTpi"));
	assert_int_equal(authfile_change(without, strlen(without), "docker.io", NULL, NULL, &helper,
					 &with, NULL),
			 -ENOENT);
	assert_null(helper);
	free(with);
	free(without);
	assert_int_equal(authfile_change("{\"credsStore\": \"pass\"}", 22, "h", "u", "p", &helper,
					 &with, NULL),
			 0);
	assert_string_equal(helper, "pass");
	free(helper);
}

/* --- registries.conf --- */

static void the_longest_prefix_counts(void **state)
{
	static const char file[] = "unqualified-search-registries = [\n  'docker.io', # one\n]\n"
				   "short-name-mode = \"enforcing\"\n[aliases]\n\"a\" = \"b/c\"\n"
				   "[[registry]]\nlocation = \"docker.io\"\ninsecure = true\n"
				   "[[registry.mirror]]\nlocation = \"mirror:5000/docker\"\n"
				   "pull-from-mirror = \"digest-only\"\n"
				   "[[registry]]\r\nprefix = 'docker.io/team'\r\n"
				   "location = \"here:5000/\\u0078\"\r\n"
				   "[[registry]]\nprefix = \"*.example\"\nblocked = true\n";
	static const struct {
		const char *name, *there;
	} cases[] = {
		{"docker.io/library/nginx", "docker.io/library/nginx"},
		{"docker.io/team/app", "here:5000/x/app"},
		{"docker.io/teams/app", "docker.io/teams/app"},
		{"a.example/x", NULL},
		{"a.b.example:5000/x", ""},
		{"example/x", ""},
		{"docker.io.evil/x", ""},
	};
	CLEANUP(registries_release) struct registries registries = {.n = 0};
	struct err err = ERR_INIT;

	if (registries_parse(&registries, file, strlen(file), &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(registries.n, 3);
	assert_string_equal(registries.items[0].mirrors[0].location, "mirror:5000/docker");
	assert_int_equal(registries.items[0].mirrors[0].use, MIRROR_DIGEST_ONLY);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct registry *registry = registries_find(&registries, cases[i].name);
		CLEANUP_FREE char *there = NULL;

		print_message("%s\n", cases[i].name);
		if (cases[i].there && !cases[i].there[0]) {
			assert_null(registry);
			continue;
		}
		assert_non_null(registry);
		if (!cases[i].there) {
			assert_true(registry->blocked);
			assert_null(registry->own.location);
			continue;
		}
		there = registry_rewrite(registry, registry->own.location, cases[i].name);
		assert_string_equal(there, cases[i].there);
	}
}

static void wrong_registries_have_a_line(void **state)
{
	static const char *const cases[][2] = {
		{"x", "line 1: there is no = behind 'x'"},
		{"\n\nx = ", "line 3: the value is no"},
		{"x = 1.5", "line 1: the value is no"},
		{"x = 'a", "line 1: a string is not closed"},
		{"x = \"\"\"a\"\"\"", "line 1: strings of several lines"},
		{"x = \"\\q\"", "line 1: a string has an unknown escape"},
		{"x = \"\\ud800\"", "line 1: a \\u in a string is no character"},
		{"x = [1, [2", "line 1: an array is not closed"},
		{"x = 1 y", "line 1: something stands behind"},
		{"[a", "line 1: the name of a table is not closed"},
		{"[registry]", "line 1: it has to be [[registry]]"},
		{"[registries.search]", "line 1: [registries.search] is of version 1"},
		{"[[registry.mirror]]", "line 1: a mirror stands before"},
		{"[[registry]]\ninsecure = 1", "line 2: 'insecure' has to be true or false"},
		{"[[registry]]\nlocation = \"https://x\"", "line 2: 'location' has no scheme"},
		{"[[registry]]\nlocation = 'x'\n[[registry.mirror]]\npull-from-mirror = 'x'",
		 "line 4: 'pull-from-mirror' has to be"},
		{"[[registry]]\ninsecure = true", "a [[registry]] has neither"},
		{"[[registry]]\nlocation = 'x'\n[[registry.mirror]]", "a mirror of 'x' has no"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(registries_release) struct registries registries = {.n = 0};
		struct err err = ERR_INIT;

		print_message("%s\n", cases[i][0]);
		assert_int_equal(
			registries_parse(&registries, cases[i][0], strlen(cases[i][0]), &err),
			-EINVAL);
		if (strncmp(err.msg, cases[i][1], strlen(cases[i][1])) != 0)
			fail_msg("expected '%s', got '%s'", cases[i][1], err.msg);
	}
}

static void a_source_has_its_mirrors_first(void **state)
{
	static const char file[] = "[[registry]]\nprefix = 'docker.io'\nlocation = 'own:1'\n"
				   "[[registry.mirror]]\nlocation = 'both:2/x'\ninsecure = true\n"
				   "[[registry.mirror]]\nlocation = 'tags:3'\n"
				   "pull-from-mirror = 'tag-only'\n";
	CLEANUP(registries_release) struct registries registries = {.n = 0};
	CLEANUP(source_release) struct source tag = {.n_endpoints = 0};
	CLEANUP(source_release) struct source pinned = {.n_endpoints = 0};

	setenv("REGISTRY_AUTH_FILE", "/nonexistent", 1);
	assert_int_equal(registries_parse(&registries, file, strlen(file), NULL), 0);
	assert_int_equal(source_init(&tag, &registries, "docker.io/library/nginx:1", NULL), 0);
	assert_int_equal(tag.n_endpoints, 3);
	assert_string_equal(tag.tag, "1");
	assert_string_equal(tag.endpoints[0].host, "both:2");
	assert_string_equal(tag.endpoints[0].repository, "x/library/nginx");
	assert_true(tag.endpoints[0].insecure);
	assert_string_equal(tag.endpoints[2].host, "own:1");
	assert_string_equal(tag.endpoints[2].repository, "library/nginx");
	assert_false(tag.endpoints[2].insecure);
	assert_int_equal(source_init(&pinned, &registries, "docker.io/a/b:1@sha256:" HEX, NULL), 0);
	assert_int_equal(pinned.n_endpoints, 2);
	assert_string_equal(pinned.tag, "sha256:" HEX);
}

static void docker_io_is_a_machine_of_another_name(void **state)
{
	CLEANUP(source_release) struct source source = {.n_endpoints = 0};
	const struct registries none = {.n = 0};

	setenv("REGISTRY_AUTH_FILE", "/nonexistent", 1);
	assert_int_equal(source_init(&source, &none, "docker.io/library/nginx:latest", NULL), 0);
	assert_string_equal(source.endpoints[0].host, "registry-1.docker.io");
	assert_string_equal(source.name, "nginx:latest");
	assert_false(source.endpoints[0].loopback);
}

/* --- documents --- */

#define ENTRY(hex, platform)                                                                       \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"sha256:" hex                       \
	"\",\"size\":7" platform "}"
#define FOR(os, arch) ",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\"}"
#define FOR_VARIANT(os, arch, variant)                                                             \
	",\"platform\":{\"os\":\"" os "\",\"architecture\":\"" arch "\",\"variant\":\"" variant    \
	"\"}"

static void the_platform_is_chosen(void **state)
{
	static const struct {
		const char *list, *platform, *hex;
	} cases[] = {
		{ENTRY(HEX2, FOR("linux", "386")) "," ENTRY(HEX, FOR("linux", "amd64")),
		 "linux/amd64", HEX},
		{ENTRY(HEX2, FOR("windows", "amd64")) "," ENTRY(HEX, FOR("linux", "amd64")),
		 "amd64", HEX},
		{ENTRY(HEX2, FOR_VARIANT("linux", "arm", "v6")) "," ENTRY(
			 HEX, FOR_VARIANT("linux", "arm", "v7")),
		 "linux/arm/v7", HEX},
		{ENTRY(HEX2, FOR_VARIANT("linux", "arm64", "v8")), "linux/arm64", HEX2},
		{ENTRY(HEX2, FOR_VARIANT("linux", "arm64", "v8")) "," ENTRY(HEX,
									    FOR("linux", "arm64")),
		 "linux/arm64", HEX},
		{ENTRY(HEX, ""), "linux/amd64", HEX},
		{ENTRY(HEX2, "") "," ENTRY(HEX, FOR("linux", "amd64")), "linux/amd64", HEX},
		{ENTRY(HEX, FOR("linux", "amd64")), "linux/arm64", NULL},
		{ENTRY(HEX, FOR_VARIANT("linux", "arm", "v6")), "linux/arm/v7", NULL},
		{"", "linux/amd64", NULL},
		{"null,1,\"x\",[],{}", "linux/amd64", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[2048], buf[PLATFORM_TEXT_MAX];
		struct descriptor chosen;
		struct platform platform;
		struct err err = ERR_INIT;
		int r;

		snprintf(text, sizeof(text), "{\"manifests\":[%s]}", cases[i].list);
		print_message("%s of %s\n", cases[i].platform, text);
		assert_int_equal(platform_parse(cases[i].platform, buf, &platform, NULL), 0);
		r = manifest_choose(text, strlen(text), &platform, &chosen, &err);
		assert_int_equal(r, cases[i].hex ? 0 : -EINVAL);
		if (cases[i].hex)
			assert_string_equal(chosen.hex, cases[i].hex);
		else
			assert_non_null(strstr(err.msg, "the image is not for linux/"));
	}
}

static void platforms_are_read(void **state)
{
	static const char *const wrong[] = {"", "/", "linux/", "/amd64", "a/b/c/d", "linux//v8"};
	char buf[PLATFORM_TEXT_MAX];
	struct platform platform;

	assert_int_equal(platform_parse("linux/arm/v7", buf, &platform, NULL), 0);
	assert_string_equal(platform.variant, "v7");
	assert_int_equal(platform_parse(NULL, buf, &platform, NULL), 0);
	assert_string_equal(platform.os, "linux");
	assert_string_equal(platform.architecture, platform_architecture());
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_int_equal(platform_parse(wrong[i], buf, &platform, NULL), -EINVAL);
}

static void a_machine_knows_its_own_platform(void **state)
{
	static const struct {
		const char *before, *after; /* this machine's architecture */
		bool native;
	} cases[] = {
		{"", "", true},	  {"linux/", "", true},	  {"linux/", "/v8", true},
		{"", "x", false}, {"linux/", "x", false}, {"windows/", "", false},
	};
	char text[PLATFORM_TEXT_MAX];

	assert_true(platform_is_native("linux"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "%s%s%s", cases[i].before, platform_architecture(),
			 cases[i].after);
		if (platform_is_native(text) != cases[i].native)
			fail_msg("'%s' should%s be this machine's", text,
				 cases[i].native ? "" : " not");
	}
}

static void manifests_are_what_they_say(void **state)
{
	static const struct {
		const char *type, *text;
		enum media_kind kind; /* MEDIA_OTHER: refused */
	} cases[] = {
		{MEDIA_OCI_MANIFEST, "{}", MEDIA_MANIFEST},
		{MEDIA_OCI_INDEX "; charset=utf-8", "{}", MEDIA_INDEX},
		{"", "{\"mediaType\":\"" MEDIA_DOCKER_INDEX "\"}", MEDIA_INDEX},
		{"", "{}", MEDIA_OTHER},
		{"text/html", "{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\"}", MEDIA_OTHER},
		{MEDIA_OCI_CONFIG, "{}", MEDIA_OTHER},
		{"application/vnd.docker.distribution.manifest.v1+json", "{}", MEDIA_OTHER},
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct media_type *type;
		int r = manifest_type(cases[i].type, cases[i].text, strlen(cases[i].text), &type,
				      &err);

		assert_int_equal(r, cases[i].kind == MEDIA_OTHER ? -EINVAL : 0);
		if (r == 0)
			assert_int_equal(type->kind, cases[i].kind);
	}
	assert_non_null(strstr(err.msg, "schema 1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenges_are_read),
		cmocka_unit_test(tokens_are_read),
		cmocka_unit_test(origins_are_told_apart),
		cmocka_unit_test(loopback_is_this_machine_only),
		cmocka_unit_test(the_most_specific_password_counts),
		cmocka_unit_test(damaged_auth_files_are_refused),
		cmocka_unit_test(passwords_are_kept_and_forgotten),
		cmocka_unit_test(the_longest_prefix_counts),
		cmocka_unit_test(wrong_registries_have_a_line),
		cmocka_unit_test(a_source_has_its_mirrors_first),
		cmocka_unit_test(docker_io_is_a_machine_of_another_name),
		cmocka_unit_test(the_platform_is_chosen),
		cmocka_unit_test(platforms_are_read),
		cmocka_unit_test(a_machine_knows_its_own_platform),
		cmocka_unit_test(manifests_are_what_they_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
