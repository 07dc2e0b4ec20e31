// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream of `stack cp`, of arbitrary bytes, received beside a canary. */
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/tree.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/tree-fuzz-XXXXXX";
static int base_fd = -1, descriptors = -1;

static void clean_up(void)
{
	fd_remove_tree(AT_FDCWD, base, NULL);
}

static void set_up(void)
{
	/* A file's size is a number of the stream's. */
	struct rlimit limit = {1 << 20, 1 << 20};

	if (base_fd >= 0)
		return;
	if (!mkdtemp(base) || setrlimit(RLIMIT_FSIZE, &limit) < 0)
		abort();
	signal(SIGXFSZ, SIG_IGN);
	atexit(clean_up);
	descriptors = tree_open_descriptors(NULL);
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base_fd < 0 || descriptors < 0 ||
	    fd_replace_file(base_fd, "canary", "canary", 6, 0640, NULL) < 0)
		abort();
}

static void check_canary(void)
{
	struct stat st;

	if (fstatat(base_fd, "canary", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != 6 || st.st_nlink != 1 || (st.st_mode & 07777) != 0640)
		abort();
	if (fstat(base_fd, &st) < 0 || st.st_nlink != 3)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tree_stream stream;
	CLEANUP_FD int fd = -1, root = -1;
	struct tree_target target = {.path = "/in", .archive = size % 2};

	set_up();
	fd = memfd_create("stream", MFD_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    mkdirat(base_fd, "root", 0700) < 0)
		abort();
	root = openat(base_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	target.root = root;
	target.descriptors = descriptors;
	if (mkdirat(root, "in", 0755) < 0 || symlinkat("../../canary", root, "in/link") < 0)
		abort();
	tree_stream_init(&stream, fd, NULL);
	tree_receive(&target, &stream, NULL);
	check_canary();
	if (fd_remove_tree(base_fd, "root", NULL) < 0)
		abort();
	return 0;
}
