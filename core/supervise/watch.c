// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/watch.h"

#include <stdlib.h>
#include <unistd.h>

struct watch {
	uv_poll_t poll;
	int fd;
	watch_callback callback;
	void *data;
};

struct timer {
	uv_timer_t timer;
	watch_callback callback;
	void *data;
};

static void *must_alloc(size_t size)
{
	void *object = calloc(1, size);

	if (!object)
		abort();
	return object;
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
	struct watch *watch = handle->data;

	(void)status; /* an error on the descriptor shows when it is read */
	(void)events;
	watch->callback(watch->data);
}

static void on_poll_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;

	close(watch->fd);
	free(watch);
}

struct watch *watch_new(uv_loop_t *loop, int fd, watch_callback callback, void *data)
{
	struct watch *watch = must_alloc(sizeof(*watch));

	watch->fd = fd;
	watch->callback = callback;
	watch->data = data;
	if (uv_poll_init(loop, &watch->poll, fd) != 0) {
		close(fd);
		free(watch);
		return NULL;
	}
	watch->poll.data = watch;
	uv_poll_start(&watch->poll, UV_READABLE, on_poll);
	return watch;
}

int watch_fd(const struct watch *watch)
{
	return watch->fd;
}

void watch_until_writable(struct watch *watch)
{
	uv_poll_start(&watch->poll, UV_WRITABLE, on_poll);
}

void watch_until_readable(struct watch *watch)
{
	uv_poll_start(&watch->poll, UV_READABLE, on_poll);
}

void watch_pause(struct watch *watch)
{
	uv_poll_stop(&watch->poll);
}

void watch_free(struct watch *watch)
{
	if (!watch)
		return;
	uv_poll_stop(&watch->poll);
	uv_close((uv_handle_t *)&watch->poll, on_poll_closed);
}

static void on_timer(uv_timer_t *handle)
{
	struct timer *timer = handle->data;

	timer->callback(timer->data);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

struct timer *timer_new(uv_loop_t *loop, watch_callback callback, void *data)
{
	struct timer *timer = must_alloc(sizeof(*timer));

	timer->callback = callback;
	timer->data = data;
	uv_timer_init(loop, &timer->timer);
	timer->timer.data = timer;
	return timer;
}

void timer_arm(struct timer *timer, int64_t delay_ms)
{
	/* The loop's idea of now may be as old as the callback that is running. */
	uv_update_time(timer->timer.loop);
	uv_timer_start(&timer->timer, on_timer, delay_ms > 0 ? (uint64_t)delay_ms : 0, 0);
}

void timer_disarm(struct timer *timer)
{
	uv_timer_stop(&timer->timer);
}

void timer_free(struct timer *timer)
{
	if (!timer)
		return;
	uv_timer_stop(&timer->timer);
	uv_close((uv_handle_t *)&timer->timer, on_timer_closed);
}

void watch_clear(struct watch **watch)
{
	watch_free(*watch);
	*watch = NULL;
}

void timer_clear(struct timer **timer)
{
	timer_free(*timer);
	*timer = NULL;
}
