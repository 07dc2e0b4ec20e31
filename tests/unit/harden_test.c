// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is left to a process that unpacks, or that speaks with a registry: files, devices, programs,
 * network, capabilities.  Each look is taken twice in a child of its own, the first time before
 * anything is given up.
 */
#include "cmd/image/harden.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define UNPACK	 1u
#define DOWNLOAD 2u
#define BOTH	 (UNPACK | DOWNLOAD)

static bool opens(const char *path, int flags)
{
	CLEANUP_FD int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd >= 0;
}

static bool device_in_store(void)
{
	return opens("images/pull/null", O_RDONLY);
}

static bool device_made(void)
{
	unlink("layers/made");
	return mknod("layers/made", S_IFCHR | 0600, makedev(1, 5)) == 0 &&
	       opens("layers/made", O_RDONLY);
}

static bool program_in_store(void)
{
	CLEANUP_FD int fd = open("layers/program", O_RDONLY | O_CLOEXEC);
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return code != MAP_FAILED && munmap(code, 4096) == 0;
}

static bool file_of_host(void)
{
	return opens("/etc/passwd", O_RDONLY);
}

static bool file_of_pull(void)
{
	return opens("images/pull/file", O_RDWR | O_CREAT);
}

static bool layer_written(void)
{
	return opens("layers/file", O_RDWR | O_CREAT);
}

static bool blob_written(void)
{
	return opens("images/blobs/sha256/blob", O_RDWR);
}

static bool blob_read(void)
{
	return opens("images/blobs/sha256/blob", O_RDONLY);
}

static bool network(void)
{
	CLEANUP_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0;
}

static bool core_dump(void)
{
	struct rlimit limit = {.rlim_cur = 0};

	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max > 0;
}

static bool owner_changed(void)
{
	return fchownat(AT_FDCWD, "layers/program", 1, 1, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fchownat(AT_FDCWD, "layers/program", 0, 0, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What is possible before; DENIED: to whom no longer. */
static const struct look {
	const char *what;
	bool (*possible)(void);
	unsigned int denied;
	bool landlock; /* it is what forbids it */
} looks[] = {
	{"opening a device of the store", device_in_store, UNPACK},
	{"opening a device it made", device_made, BOTH},
	{"running a program of the store", program_in_store, BOTH},
	{"reading a file of the host", file_of_host, BOTH, .landlock = true},
	{"writing a download", file_of_pull, 0},
	{"writing a layer", layer_written, DOWNLOAD, .landlock = true},
	{"writing a blob", blob_written, DOWNLOAD, .landlock = true},
	{"reading a blob", blob_read, 0},
	{"the network", network, UNPACK},
	{"a core dump", core_dump, BOTH},
	{"giving a file away", owner_changed, DOWNLOAD},
};

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 2;
}

/* Returns how many looks are as they should not be. */
static int check(unsigned int role, bool hardened, bool landlock)
{
	int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(looks); i++) {
		const struct look *look = &looks[i];
		bool expected =
			!hardened || !(look->denied & role) || (look->landlock && !landlock);

		if (look->possible() == expected)
			continue;
		fprintf(stderr, "%s: %s %s\n", look->what, expected ? "impossible" : "possible",
			hardened ? "afterwards" : "before");
		wrong++;
	}
	return wrong;
}

static int in_child(unsigned int role, const char *root)
{
	struct err err = ERR_INIT;
	struct paths paths;
	bool landlock = has_landlock();
	int wrong = check(role, false, landlock), r;

	r = paths_init(&paths, root, root, &err);
	if (r == 0 && role == UNPACK)
		r = harden_mounts(&err);
	/* What was open, and where we are, is in the old namespace and the new one. */
	if (r == 0 && chdir(root) < 0)
		r = err_sys(&err, errno, "enter '%s'", root);
	if (r == 0)
		r = role == UNPACK ? harden(&paths, -1, &err) : harden_network(&paths, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	return wrong + check(role, true, landlock);
}

static void make_file(const char *path)
{
	char page[4096] = "";

	assert_int_equal(fd_replace_file(AT_FDCWD, path, page, sizeof(page), 0600, NULL), 0);
}

/* A store below ROOT, which becomes the working directory. */
static void make_store(const char *root)
{
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(chdir(root), 0);
	assert_int_equal(fd_mkdir_p("images/pull", 0700, NULL), 0);
	assert_int_equal(fd_mkdir_p("images/blobs/sha256", 0700, NULL), 0);
	assert_int_equal(fd_mkdir_p("layers", 0700, NULL), 0);
	make_file("images/blobs/sha256/blob");
	make_file("layers/program");
	assert_int_equal(mknod("images/pull/null", S_IFCHR | 0600, makedev(1, 3)), 0);
}

static void run_child(unsigned int role)
{
	char root[] = "/tmp/harden-test-XXXXXX";
	int status = -1, before;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_non_null(mkdtemp(root));
	make_store(root);
	pid = fork();
	if (pid == 0)
		_exit(in_child(role, root) != 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(fchdir(before), 0);
	close(before);
	assert_int_equal(fd_remove_tree(AT_FDCWD, root, NULL), 0);
	assert_int_equal(status, 0);
}

static void test_unpack(void **state)
{
	run_child(UNPACK);
}

static void test_download(void **state)
{
	run_child(DOWNLOAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unpack),
		cmocka_unit_test(test_download),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
