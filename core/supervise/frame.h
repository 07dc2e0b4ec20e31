// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_FRAME_H
#define STACK_CORE_SUPERVISE_FRAME_H

#include <jansson.h>
#include <stddef.h>

#include "core/base/err.h"

struct strbuf;

/*
 * Frame: messages of control.h as bytes
 *
 * A message on the wire is a little-endian u32 length and that many bytes of
 * one JSON object.  Nothing here reads or writes a descriptor, so the client,
 * which waits, and the supervisor, which must not, share it:
 *
 *	CLEANUP(frame_reader_release) struct frame_reader reader = FRAME_READER_INIT;
 *	for each piece of bytes that arrives:
 *		frame_reader_add(&reader, piece, len);
 *		while ((r = frame_reader_next(&reader, &message, NULL, err)) > 0)
 *			…
 *
 * Memory grows with what has arrived, never with what a length field promises.
 */
struct frame_reader {
	char *data;
	size_t start, len, size; /* the unread bytes are data[start … start + len) */
};

#define FRAME_READER_INIT                                                                          \
	{                                                                                          \
		.data = NULL                                                                       \
	}

void frame_reader_release(struct frame_reader *reader);

/* Take LEN more bytes.  Running out of memory ends the program, as in strbuf.h. */
void frame_reader_add(struct frame_reader *reader, const void *data, size_t len);

/*
 * Take the next whole message out.  1: RET_MESSAGE is one, owned by the caller.
 * 0: more bytes are needed; RET_MISSING (may be NULL) says how many are known to
 * belong to this message, for a reader that wants not a byte more.
 *
 * -EBADMSG: longer than CONTROL_MAX, or no JSON object.  The stream cannot be
 * read any further then.
 */
int frame_reader_next(struct frame_reader *reader, json_t **ret_message, size_t *ret_missing,
		      struct err *err);

/*
 * Append MESSAGE with its length to OUT.
 *
 * -EMSGSIZE: longer than CONTROL_MAX; OUT is as it was.
 */
int frame_encode(struct strbuf *out, const json_t *message, struct err *err);

#endif
