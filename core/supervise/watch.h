// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_WATCH_H
#define STACK_CORE_SUPERVISE_WATCH_H

#include <stdint.h>
#include <uv.h>

/*
 * Watches: a descriptor or a moment that the loop waits for
 *
 * libuv's handles have to outlive their close callback, which those who own
 * them cannot.  A watch is the small heap object that does: its owner drops it
 * with *_free() at any time, from inside its own callback too, and nothing is
 * called any more.
 */
struct watch;
struct timer;

typedef void (*watch_callback)(void *data);

/*
 * Call CALLBACK whenever FD is readable.  FD is the watch's from now on and
 * closed with it.  NULL: the loop refused FD, which is closed then.
 */
struct watch *watch_new(uv_loop_t *loop, int fd, watch_callback callback, void *data);
int watch_fd(const struct watch *watch);

/* … and from now on whenever it is writable instead, or readable again. */
void watch_until_writable(struct watch *watch);
void watch_until_readable(struct watch *watch);

/* Not at all, until one of these two is called. */
void watch_pause(struct watch *watch);
void watch_free(struct watch *watch); /* NULL is fine */

/* A timer that is not armed. */
struct timer *timer_new(uv_loop_t *loop, watch_callback callback, void *data);

/* Call back once in DELAY_MS of monotonic time; arming again replaces it. */
void timer_arm(struct timer *timer, int64_t delay_ms);
void timer_disarm(struct timer *timer);
void timer_free(struct timer *timer); /* NULL is fine */

/* Free *WATCH or *TIMER and make it NULL. */
void watch_clear(struct watch **watch);
void timer_clear(struct timer **timer);

#endif
