// SPDX-License-Identifier: GPL-2.0-or-later
/* What inotify tells, in a directory of the test's own. */
#include "cmd/cli/watch_files.h"
#include "core/base/arena.h"
#include "core/model/build.h"
#include "core/model/project.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define RULES_MAX 4

/* Rules about paths below a directory, and the changes that were seen. */
struct scene {
	char root[64];
	struct arena *arena;
	struct service service;
	struct watch_rule rules[RULES_MAX];
	struct watch_item items[RULES_MAX];
	size_t n;
	struct watch_files files;
};

static struct scene scene;

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("'%s' failed", command);
}

static int setup(void **state)
{
	scene = (struct scene){.service = {.name = "app"}, .files = {.fd = -1}};
	snprintf(scene.root, sizeof(scene.root), "%s/stack-watch.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	scene.arena = arena_new();
	return mkdtemp(scene.root) && chdir(scene.root) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	watch_files_release(&scene.files);
	for (size_t i = 0; i < scene.n; i++)
		watch_item_release(&scene.items[i]);
	arena_free(scene.arena);
	snprintf(command, sizeof(command), "cd / && rm -r %s", scene.root);
	run(command);
	return 0;
}

static void rule(const char *path)
{
	struct watch_rule *rule = &scene.rules[scene.n];

	rule->path = arena_printf(scene.arena, "%s/%s", scene.root, path);
	watch_item_init(&scene.items[scene.n++], &scene.service, rule, scene.arena);
}

static void begin(void)
{
	assert_int_equal(watch_files_init(&scene.files, scene.items, scene.n, NULL), 0);
}

static void look(void)
{
	assert_int_equal(watch_files_read(&scene.files, 1, NULL), 0);
}

/* What has changed for the rule, one behind the other; they are taken. */
static const char *changed(size_t rule)
{
	static char text[1024];
	struct watch_changes changes;

	look();
	changes = watch_changes_take(&scene.items[rule].changes);
	text[0] = '\0';
	for (size_t i = 0; i < changes.paths.n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 *changes.paths.items[i] ? changes.paths.items[i] : ".");
	watch_changes_clear(&changes);
	return text;
}

static void test_a_save_in_place_and_one_by_renaming(void **state)
{
	run("mkdir src; echo 1 >src/a; echo 1 >one.conf");
	rule("src");
	rule("one.conf");
	begin();
	assert_string_equal(changed(0), "");
	run("echo 2 >src/a");
	assert_string_equal(changed(0), "a");
	run("echo 3 >src/.a.swp && mv src/.a.swp src/a");
	assert_string_equal(changed(0), "a");
	run("echo 2 >one.conf");
	assert_string_equal(changed(1), ".");
	run("echo 3 >one.conf~ && mv one.conf~ one.conf; echo 4 >one.conf");
	assert_string_equal(changed(1), ".");
	run("echo 5 >one.conf");
	assert_string_equal(changed(1), ".");
	assert_string_equal(changed(0), "");
}

/* All of it is there before the first of its events is read. */
static void test_a_directory_filled_before_it_is_watched(void **state)
{
	static const char *include[] = {"**/*.c"};

	run("mkdir src");
	scene.rules[1].include = (struct strings){include, 1};
	rule("src");
	rule("src");
	begin();
	run("mkdir -p src/new/deep && echo 1 >src/new/deep/x.c && echo 1 >src/new/y.h");
	assert_string_equal(changed(0), "new");
	assert_string_equal(changed(1), "new/deep/x.c");
	run("echo 2 >src/new/deep/x.c");
	assert_string_equal(changed(0), "new/deep/x.c");
	run("mv src/new src/moved && echo 3 >src/moved/deep/x.c");
	assert_string_equal(changed(0), "moved new");
	run("echo 4 >src/moved/deep/x.c");
	assert_string_equal(changed(0), "moved/deep/x.c");
}

static void test_a_path_that_comes_later_with_those_above_it(void **state)
{
	rule("web/app/src");
	rule("web/one.conf");
	begin();
	run("mkdir -p web/app/src && echo 1 >web/app/src/a; echo 1 >web/one.conf");
	assert_string_equal(changed(0), ".");
	assert_string_equal(changed(1), ".");
	watch_item_look(&scene.items[0]);
	watch_item_look(&scene.items[1]);
	assert_false(scene.items[0].is_file);
	assert_true(scene.items[1].is_file);
	run("echo 2 >web/app/src/a");
	assert_string_equal(changed(0), "a");
	run("echo 2 >web/one.conf");
	assert_string_equal(changed(1), ".");
}

/* As another branch is checked out. */
static void test_a_path_whose_directory_goes_and_comes(void **state)
{
	run("mkdir -p web/src; echo 1 >web/src/a");
	rule("web/src");
	begin();
	run("rm -r web");
	assert_string_equal(changed(0), "a");
	run("mkdir -p web/src; echo 2 >web/src/b");
	assert_string_equal(changed(0), ".");
	run("echo 3 >web/src/b");
	assert_string_equal(changed(0), "b");
}

static void test_a_path_whose_directory_is_moved_away(void **state)
{
	run("mkdir -p web/src; echo 1 >web/src/a");
	rule("web/src");
	begin();
	run("mv web away; mkdir -p web/src; echo 2 >web/src/b");
	look();
	assert_string_equal(changed(0), ".");
	run("echo 3 >web/src/b; echo 3 >away/src/a");
	assert_string_equal(changed(0), "b");
}

static void test_what_was_deleted_and_made_again_is_known_to_have_been_gone(void **state)
{
	run("mkdir -p src/sub; echo 1 >src/sub/old; echo 1 >src/top");
	rule("src");
	begin();
	run("rm -r src && mkdir -p src/sub && echo 1 >src/sub/new");
	look();
	assert_int_equal(scene.items[0].changes.paths.n, 1);
	assert_string_equal(scene.items[0].changes.paths.items[0], "");
	assert_int_equal(scene.items[0].changes.gone.n, 2);
	assert_string_equal(scene.items[0].changes.gone.items[0], "sub");
	assert_string_equal(scene.items[0].changes.gone.items[1], "top");
}

/* More than fs.inotify.max_queued_events while nobody reads. */
static void test_an_overflow_has_everything_looked_at(void **state)
{
	char limit[32] = "";
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");

	assert_non_null(file);
	assert_non_null(fgets(limit, sizeof(limit), file));
	fclose(file);
	run("mkdir src other");
	rule("src");
	rule("other");
	begin();
	for (long i = 0; i <= atol(limit); i++) {
		char name[64];

		snprintf(name, sizeof(name), "src/%ld", i % 2);
		close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	}
	run("mkdir other/new");
	assert_string_equal(changed(0), ".");
	assert_string_equal(changed(1), ".");
	run("echo 1 >other/new/file");
	assert_string_equal(changed(1), "new/file");
}

static void test_the_dockerignore_of_the_build_counts_below_its_context(void **state)
{
	struct build build = {.context = scene.root};

	run("mkdir -p src/gen src/out; printf '# what is made\nsrc/gen\n**/*.o\nsrc/out\n"
	    "!src/out/kept\n' >.dockerignore");
	scene.service.build = &build;
	rule("src");
	rule("src/gen");
	begin();
	assert_false(watch_item_is_left_out(&scene.items[0]));
	assert_true(watch_item_is_left_out(&scene.items[1]));
	run("echo 1 >src/gen/a; echo 1 >src/a.o; echo 1 >src/out/x; echo 1 >src/out/kept; echo 1 "
	    ">src/b");
	assert_string_equal(changed(0), "b out/kept");
}

static void test_the_dockerignore_of_the_dockerfile_comes_first(void **state)
{
	struct build build = {.context = scene.root, .dockerfile = "Dev"};

	run("mkdir src; echo src/a >.dockerignore; echo src/b >Dev.dockerignore");
	scene.service.build = &build;
	rule("src");
	begin();
	run("echo 1 >src/a; echo 1 >src/b");
	assert_string_equal(changed(0), "a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_save_in_place_and_one_by_renaming),
		TEST(test_a_directory_filled_before_it_is_watched),
		TEST(test_a_path_that_comes_later_with_those_above_it),
		TEST(test_a_path_whose_directory_goes_and_comes),
		TEST(test_a_path_whose_directory_is_moved_away),
		TEST(test_what_was_deleted_and_made_again_is_known_to_have_been_gone),
		TEST(test_an_overflow_has_everything_looked_at),
		TEST(test_the_dockerignore_of_the_build_counts_below_its_context),
		TEST(test_the_dockerignore_of_the_dockerfile_comes_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
