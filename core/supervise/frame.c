// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/frame.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/supervise/control.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_LEN 4

static uint32_t get_le32(const char *bytes)
{
	const unsigned char *p = (const unsigned char *)bytes;

	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void frame_reader_release(struct frame_reader *reader)
{
	free(reader->data);
	*reader = (struct frame_reader)FRAME_READER_INIT;
}

void frame_reader_add(struct frame_reader *reader, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (reader->start > 0) {
		memmove(reader->data, reader->data + reader->start, reader->len);
		reader->start = 0;
	}
	if (reader->len + len > reader->size) {
		size_t size = (reader->len + len) * 2;

		reader->data = realloc(reader->data, size);
		if (!reader->data)
			abort();
		reader->size = size;
	}
	memcpy(reader->data + reader->len, data, len);
	reader->len += len;
}

/* Bytes of the first frame that READER lacks, 0 when it is all there. */
static int missing_bytes(const struct frame_reader *reader, size_t *ret_missing, struct err *err)
{
	size_t whole = HEADER_LEN;

	if (reader->len >= HEADER_LEN) {
		uint32_t len = get_le32(reader->data + reader->start);

		if (len > CONTROL_MAX)
			return err_set(err, EBADMSG, "a message of %u bytes is longer than %u", len,
				       CONTROL_MAX);
		whole += len;
	}
	*ret_missing = whole > reader->len ? whole - reader->len : 0;
	return 0;
}

int frame_reader_next(struct frame_reader *reader, json_t **ret_message, size_t *ret_missing,
		      struct err *err)
{
	json_error_t error;
	const char *frame;
	json_t *message;
	size_t missing = 0;
	uint32_t len;
	int r;

	r = missing_bytes(reader, &missing, err);
	if (r < 0)
		return r;
	if (missing > 0) {
		if (ret_missing)
			*ret_missing = missing;
		return 0;
	}
	frame = reader->data + reader->start;
	len = get_le32(frame);
	message = json_loadb(frame + HEADER_LEN, len, JSON_REJECT_DUPLICATES, &error);
	if (!message)
		return err_set(err, EBADMSG, "a message is not JSON: %s", error.text);
	if (!json_is_object(message)) {
		json_decref(message);
		return err_set(err, EBADMSG, "a message is not a JSON object");
	}
	reader->start += HEADER_LEN + len;
	reader->len -= HEADER_LEN + len;
	*ret_message = message;
	return 1;
}

int frame_encode(struct strbuf *out, const json_t *message, struct err *err)
{
	CLEANUP_FREE char *text = json_dumps(message, JSON_COMPACT);
	size_t len;

	if (!text)
		return err_nomem(err);
	len = strlen(text);
	if (len > CONTROL_MAX)
		return err_set(err, EMSGSIZE, "a message of %zu bytes is longer than %u", len,
			       CONTROL_MAX);
	for (int shift = 0; shift < 32; shift += 8)
		strbuf_putc(out, (char)(len >> shift & 0xff));
	strbuf_add(out, text, len);
	return 0;
}
