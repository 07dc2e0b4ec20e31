// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/unpacker.h"

#include "core/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define THREADS_MAX 4

enum state { WAITING, ACTIVE, OVER };

struct unpacking {
	struct unpacking *next; /* in the order of unpacker_add() */
	struct unpacker *unpacker;
	int from_fd, tree_fd;
	char *from, *tree;
	atomic_bool stop;

	/* Under the lock. */
	enum state state;
	uint64_t read; /* bytes of the source that have been reported */
	int result;
	struct err err;
	struct unpacked done;
};

struct unpacker {
	struct unpack_budget *budget;
	struct stream_progress progress; /* the owner's */

	pthread_mutex_t lock;
	pthread_cond_t added, over;
	/* Under the lock. */
	struct unpacking *all, **end;
	struct unpacking *next; /* before it, none is waiting */
	size_t n_idle;
	uint64_t read;
	bool ending;

	pthread_t threads[THREADS_MAX];
	size_t n_threads, max_threads;
};

/* --- a layer --- */

/* Of one layer; the owner hears the sum. */
static void report(void *data, uint64_t bytes)
{
	struct unpacking *unpacking = data;
	struct unpacker *unpacker = unpacking->unpacker;

	pthread_mutex_lock(&unpacker->lock);
	unpacker->read += bytes - unpacking->read;
	unpacking->read = bytes;
	if (unpacker->progress.report)
		unpacker->progress.report(unpacker->progress.data, unpacker->read);
	pthread_mutex_unlock(&unpacker->lock);
}

static bool stopped(void *data)
{
	const struct unpacking *unpacking = data;
	const struct stream_progress *owner = &unpacking->unpacker->progress;

	return atomic_load(&unpacking->stop) || (owner->stopped && owner->stopped(owner->data));
}

static int read_layer(struct unpacking *unpacking, struct stream *stream, struct unpacked *done,
		      struct err *err)
{
	struct unpack_budget *budget = unpacking->unpacker->budget;
	CLEANUP_FD int root = -1;
	uint64_t bytes;
	int r;

	done->compression = stream_compression(stream);
	if (unpacking->tree) {
		root = openat(unpacking->tree_fd, unpacking->tree,
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (root < 0)
			return err_sys(err, errno, "open a layer in the image store");
		r = unpack_layer(stream, root, budget, &done->bytes, err);
	} else {
		r = unpack_count(stream, budget, &done->bytes, err);
	}
	return r < 0 ? r : stream_finish(stream, done->diff_hex, &bytes, err);
}

static int unpack(struct unpacking *unpacking, struct unpacked *done, struct err *err)
{
	const struct stream_progress progress = {report, stopped, unpacking};
	CLEANUP_FD int fd =
		openat(unpacking->from_fd, unpacking->from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stream *stream;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open a file in the image store");
	r = stream_open(fd, -1, &progress, &stream, err);
	if (r < 0)
		return r;
	r = read_layer(unpacking, stream, done, err);
	stream_free(stream);
	return r;
}

/* --- the threads --- */

/* The first that waits, or NULL. */
static struct unpacking *first_waiting(struct unpacker *unpacker)
{
	while (unpacker->next && unpacker->next->state != WAITING)
		unpacker->next = unpacker->next->next;
	return unpacker->next;
}

/* The lock is held, but for the work itself. */
static void run(struct unpacker *unpacker, struct unpacking *unpacking)
{
	struct unpacked done = {.bytes = 0};
	struct err err = ERR_INIT;
	int r;

	unpacking->state = ACTIVE;
	pthread_mutex_unlock(&unpacker->lock);
	r = unpack(unpacking, &done, &err);
	pthread_mutex_lock(&unpacker->lock);
	unpacking->result = r;
	unpacking->err = err;
	unpacking->done = done;
	unpacking->state = OVER;
	pthread_cond_broadcast(&unpacker->over);
}

static void *work(void *data)
{
	struct unpacker *unpacker = data;

	pthread_mutex_lock(&unpacker->lock);
	while (!unpacker->ending) {
		struct unpacking *unpacking = first_waiting(unpacker);

		if (unpacking) {
			run(unpacker, unpacking);
			continue;
		}
		unpacker->n_idle++;
		pthread_cond_wait(&unpacker->added, &unpacker->lock);
		unpacker->n_idle--;
	}
	pthread_mutex_unlock(&unpacker->lock);
	return NULL;
}

static size_t processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : (size_t)n;
}

int unpacker_new(struct unpack_budget *budget, const struct stream_progress *progress,
		 struct unpacker **ret_unpacker, struct err *err)
{
	struct unpacker *unpacker = calloc(1, sizeof(*unpacker));

	if (!unpacker)
		return err_nomem(err);
	unpacker->budget = budget;
	if (progress)
		unpacker->progress = *progress;
	unpacker->end = &unpacker->all;
	unpacker->max_threads = processors();
	pthread_mutex_init(&unpacker->lock, NULL);
	pthread_cond_init(&unpacker->added, NULL);
	pthread_cond_init(&unpacker->over, NULL);
	umask(0);
	*ret_unpacker = unpacker;
	return 0;
}

static void unpacking_free(struct unpacking *unpacking)
{
	free(unpacking->from);
	free(unpacking->tree);
	free(unpacking);
}

void unpacker_free(struct unpacker *unpacker)
{
	struct unpacking *next;

	if (!unpacker)
		return;
	pthread_mutex_lock(&unpacker->lock);
	unpacker->ending = true;
	for (struct unpacking *unpacking = unpacker->all; unpacking; unpacking = unpacking->next)
		unpacking->stop = true;
	pthread_cond_broadcast(&unpacker->added);
	pthread_mutex_unlock(&unpacker->lock);
	for (size_t i = 0; i < unpacker->n_threads; i++)
		pthread_join(unpacker->threads[i], NULL);
	for (struct unpacking *unpacking = unpacker->all; unpacking; unpacking = next) {
		next = unpacking->next;
		unpacking_free(unpacking);
	}
	pthread_mutex_destroy(&unpacker->lock);
	pthread_cond_destroy(&unpacker->added);
	pthread_cond_destroy(&unpacker->over);
	free(unpacker);
}

/* One more thread, unless one waits for work; without a single one there is no result. */
static int grow(struct unpacker *unpacker, struct err *err)
{
	int r;

	if (unpacker->n_idle > 0 || unpacker->n_threads == unpacker->max_threads)
		return 0;
	r = pthread_create(&unpacker->threads[unpacker->n_threads], NULL, work, unpacker);
	if (r == 0)
		unpacker->n_threads++;
	return r == 0 || unpacker->n_threads > 0 ? 0 : err_sys(err, r, "start a thread");
}

static void append(struct unpacker *unpacker, struct unpacking *unpacking)
{
	*unpacker->end = unpacking;
	unpacker->end = &unpacking->next;
	if (!unpacker->next)
		unpacker->next = unpacking;
}

int unpacker_add(struct unpacker *unpacker, int from_fd, const char *from, int tree_fd,
		 const char *tree, struct unpacking **ret_unpacking, struct err *err)
{
	struct unpacking *unpacking = calloc(1, sizeof(*unpacking));
	int r;

	if (!unpacking)
		return err_nomem(err);
	unpacking->unpacker = unpacker;
	unpacking->from_fd = from_fd;
	unpacking->tree_fd = tree_fd;
	unpacking->from = strdup(from);
	unpacking->tree = tree ? strdup(tree) : NULL;
	if (!unpacking->from || (tree && !unpacking->tree)) {
		unpacking_free(unpacking);
		return err_nomem(err);
	}
	pthread_mutex_lock(&unpacker->lock);
	append(unpacker, unpacking);
	r = grow(unpacker, err);
	pthread_cond_signal(&unpacker->added);
	pthread_mutex_unlock(&unpacker->lock);
	if (r == 0)
		*ret_unpacking = unpacking;
	return r;
}

int unpacker_wait(struct unpacker *unpacker, struct unpacking *unpacking, struct unpacked *ret,
		  struct err *err)
{
	pthread_mutex_lock(&unpacker->lock);
	while (unpacking->state != OVER)
		pthread_cond_wait(&unpacker->over, &unpacker->lock);
	pthread_mutex_unlock(&unpacker->lock);
	if (unpacking->result < 0)
		return err_set(err, -unpacking->result, "%s", unpacking->err.msg);
	*ret = unpacking->done;
	return 0;
}

void unpacker_cancel(struct unpacker *unpacker, struct unpacking *unpacking)
{
	pthread_mutex_lock(&unpacker->lock);
	unpacking->stop = true;
	if (unpacking->state == WAITING) {
		unpacking->state = OVER;
		unpacking->result = -ECANCELED;
	}
	while (unpacking->state != OVER)
		pthread_cond_wait(&unpacker->over, &unpacker->lock);
	pthread_mutex_unlock(&unpacker->lock);
}
