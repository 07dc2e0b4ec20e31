// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/user.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# a comment, and lines that are none\n"
			     "\n:::::\nshort:x\n"
			     "www:x:33:34:www:/var/www:/bin/sh\n"
			     "4294967296:x:0:0::/evil:\n"
			     "100:x:200:200::/named-by-digits:\n"
			     "0x0:x:5:5::/hex:\n"
			     "big:x:4294967296:0::/:\n"
			     "neg:x:-1:0::/:\n"
			     "nohome:x:44:44:::\n"
			     "last:x:50:51::/last:/bin/sh";
static const char group[] = "root:x:0:\nwww:x:34:\nextra:x:77:www,other\nwide:x:78:wwwx,xwww\n"
			    "twice:x:79:other,www\n5:x:66:\nodd:x:bad:www\nlast:x:51:last";

static const struct {
	const char *text;
	int result;
	uid_t uid;
	gid_t gid;
	const char *home;
	size_t n_groups;
} rows[] = {
	{NULL, 0, 0, 0, "/root", 1},
	{"", 0, 0, 0, "/root", 1},
	{"root", 0, 0, 0, "/root", 1},
	{"0", 0, 0, 0, "/root", 1},
	{"00", 0, 0, 0, "/root", 1},
	{"www", 0, 33, 34, "/var/www", 3},
	{"33", 0, 33, 34, "/var/www", 3},
	{"033", 0, 33, 34, "/var/www", 3},
	{"www:www", 0, 33, 34, "/var/www", 1},
	{"www:0", 0, 33, 0, "/var/www", 1},
	{"www:extra", 0, 33, 77, "/var/www", 1},
	{"1", 0, 1, 0, "/", 1},
	{"1:1", 0, 1, 1, "/", 1},
	{"1:extra", 0, 1, 77, "/", 1},
	{"1000:5", 0, 1000, 5, "/", 1}, /* the group named "5" has another number */
	{"100", 0, 100, 0, "/", 1},	/* the user named "100" has another number */
	{"2147483647", 0, 2147483647, 0, "/", 1},
	{"0x0", 0, 5, 5, "/hex", 1},
	{"nohome", 0, 44, 44, "/", 1},
	{"last", 0, 50, 51, "/last", 1}, /* "last" is listed in its own group already */
	{"2147483648", -EINVAL, 0, 0, NULL, 0},
	{"4294967295", -EINVAL, 0, 0, NULL, 0},
	{"4294967296", -EINVAL, 0, 0, NULL, 0},
	{"18446744073709551616", -EINVAL, 0, 0, NULL, 0},
	{"1:4294967296", -EINVAL, 0, 0, NULL, 0},
	{":", -EINVAL, 0, 0, NULL, 0},
	{":0", -EINVAL, 0, 0, NULL, 0},
	{"1:", -EINVAL, 0, 0, NULL, 0},
	{"www:", -EINVAL, 0, 0, NULL, 0},
	{"root\n", -EINVAL, 0, 0, NULL, 0},
	{"root\x7f", -EINVAL, 0, 0, NULL, 0},
	{"1\t", -EINVAL, 0, 0, NULL, 0},
	{"-1", -ENOENT, 0, 0, NULL, 0},
	{"+1", -ENOENT, 0, 0, NULL, 0},
	{" 1", -ENOENT, 0, 0, NULL, 0},
	{"1 ", -ENOENT, 0, 0, NULL, 0},
	{"1:1:1", -ENOENT, 0, 0, NULL, 0},
	{"Root", -ENOENT, 0, 0, NULL, 0},
	{"roo", -ENOENT, 0, 0, NULL, 0},
	{"www:nogroup", -ENOENT, 0, 0, NULL, 0},
	{"www:odd", -ENOENT, 0, 0, NULL, 0},
	{"big", -ENOENT, 0, 0, NULL, 0},
	{"neg", -ENOENT, 0, 0, NULL, 0},
	{"short", -ENOENT, 0, 0, NULL, 0},
	{"#", -ENOENT, 0, 0, NULL, 0},
};

static void users_are_parsed_by_the_rules(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct user user;
		int r = user_parse(rows[i].text, NULL, passwd, group, &user, &err);

		if (r != rows[i].result)
			fail_msg("'%s': %d instead of %d (%s)", rows[i].text, r, rows[i].result,
				 err.msg);
		if (r < 0)
			continue;
		if (user.uid != rows[i].uid || user.gid != rows[i].gid ||
		    user.n_groups != rows[i].n_groups)
			fail_msg("'%s' is %u:%u with %zu groups", rows[i].text, user.uid, user.gid,
				 user.n_groups);
		assert_int_equal(user.groups[0], user.gid);
		assert_string_equal(user.home, rows[i].home);
		user_release(&user);
	}
}

static void group_add_takes_names_and_numbers(void **state)
{
	const char *good[] = {"extra", "4711", "extra", NULL}, *unknown[] = {"nobody", NULL};
	const char *empty[] = {"", NULL};
	struct user user;

	assert_int_equal(user_parse("1:1", good, passwd, group, &user, NULL), 0);
	assert_int_equal(user.n_groups, 3);
	assert_int_equal(user.groups[1], 77);
	assert_int_equal(user.groups[2], 4711);
	user_release(&user);
	assert_int_equal(user_parse("1", unknown, passwd, group, &user, NULL), -ENOENT);
	assert_int_equal(user_parse("1", empty, passwd, group, &user, NULL), -EINVAL);
}

struct root {
	char path[64];
	int fd, etc;
};

static int make_root(void **state)
{
	struct root *root = calloc(1, sizeof(*root));

	snprintf(root->path, sizeof(root->path), "/tmp/stack-user-XXXXXX");
	assert_non_null(mkdtemp(root->path));
	root->fd = open(root->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(root->fd, "etc", 0755), 0);
	root->etc = openat(root->fd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = root;
	return 0;
}

static int remove_root(void **state)
{
	struct root *root = *state;

	close(root->etc);
	close(root->fd);
	fd_remove_tree(AT_FDCWD, root->path, NULL);
	free(root);
	return 0;
}

static int lookup(const struct root *root, const char *text)
{
	struct user user;
	int r = user_lookup(root->fd, text, NULL, &user, NULL);

	if (r == 0)
		user_release(&user);
	return r;
}

static void hostile_files_are_refused(void **state)
{
	struct root *root = *state;
	int fd;

	assert_int_equal(lookup(root, "1:1"), 0); /* no files at all */
	assert_int_equal(lookup(root, "www"), -ENOENT);
	assert_int_equal(mkfifoat(root->etc, "passwd", 0644), 0);
	assert_int_equal(lookup(root, "root"), -EINVAL);
	unlinkat(root->etc, "passwd", 0);
	/* The link stays in the root, where there is no such device. */
	assert_int_equal(symlinkat("/dev/zero", root->etc, "passwd"), 0);
	assert_int_equal(lookup(root, "root"), -ENOENT);
	unlinkat(root->etc, "passwd", 0);
	assert_int_equal(symlinkat("../../../../etc/hosts", root->etc, "passwd"), 0);
	assert_int_equal(lookup(root, "root"), -ENOENT);
	unlinkat(root->etc, "passwd", 0);
	fd = openat(root->etc, "passwd", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	close(fd);
	assert_int_equal(lookup(root, "root"), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_parsed_by_the_rules),
		cmocka_unit_test(group_add_takes_names_and_numbers),
		cmocka_unit_test_setup_teardown(hostile_files_are_refused, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
