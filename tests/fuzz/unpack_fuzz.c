// SPDX-License-Identifier: GPL-2.0-or-later
/* A layer of arbitrary bytes, unpacked beside a canary; needs root to be of use. */
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/import/stream.h"
#include "store/import/unpack.h"
#include "tests/fuzz/canary.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack_budget budget = {.max_bytes = 1 << 20, .max_entries = 64};
	CLEANUP_FD int fd = -1, root = -1;
	struct stream *stream;
	uint64_t bytes;

	umask(0);
	canary_set_up();
	fd = memfd_create("layer", MFD_CLOEXEC);
	if (fd < 0 || fd_write_all(fd, data, size) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    mkdirat(canary_fd, "root", 0700) < 0)
		abort();
	root = openat(canary_fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (stream_open(fd, -1, NULL, &stream, NULL) == 0) {
		unpack_layer(stream, root, &budget, &bytes, NULL);
		stream_free(stream);
	}
	canary_check();
	if (fd_remove_tree(canary_fd, "root", NULL) < 0)
		abort();
	return 0;
}
