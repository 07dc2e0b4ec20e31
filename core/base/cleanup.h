// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_CLEANUP_H
#define STACK_CORE_BASE_CLEANUP_H

/*
 * Cleanup: what a scope owns goes when the scope is left
 *
 *	CLEANUP_FD int fd = -1;
 *	CLEANUP_FREE char *text = NULL;
 *	CLEANUP(plan_release) struct plan plan = PLAN_INIT;
 *	...
 *	*ret_fd = TAKE_FD(fd);		ownership leaves the scope
 *
 * CLEANUP() calls its function with the address of the variable, so the
 * function has to accept an object that was only initialised.
 */
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(release) __attribute__((cleanup(release)))

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

#define CLEANUP_FD   CLEANUP(cleanup_close)
#define CLEANUP_FREE CLEANUP(cleanup_free)

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define TAKE_FD(fd) take_fd(&(fd))

#define TAKE_PTR(pointer)                                                                          \
	__extension__({                                                                            \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
