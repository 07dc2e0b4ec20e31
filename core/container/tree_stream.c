// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream of tree.h as bytes: a frame, the strings it announces, the data it announces. */
#include "core/container/tree.h"

#include "core/base/err.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct frame {
	uint8_t type, unused;
	uint16_t name_len, link_len, flags;
	uint32_t mode, uid, gid, mtime_ns;
	int64_t mtime_s;
	uint64_t offset;
	uint32_t length, unused2;
};

void tree_stream_init(struct tree_stream *stream, int fd, const volatile sig_atomic_t *stop)
{
	stream->fd = fd;
	stream->stop = stop;
	stream->at = stream->len = 0;
}

static int interrupted(const struct tree_stream *stream, struct err *err)
{
	return stream->stop && *stream->stop ? err_set(err, ECANCELED, "interrupted") : 0;
}

static int write_out(struct tree_stream *stream, const void *data, size_t len, struct err *err)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(stream->fd, p, len);
		int r = interrupted(stream, err);

		if (r < 0)
			return r;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "write to the other end of the copy");
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int tree_flush(struct tree_stream *stream, struct err *err)
{
	size_t len = stream->len;

	stream->len = 0;
	return write_out(stream, stream->buffer, len, err);
}

static int put(struct tree_stream *stream, const void *data, size_t len, struct err *err)
{
	int r = 0;

	if (len > sizeof(stream->buffer) - stream->len)
		r = tree_flush(stream, err);
	if (r < 0 || len > sizeof(stream->buffer))
		return r < 0 ? r : write_out(stream, data, len, err);
	memcpy(stream->buffer + stream->len, data, len);
	stream->len += len;
	return 0;
}

int tree_put(struct tree_stream *stream, const struct tree_entry *entry, struct err *err)
{
	size_t name = entry->name ? strlen(entry->name) : 0,
	       link = entry->link ? strlen(entry->link) : 0;
	struct frame frame = {.type = (uint8_t)entry->type,
			      .name_len = (uint16_t)name,
			      .link_len = (uint16_t)link,
			      .flags = (uint16_t)entry->flags,
			      .mode = entry->mode,
			      .uid = entry->uid,
			      .gid = entry->gid,
			      .mtime_ns = entry->mtime_ns,
			      .mtime_s = entry->mtime_s,
			      .offset = entry->offset,
			      .length = entry->length};
	int r;

	if (name > TREE_NAME_MAX || link > TREE_LINK_MAX)
		return err_set(err, ENAMETOOLONG, "a name or a link is too long to be copied");
	r = put(stream, &frame, sizeof(frame), err);
	if (r == 0 && name)
		r = put(stream, entry->name, name, err);
	if (r == 0 && link)
		r = put(stream, entry->link, link, err);
	return r;
}

int tree_put_xattr(struct tree_stream *stream, const char *name, const void *value, size_t length,
		   struct err *err)
{
	const struct tree_entry entry = {
		.type = TREE_XATTR, .name = name, .length = (uint32_t)length};
	int r = tree_put(stream, &entry, err);

	return r == 0 && length ? put(stream, value, length, err) : r;
}

int tree_put_data(struct tree_stream *stream, uint64_t offset, const void *data, size_t length,
		  struct err *err)
{
	const struct tree_entry entry = {
		.type = TREE_DATA, .offset = offset, .length = (uint32_t)length};
	int r = tree_put(stream, &entry, err);

	return r == 0 && length ? put(stream, data, length, err) : r;
}

static int fill(struct tree_stream *stream, struct err *err)
{
	for (;;) {
		ssize_t n = read(stream->fd, stream->buffer, sizeof(stream->buffer));
		int r = interrupted(stream, err);

		if (r < 0)
			return r;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read from the other end of the copy");
		if (n == 0)
			return err_set(err, EPIPE, "the copy was cut off");
		stream->at = 0;
		stream->len = (size_t)n;
		return 0;
	}
}

int tree_get_data(struct tree_stream *stream, void *data, size_t size, struct err *err)
{
	char *p = data;

	while (size > 0) {
		size_t n = stream->len - stream->at;
		int r = n == 0 ? fill(stream, err) : 0;

		if (r < 0)
			return r;
		n = stream->len - stream->at;
		n = n < size ? n : size;
		memcpy(p, stream->buffer + stream->at, n);
		stream->at += n;
		p += n;
		size -= n;
	}
	return 0;
}

/* "" only where a START may have it; never a way out of the directory. */
static bool name_is_good(const struct frame *frame, const char *name)
{
	if (strlen(name) != frame->name_len || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return false;
	switch (frame->type) {
	case TREE_FILE:
	case TREE_DIR:
	case TREE_LINK:
	case TREE_HARDLINK:
	case TREE_REMOVE:
	case TREE_NODE:
	case TREE_XATTR:
		return *name != '\0';
	default:
		return true;
	}
}

static bool mode_is_good(const struct frame *frame)
{
	mode_t type = frame->mode & S_IFMT;

	if (frame->type != TREE_NODE)
		return frame->mode <= 07777;
	return (S_ISCHR(type) || S_ISBLK(type) || S_ISFIFO(type)) &&
	       frame->mode <= (S_IFMT | 07777);
}

static bool is_good(const struct frame *frame, const char *name, const char *link)
{
	bool has_link = frame->type == TREE_LINK || frame->type == TREE_HARDLINK;

	return name_is_good(frame, name) && strlen(link) == frame->link_len &&
	       has_link == (frame->link_len > 0) &&
	       (frame->type == TREE_DATA || frame->type == TREE_XATTR || frame->length == 0) &&
	       frame->offset <= INT64_MAX && frame->mtime_ns < 1000000000 && mode_is_good(frame);
}

int tree_get(struct tree_stream *stream, struct tree_entry *ret_entry, struct err *err)
{
	struct frame frame;
	int r = tree_get_data(stream, &frame, sizeof(frame), err);

	if (r == 0 && (frame.type < TREE_START || frame.type > TREE_END ||
		       frame.name_len > TREE_NAME_MAX || frame.link_len > TREE_LINK_MAX))
		return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
	if (r == 0)
		r = tree_get_data(stream, stream->name, frame.name_len, err);
	if (r == 0)
		r = tree_get_data(stream, stream->link, frame.link_len, err);
	if (r < 0)
		return r;
	stream->name[frame.name_len] = stream->link[frame.link_len] = '\0';
	if (!is_good(&frame, stream->name, stream->link))
		return err_set(err, EBADMSG, "the other end of the copy sends nonsense");
	*ret_entry = (struct tree_entry){.type = (enum tree_type)frame.type,
					 .flags = frame.flags,
					 .mode = frame.mode,
					 .uid = frame.uid,
					 .gid = frame.gid,
					 .mtime_s = frame.mtime_s,
					 .mtime_ns = frame.mtime_ns,
					 .offset = frame.offset,
					 .length = frame.length,
					 .name = stream->name,
					 .link = stream->link};
	return 0;
}

size_t tree_path_enter(struct tree_path *path, const char *name)
{
	size_t before = path->len, room = sizeof(path->text) - 1 - path->len, len = strlen(name);

	if (path->len && path->text[path->len - 1] != '/' && room) {
		path->text[path->len++] = '/';
		room--;
	}
	len = len < room ? len : room;
	memcpy(path->text + path->len, name, len);
	path->len += len;
	path->text[path->len] = '\0';
	return before;
}

void tree_path_leave(struct tree_path *path, size_t len)
{
	path->len = len;
	path->text[len] = '\0';
}
