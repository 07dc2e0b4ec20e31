// SPDX-License-Identifier: GPL-2.0-or-later
/* A layer of arbitrary bytes, unpacked beside a canary; needs root to be of use. */
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/import/stream.h"
#include "store/import/unpack.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/unpack-fuzz-XXXXXX";
static int base_fd = -1;

static void clean_up(void)
{
	fd_remove_tree(AT_FDCWD, base, NULL);
}

static void set_up(void)
{
	if (base_fd >= 0)
		return;
	if (!mkdtemp(base))
		abort();
	atexit(clean_up);
	base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base_fd < 0 || fd_replace_file(base_fd, "canary", "canary", 6, 0640, NULL) < 0)
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
	const struct unpack_limits limits = {.max_bytes = 1 << 20, .max_entries = 64};
	CLEANUP_FD int fd = -1, root = -1;
	struct unpack_stats stats = {0};
	struct stream *stream;

	set_up();
	fd = memfd_create("layer", MFD_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    mkdirat(base_fd, "root", 0700) < 0)
		abort();
	root = openat(base_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stream_open(fd, -1, NULL, &stream, NULL) == 0) {
		unpack_layer(stream, root, &limits, &stats, NULL);
		stream_free(stream);
	}
	check_canary();
	if (fd_remove_tree(base_fd, "root", NULL) < 0)
		abort();
	return 0;
}
