// SPDX-License-Identifier: GPL-2.0-or-later
/* Layers side by side: threads, their ends, and the directories that a pull works ahead in. */
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "store/import/early.h"
#include "store/import/unpacker.h"
#include "store/layout.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY	    50
#define THREADS_MAX 4 /* that an unpacker starts at most */

struct fixture {
	char dir[64];
	int fd;
	struct paths paths;
	struct unpack_budget budget;
	struct unpacker *unpacker;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/unpacker-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	assert_int_equal(paths_init(&f->paths, f->dir, f->dir, NULL), 0);
	unpack_budget_init(&f->budget, 1 << 20);
	assert_int_equal(unpacker_new(&f->budget, NULL, &f->unpacker, NULL), 0);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unpacker_free(f->unpacker);
	close(f->fd);
	assert_int_equal(fd_remove_tree(AT_FDCWD, f->dir, NULL), 0);
	free(f);
	return 0;
}

/* The file NAME: a tar archive of one file, "file", of SIZE bytes, all CONTENT. */
static void make_blob(const struct fixture *f, const char *name, char content, size_t size)
{
	CLEANUP_FREE char *bytes = malloc(size);
	struct archive_entry *entry = archive_entry_new();
	struct archive *tar = archive_write_new();
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	memset(bytes, content, size);
	archive_write_set_format_ustar(tar);
	assert_int_equal(archive_write_open_filename(tar, path), ARCHIVE_OK);
	archive_entry_set_pathname(entry, "file");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0666);
	archive_entry_set_size(entry, (la_int64_t)size);
	assert_int_equal(archive_write_header(tar, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(tar, bytes, size), (la_ssize_t)size);
	assert_int_equal(archive_write_close(tar), ARCHIVE_OK);
	archive_entry_free(entry);
	archive_write_free(tar);
}

static void digest_of(const struct fixture *f, const char *name, char ret_hex[DIGEST_HEX_LEN + 1])
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;

	assert_int_equal(fd_read_file(f->fd, name, 1 << 20, &text, &len, NULL), 0);
	hash_bytes(ret_hex, text, len);
}

static struct unpacking *add(struct fixture *f, const char *from, const char *tree)
{
	struct unpacking *unpacking = NULL;

	assert_int_equal(mkdirat(f->fd, tree, 0755), 0);
	assert_int_equal(unpacker_add(f->unpacker, f->fd, from, f->fd, tree, &unpacking, NULL), 0);
	return unpacking;
}

static bool exists(const struct fixture *f, const char *path)
{
	return faccessat(f->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void each_layer_has_its_own_result(void **state)
{
	struct fixture *f = *state;
	struct unpacking *list[MANY];
	char name[16], tree[16], path[32];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "blob%d", i);
		snprintf(tree, sizeof(tree), "tree%d", i);
		make_blob(f, name, (char)('!' + i), (size_t)100 + (size_t)i);
		list[i] = add(f, name, tree);
	}
	for (int i = MANY; i-- > 0;) {
		char hex[DIGEST_HEX_LEN + 1];
		struct unpacked unpacked;
		struct stat st;

		snprintf(name, sizeof(name), "blob%d", i);
		snprintf(path, sizeof(path), "tree%d/file", i);
		digest_of(f, name, hex);
		assert_int_equal(unpacker_wait(f->unpacker, list[i], &unpacked, NULL), 0);
		assert_string_equal(unpacked.diff_hex, hex);
		assert_int_equal(unpacked.bytes, 100 + i);
		assert_string_equal(unpacked.compression, "none");
		assert_int_equal(fstatat(f->fd, path, &st, 0), 0);
		assert_int_equal(st.st_size, 100 + i);
		assert_int_equal(st.st_mode & 0777, 0666);
	}
}

static void a_damaged_layer_is_only_its_own_failure(void **state)
{
	struct fixture *f = *state;
	struct unpacking *good, *bad, *missing;
	struct err err = ERR_INIT;
	struct unpacked unpacked;

	make_blob(f, "good", 'a', 5000);
	make_blob(f, "bad", 'b', 5000);
	{
		CLEANUP_FD int fd = openat(f->fd, "bad", O_WRONLY | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, 3000), 0);
	}
	bad = add(f, "bad", "tree-bad");
	missing = add(f, "nothing", "tree-missing");
	good = add(f, "good", "tree-good");
	assert_int_equal(unpacker_wait(f->unpacker, good, &unpacked, NULL), 0);
	assert_int_equal(unpacker_wait(f->unpacker, bad, &unpacked, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "cut off"));
	assert_int_equal(unpacker_wait(f->unpacker, missing, &unpacked, NULL), -ENOENT);
}

static void all_share_one_budget(void **state)
{
	struct fixture *f = *state;
	struct unpacking *list[3];
	char name[16], tree[16];
	int n_good = 0;

	f->budget.max_bytes = 250;
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "blob%d", i);
		snprintf(tree, sizeof(tree), "tree%d", i);
		make_blob(f, name, 'x', 100);
		list[i] = add(f, name, tree);
	}
	for (int i = 0; i < 3; i++) {
		struct unpacked unpacked;
		int r = unpacker_wait(f->unpacker, list[i], &unpacked, NULL);

		assert_true(r == 0 || r == -EFBIG);
		n_good += r == 0;
	}
	assert_int_equal(n_good, 2);
	assert_int_equal(f->budget.bytes, 200);
}

/* All threads wait for writers of FIFOs, so what comes behind them has not begun when it is
 * cancelled. */
static void what_is_not_wanted_any_more_is_not_begun(void **state)
{
	struct fixture *f = *state;
	struct unpacking *blocked[THREADS_MAX], *unwanted;
	struct unpacked unpacked;
	char name[16], tree[16];

	make_blob(f, "blob", 'x', 100);
	for (int i = 0; i < THREADS_MAX; i++) {
		snprintf(name, sizeof(name), "fifo%d", i);
		snprintf(tree, sizeof(tree), "tree%d", i);
		assert_int_equal(mkfifoat(f->fd, name, 0600), 0);
		blocked[i] = add(f, name, tree);
	}
	unwanted = add(f, "blob", "unwanted");
	unpacker_cancel(f->unpacker, unwanted);
	assert_int_equal(unpacker_wait(f->unpacker, unwanted, &unpacked, NULL), -ECANCELED);
	for (int i = 0; i < THREADS_MAX; i++) {
		snprintf(name, sizeof(name), "fifo%d", i);
		close(openat(f->fd, name, O_WRONLY | O_CLOEXEC)); /* waits for the thread */
		assert_int_equal(unpacker_wait(f->unpacker, blocked[i], &unpacked, NULL), -EINVAL);
	}
	assert_false(exists(f, "unwanted/file"));
}

static void the_end_stops_what_is_at_work(void **state)
{
	struct fixture *f = *state;
	char name[16], tree[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "blob%d", i);
		snprintf(tree, sizeof(tree), "tree%d", i);
		make_blob(f, name, 'x', 2000);
		add(f, name, tree);
	}
	unpacker_free(f->unpacker);
	f->unpacker = NULL;
	/* Nothing writes there any more, so nothing comes back. */
	for (int i = 0; i < MANY; i++) {
		snprintf(tree, sizeof(tree), "tree%d", i);
		assert_int_equal(fd_remove_tree(f->fd, tree, NULL), 0);
		assert_false(exists(f, tree));
	}
}

/* --- early --- */

static void name_blob(const struct fixture *f, const char *name, char ret_hex[DIGEST_HEX_LEN + 1])
{
	digest_of(f, name, ret_hex);
	assert_int_equal(renameat(f->fd, name, f->fd, ret_hex), 0);
}

static void one_of_two_pulls_unpacks_a_layer(void **state)
{
	struct fixture *f = *state;
	char hex[DIGEST_HEX_LEN + 1], name[LAYOUT_NAME_LEN], path[LAYOUT_NAME_LEN + 16];
	struct early *first, *second;
	struct unpacking *unpacking;
	struct unpacked unpacked;
	int lock_fd = -1;

	make_blob(f, "blob", 'x', 100);
	name_blob(f, "blob", hex);
	assert_int_equal(early_new(&f->paths, f->fd, NULL, &first, NULL), 0);
	early_add(first, hex);
	early_add(first, hex);
	assert_int_equal(early_new(&f->paths, f->fd, NULL, &second, NULL), 0);
	early_add(second, hex);
	assert_false(early_take(second, hex, name, &lock_fd, &unpacking));
	early_free(second);
	assert_true(early_take(first, hex, name, &lock_fd, &unpacking));
	assert_int_equal(unpacker_wait(early_unpacker(first), unpacking, &unpacked, NULL), 0);
	assert_string_equal(unpacked.diff_hex, hex);
	assert_false(early_take(first, hex, name, &lock_fd, &unpacking));
	early_free(first);
	/* It was taken over, so it stays. */
	snprintf(path, sizeof(path), "layers/%s/file", name);
	assert_true(exists(f, path));
	close(lock_fd);
}

static void what_nobody_takes_is_removed(void **state)
{
	struct fixture *f = *state;
	char hex[DIGEST_HEX_LEN + 1], name[LAYOUT_NAME_LEN], path[LAYOUT_NAME_LEN + 16];
	struct early *early;

	make_blob(f, "blob", 'x', 100);
	name_blob(f, "blob", hex);
	assert_int_equal(early_new(&f->paths, f->fd, NULL, &early, NULL), 0);
	early_add(early, hex);
	early_add(early, "../../etc");
	layout_name(name, LAYOUT_EARLY, hex);
	snprintf(path, sizeof(path), "layers/%s", name);
	assert_true(exists(f, path));
	early_free(early);
	assert_false(exists(f, path));
}

static void only_what_the_dead_left_is_swept(void **state)
{
	struct fixture *f = *state;
	CLEANUP(layout_release) struct layout layout = LAYOUT_INIT;
	CLEANUP_FD int living = -1;

	assert_int_equal(layout_open(&layout, &f->paths, NULL, NULL), 0);
	layout_release(&layout);
	assert_int_equal(mkdirat(f->fd, "layers/.early-living", 0755), 0);
	assert_int_equal(mkdirat(f->fd, "layers/.early-dead", 0755), 0);
	assert_int_equal(mkdirat(f->fd, "layers/.new-dead", 0755), 0);
	living = openat(f->fd, "layers/.early-living", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(living, LOCK_EX), 0);
	assert_int_equal(layout_open(&layout, &f->paths, NULL, NULL), 0);
	assert_true(exists(f, "layers/.early-living"));
	assert_false(exists(f, "layers/.early-dead"));
	assert_false(exists(f, "layers/.new-dead"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_layer_has_its_own_result, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_layer_is_only_its_own_failure, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(all_share_one_budget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_wanted_any_more_is_not_begun, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_end_stops_what_is_at_work, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_of_two_pulls_unpacks_a_layer, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_takes_is_removed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(only_what_the_dead_left_is_swept, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
