// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_TESTS_FUZZ_CANARY_H
#define STACK_TESTS_FUZZ_CANARY_H

#include "core/base/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Canary: a file beside the directory "root" that a fuzzer unpacks in, which must
 * not notice; needs root to be of use
 */
static char canary_base[] = "/tmp/stack-fuzz-XXXXXX";
static int canary_fd = -1;

static void canary_clean_up(void)
{
	fd_remove_tree(AT_FDCWD, canary_base, NULL);
}

static void canary_set_up(void)
{
	if (canary_fd >= 0)
		return;
	if (!mkdtemp(canary_base))
		abort();
	atexit(canary_clean_up);
	canary_fd = open(canary_base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (canary_fd < 0 || fd_replace_file(canary_fd, "canary", "canary", 6, 0640, NULL) < 0)
		abort();
}

static void canary_check(void)
{
	struct stat st;

	if (fstatat(canary_fd, "canary", &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size != 6 || st.st_nlink != 1 || (st.st_mode & 07777) != 0640)
		abort();
	if (fstat(canary_fd, &st) < 0 || st.st_nlink != 3)
		abort();
}

#endif
