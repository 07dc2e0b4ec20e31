// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_CLOCK_H
#define STACK_CORE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/*
 * Clock: how much time goes by, whatever is done to the date (clock_gettime(2), CLOCK_MONOTONIC)
 *
 * Its beginning means nothing; it stands still while the machine is suspended.
 */
static inline uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* For deadlines: clock_ms() + how long. */
static inline int64_t clock_ms(void)
{
	return (int64_t)(clock_ns() / 1000000u);
}

#endif
