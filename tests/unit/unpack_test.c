// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile layers: whatever is in them, nothing outside the tree changes
 *
 * The entries of each archive are written as text, "KIND NAME [TARGET]" and
 * semicolons between them: d directory, f file, l symlink, h hard link, p FIFO,
 * c character device 1:3, z character device 0:0, x file of mode 06777, and P is
 * a pax header.  "''"
 * is the empty name, "@" the absolute path of the canary directory, which lies
 * beside the layer's root.  The classes are those of containerd's
 * TestBreakouts, go-archive's tests and umoci's "/." symlink.
 */
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/hash.h"
#include "core/base/strbuf.h"
#include "store/import/stream.h"
#include "store/import/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCK 512

static char top[] = "/tmp/unpack-test-XXXXXX"; /* of all fixtures, for those that fail */

struct fixture {
	char base[64], canary[96], root[96];
	char before[HASH_HEX_LEN + 1];
};

/* Type, mode, owner, size, time and link count of everything in PATH but `root`, as a hash. */
static void fingerprint(const char *path, char ret[HASH_HEX_LEN + 1])
{
	CLEANUP(strbuf_release) struct strbuf all = STRBUF_INIT;
	FTS *tree = fts_open((char *const[]){(char *)path, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *item;

	while ((item = fts_read(tree))) {
		const struct stat *st = item->fts_statp;

		if (item->fts_level == 1 && strcmp(item->fts_name, "root") == 0)
			fts_set(tree, item, FTS_SKIP);
		else if (item->fts_info != FTS_DP && item->fts_level > 0)
			strbuf_printf(&all, "%s %o %u %lld %lld %lu\n", item->fts_path, st->st_mode,
				      st->st_uid, (long long)st->st_size,
				      (long long)st->st_mtim.tv_nsec, (unsigned long)st->st_nlink);
	}
	fts_close(tree);
	hash_bytes(ret, all.text, all.len);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(fd_replace_file(AT_FDCWD, path, text, strlen(text), 0640, NULL), 0);
}

static void fixture_make(struct fixture *f)
{
	snprintf(f->base, sizeof(f->base), "%s/XXXXXX", top);
	assert_non_null(mkdtemp(f->base));
	snprintf(f->canary, sizeof(f->canary), "%s/canary", f->base);
	snprintf(f->root, sizeof(f->root), "%s/root", f->base);
	assert_int_equal(mkdir(f->canary, 0750), 0);
	assert_int_equal(mkdir(f->root, 0755), 0);
	put(f->canary, "file", "canary");
	fingerprint(f->base, f->before);
}

static void fixture_end(struct fixture *f)
{
	assert_int_equal(fd_remove_tree(AT_FDCWD, f->base, NULL), 0);
}

static char type_flag(char kind)
{
	static const char kinds[] = "d5l2h1p6c3z3f0x0Px"; /* ours, then that of ustar and pax */
	const char *found = strchr(kinds, kind);

	return found[1];
}

static void add_header(struct strbuf *tar, char kind, const char *name, const char *target,
		       size_t size)
{
	char block[BLOCK] = "";
	unsigned sum = 0;

	memcpy(block, name, strnlen(name, 100));
	snprintf(block + 100, 8, "%07o", kind == 'x' ? 06777 : kind == 'd' ? 0755 : 0644);
	snprintf(block + 108, 8, "%07o", 0);
	snprintf(block + 116, 8, "%07o", 0);
	snprintf(block + 124, 12, "%011zo", size);
	snprintf(block + 136, 12, "%011o", 1000000000);
	block[156] = type_flag(kind);
	memcpy(block + 157, target, strnlen(target, 100));
	memcpy(block + 257, "ustar\00000", 8);
	snprintf(block + 329, 8, "%07o", kind == 'c' ? 1 : 0);
	snprintf(block + 337, 8, "%07o", kind == 'c' ? 3 : 0);
	memset(block + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(block); i++)
		sum += (unsigned char)block[i];
	snprintf(block + 148, 7, "%06o", sum);
	strbuf_add(tar, block, sizeof(block));
}

static void add_content(struct strbuf *tar, const char *text, size_t len)
{
	strbuf_add(tar, text, len);
	while (tar->len % BLOCK)
		strbuf_putc(tar, '\0');
}

/* WORD with "@" at its front made the canary's path, and "''" the empty string. */
static void expand(const struct fixture *f, const char *word, char ret[PATH_MAX])
{
	if (word && word[0] == '@')
		snprintf(ret, PATH_MAX, "%s%s", f->canary, word + 1);
	else
		snprintf(ret, PATH_MAX, "%s", word && strcmp(word, "''") != 0 ? word : "");
}

static void build(const struct fixture *f, const char *entries, struct strbuf *tar)
{
	CLEANUP_FREE char *copy = strdup(entries);
	char *rest = copy, *entry;

	while ((entry = strsep(&rest, ";"))) {
		char kind[8] = "", name_word[256] = "", target_word[256] = "";
		char name[PATH_MAX], target[PATH_MAX];

		if (sscanf(entry, " %7s %255s %255s", kind, name_word, target_word) < 1)
			continue;
		expand(f, name_word, name);
		expand(f, target_word, target);
		if (kind[0] == 'f' || kind[0] == 'x') {
			add_header(tar, kind[0], name, "", 4);
			add_content(tar, "evil", 4);
		} else {
			add_header(tar, kind[0], name, target, 0);
		}
	}
	for (int i = 0; i < 2 * BLOCK; i++)
		strbuf_putc(tar, '\0');
}

static int memory_file(const struct strbuf *data)
{
	int fd = memfd_create("layer", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, data->text, data->len), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int unpack_bytes(const struct fixture *f, const struct strbuf *tar,
			struct unpack_budget budget, struct err *err)
{
	CLEANUP_FD int fd = memory_file(tar);
	CLEANUP_FD int root = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stream *stream;
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	int r;

	umask(0);
	r = stream_open(fd, -1, NULL, &stream, err);
	if (r < 0)
		return r;
	r = unpack_layer(stream, root, &budget, &bytes, err);
	if (r == 0)
		r = stream_finish(stream, hex, &bytes, err);
	stream_free(stream);
	return r;
}

static const struct unpack_budget usual = {.max_bytes = 1 << 20, .max_entries = 1000};

static int unpack_text(const struct fixture *f, const char *entries, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf tar = STRBUF_INIT;

	build(f, entries, &tar);
	return unpack_bytes(f, &tar, usual, err);
}

static const struct hostile {
	const char *entries;
	bool taken;	  /* harmless inside the tree; else the import must end */
	const char *made; /* then this is there: "KIND path", or NULL */
} hostiles[] = {
	/* symlinks */
	{"l localetc @; f localetc/evil", false, NULL},
	{"l etc /etc; d etc; f etc/evil", true, "f etc/evil"},
	{"d etc; l up ../../../../etc; f up/evil", true, "f etc/evil"},
	{"l up ../../canary; f up/file", false, NULL},
	{"l up ../canary; f up/file", false, NULL},
	{"l a @; l b a; f b/file", false, NULL},
	{"l a ..; l b a/..; l c b/canary; f c/file", false, NULL},
	{"l a @/file; f a", true, "f a"},
	{"l a ../canary/file; f a", true, "f a"},
	{"l a @/file; x a", true, "f a"},
	{"l a @; d a", true, "d a"},
	{"l a @; d a/", true, "d a"},
	{"l a @; d a; f a/file", true, "f a/file"},
	{"l a @/; f a/file", false, NULL},
	{"l a @/.; d a/.; f a/file", true, "f a/file"},
	{"l . @; f file", false, NULL},
	{"l / @; f file", false, NULL},
	{"l ./ @; f file", false, NULL},
	{"l /. @; f file", false, NULL},
	{"f .; f file", false, NULL},
	{"h . ../canary/file", false, NULL},
	{"l a a; f a/file", false, NULL},
	{"l a b; l b a; f a/file", false, NULL},
	{"l proc /proc/self/root; f proc/etc/evil", false, NULL},
	{"d d; l d/l ../../../../..; f d/l/canary/evil", true, "f canary/evil"},
	{"f a; f a/file", false, NULL},
	{"l a ''", false, NULL},
	/* names */
	{"f ../canary/file", false, NULL},
	{"f ../../canary/file", false, NULL},
	{"f a/../../canary/file", false, NULL},
	{"f a/../b", false, NULL},
	{"f ..", false, NULL},
	{"d ..", false, NULL},
	{"d ../", false, NULL},
	{"f ''", false, NULL},
	{"f @/file", true, NULL},
	{"f //etc//passwd", true, "f etc/passwd"},
	{"f ./././x", true, "f x"},
	{"d /; f /x", true, "f x"},
	/* hard links */
	{"h x ../canary/file", false, NULL},
	{"h x @/file", false, NULL},
	{"h x ../../../../etc/passwd", false, NULL},
	{"l a @; h x a/file", false, NULL},
	{"l a ../canary; h x a/file; f x", false, NULL},
	{"l a @/file; h x a; f x", true, "f x"},
	{"l a @/file; h x a; x x", true, "f x"},
	{"l a @/file; h x a; h y x", true, "l y"},
	{"d a; h x a", false, NULL},
	{"h x /", false, NULL},
	{"h x x", false, NULL},
	{"f x; h x x", true, "f x"},
	{"f x; h ../y x", false, NULL},
	{"f x; l a @; h a/y x", false, NULL},
	{"h x missing", false, NULL},
	/* whiteouts */
	{"f .wh...", false, NULL},
	{"f .wh..", false, NULL},
	{"f .wh.", false, NULL},
	{"f ../.wh.canary", false, NULL},
	{"f a/.wh...", false, NULL},
	{"f .wh.a/b", false, NULL},
	{"l a @; f a/.wh.file", false, NULL},
	{"l a @; f a/.wh..wh..opq", false, NULL},
	{"l a @; f .wh.a", true, "l a"},
	{"f .wh.a; l a @", true, "l a"},
	{"f .wh.a", true, "w a"},
	{"z a", true, "w a"},
	{"d d; f d/.wh..wh..opq", true, "o d"},
	{"f .wh.a; d a", true, "o a"},
	{"d a; f .wh.a", true, "o a"},
	{"f .wh..wh.plnk/1.2; f .wh..wh.aufs; f x", true, "f x"},
	/* devices */
	{"l a @; c a/null", false, NULL},
	{"l a @/null; c a", true, "c a"},
	{"l a @/p; p a", true, "p a"},
	{"c n; f n", true, "f n"},
	{"p n; f n", true, "f n"},
};

static bool is_made(const struct fixture *f, const char *made)
{
	char path[PATH_MAX], value[4] = "";
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", f->root, made + 2);
	if (lstat(path, &st) < 0)
		return false;
	switch (made[0]) {
	case 'f':
		return S_ISREG(st.st_mode) && st.st_size == 4;
	case 'd':
		return S_ISDIR(st.st_mode);
	case 'l':
		return S_ISLNK(st.st_mode);
	case 'p':
		return S_ISFIFO(st.st_mode);
	case 'c':
		return S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
	case 'w':
		return S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
	case 'o':
		return S_ISDIR(st.st_mode) &&
		       getxattr(path, "trusted.overlay.opaque", value, sizeof(value)) == 1 &&
		       value[0] == 'y';
	default:
		return false;
	}
}

static void check_outside(const struct fixture *f, const char *what)
{
	char now[HASH_HEX_LEN + 1];

	fingerprint(f->base, now);
	if (strcmp(now, f->before) != 0)
		fail_msg("something outside the layer changed: %s", what);
}

static void hostile_entries_stay_inside(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hostiles); i++) {
		const struct hostile *h = &hostiles[i];
		struct err err = ERR_INIT;
		struct fixture f;
		int r;

		fixture_make(&f);
		r = unpack_text(&f, h->entries, &err);
		check_outside(&f, h->entries);
		if (h->taken && r < 0)
			fail_msg("'%s' was refused: %s", h->entries, err.msg);
		if (!h->taken && r == 0)
			fail_msg("'%s' was taken", h->entries);
		if (r < 0 && !err.msg[0])
			fail_msg("'%s' was refused without a word", h->entries);
		if (h->made && !is_made(&f, h->made))
			fail_msg("'%s' did not make '%s'", h->entries, h->made);
		fixture_end(&f);
	}
}

/* Random lists from an alphabet of trouble: nothing is expected but that the canary lives. */
static void mutations_stay_inside(void **state)
{
	static const char *const kinds[] = {"d", "f", "l", "h", "x", "p", "z", "c"};
	static const char *const names[] = {"a",
					    "b",
					    "a/b",
					    "b/a",
					    "a/b/a",
					    "..",
					    "../canary/file",
					    "a/../b",
					    ".",
					    "/",
					    "@",
					    "@/file",
					    "a/canary/file",
					    "b/file",
					    ".wh.a",
					    "a/.wh.b",
					    "a/.wh..wh..opq",
					    ".wh..",
					    "a/",
					    "b/.",
					    "//a",
					    "canary/file"};
	unsigned seed = 1;
	struct fixture f;

	fixture_make(&f);
	for (int round = 0; round < 3000; round++) {
		CLEANUP(strbuf_release) struct strbuf entries = STRBUF_INIT;
		struct err err = ERR_INIT;

		for (int i = 0; i < 6; i++)
			strbuf_printf(&entries, "%s %s %s;",
				      kinds[(unsigned)rand_r(&seed) % ARRAY_SIZE(kinds)],
				      names[(unsigned)rand_r(&seed) % ARRAY_SIZE(names)],
				      names[(unsigned)rand_r(&seed) % ARRAY_SIZE(names)]);
		unpack_text(&f, entries.text, &err);
		check_outside(&f, entries.text);
		assert_int_equal(fd_remove_tree(AT_FDCWD, f.root, NULL), 0);
		assert_int_equal(mkdir(f.root, 0755), 0);
		fingerprint(f.base, f.before); /* whose own times the line above changed */
	}
	fixture_end(&f);
}

static void metadata_is_kept(void **state)
{
	struct err err = ERR_INIT;
	char path[PATH_MAX];
	struct fixture f;
	struct stat st;

	fixture_make(&f);
	assert_int_equal(
		unpack_text(&f, "d d; x d/suid; l d/link target; h d/hard d/suid; p d/p", &err), 0);
	snprintf(path, sizeof(path), "%s/d/suid", f.root);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 06777);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mtime, 1000000000);
	snprintf(path, sizeof(path), "%s/d", f.root);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(st.st_mtime, 1000000000);
	snprintf(path, sizeof(path), "%s/d/p", f.root);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	fixture_end(&f);
}

/* A pax header with one record, then an empty file. */
static void add_pax_file(struct strbuf *tar, const char *key, const char *value)
{
	char record[256], counted[300];
	int len;

	snprintf(record, sizeof(record), " %s=%s\n", key, value);
	len = (int)strlen(record) + 2;
	snprintf(counted, sizeof(counted), "%d%s", len, record);
	add_header(tar, 'P', "pax", "", (size_t)len);
	add_content(tar, counted, (size_t)len);
	add_header(tar, 'f', "file", "", 0);
}

static void overlay_attributes_are_dropped(void **state)
{
	static const struct {
		const char *name;
		bool kept;
	} cases[] = {
		{"trusted.overlay.opaque", false}, {"trusted.overlay.redirect", false},
		{"user.overlay.opaque", false},	   {"trusted.x", false},
		{"security.selinux", false},	   {"user.note", true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf tar = STRBUF_INIT;
		char key[128], path[PATH_MAX], value[16];
		struct err err = ERR_INIT;
		struct fixture f;
		ssize_t len;

		fixture_make(&f);
		snprintf(key, sizeof(key), "SCHILY.xattr.%s", cases[i].name);
		add_pax_file(&tar, key, "y");
		build(&f, "", &tar);
		assert_int_equal(unpack_bytes(&f, &tar, usual, &err), 0);
		snprintf(path, sizeof(path), "%s/file", f.root);
		len = getxattr(path, cases[i].name, value, sizeof(value));
		if (cases[i].kept ? len != 1 && errno != ENOTSUP : len >= 0)
			fail_msg("%s: %zd", cases[i].name, len);
		fixture_end(&f);
	}
}

static void limits_end_the_import(void **state)
{
	const struct unpack_budget few = {.max_bytes = 1 << 20, .max_entries = 2};
	const struct unpack_budget small = {.max_bytes = 7, .max_entries = 1000};
	CLEANUP(strbuf_release) struct strbuf tar = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct fixture f;

	fixture_make(&f);
	build(&f, "f a; f b; f c", &tar);
	assert_int_equal(unpack_bytes(&f, &tar, few, &err), -EFBIG);
	assert_int_equal(unpack_bytes(&f, &tar, small, &err), -EFBIG);
	fixture_end(&f);
}

static void depth_is_limited(void **state)
{
	CLEANUP(strbuf_release) struct strbuf path = STRBUF_INIT, tar = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct fixture f;

	fixture_make(&f);
	strbuf_puts(&path, "1041 path=");
	for (int i = 0; i < 515; i++)
		strbuf_puts(&path, "d/");
	strbuf_putc(&path, '\n');
	assert_int_equal(path.len, 1041);
	add_header(&tar, 'P', "pax", "", path.len);
	add_content(&tar, path.text, path.len);
	build(&f, "d x", &tar);
	assert_int_equal(unpack_bytes(&f, &tar, usual, &err), -EPERM);
	fixture_end(&f);
}

static void truncation_is_noticed_at_every_block(void **state)
{
	CLEANUP(strbuf_release) struct strbuf tar = STRBUF_INIT;
	struct fixture f;

	fixture_make(&f);
	build(&f, "f a; d b; f c", &tar);
	for (size_t len = 0; len <= tar.len; len += BLOCK / 2) {
		struct strbuf cut = {.text = tar.text, .len = len};
		struct err err = ERR_INIT;
		int r = unpack_bytes(&f, &cut, usual, &err);

		/* One zero block is enough of an end mark, as it is for GNU tar. */
		if ((r == 0) != (len >= tar.len - BLOCK))
			fail_msg("%zu of %zu bytes: %d %s", len, tar.len, r, err.msg);
	}
	fixture_end(&f);
}

static int make_top(void **state)
{
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	return fd_remove_tree(AT_FDCWD, top, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_entries_stay_inside),
		cmocka_unit_test(mutations_stay_inside),
		cmocka_unit_test(metadata_is_kept),
		cmocka_unit_test(overlay_attributes_are_dropped),
		cmocka_unit_test(limits_end_the_import),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(truncation_is_noticed_at_every_block),
	};

	if (geteuid() != 0) {
		puts("skipped: making owners and devices takes root");
		return 0;
	}
	return cmocka_run_group_tests(tests, make_top, remove_top);
}
