// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream of `stack cp`, of arbitrary bytes, received beside a canary. */
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/container/tree.h"
#include "tests/fuzz/canary.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static int descriptors = -1;

static void set_up(void)
{
	/* A file's size is a number of the stream's. */
	struct rlimit limit = {1 << 20, 1 << 20};

	canary_set_up();
	if (descriptors >= 0)
		return;
	descriptors = tree_open_descriptors(NULL);
	if (descriptors < 0 || setrlimit(RLIMIT_FSIZE, &limit) < 0)
		abort();
	signal(SIGXFSZ, SIG_IGN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tree_stream stream;
	CLEANUP_FD int fd = -1, root = -1;
	struct tree_target target = {.path = "/in", .archive = size % 2};

	set_up();
	fd = memfd_create("stream", MFD_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    mkdirat(canary_fd, "root", 0700) < 0)
		abort();
	root = openat(canary_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	target.root = root;
	target.descriptors = descriptors;
	if (mkdirat(root, "in", 0755) < 0 || symlinkat("../../canary", root, "in/link") < 0)
		abort();
	tree_stream_init(&stream, fd, NULL);
	tree_receive(&target, &stream, NULL);
	canary_check();
	if (fd_remove_tree(canary_fd, "root", NULL) < 0)
		abort();
	return 0;
}
