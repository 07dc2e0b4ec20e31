// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/image/events.h"

#include "core/base/cleanup.h"
#include "core/base/jsontext.h"
#include "core/base/text.h"

#include <errno.h>
#include <string.h>

#define READ_SIZE 65536
/* The longest is an image with the digests of 500 layers. */
#define LINE_MAX_LEN ((size_t)1 << 20)

void events_release(struct events *events)
{
	cleanup_close(&events->fd);
	events->fd = -1;
	strbuf_release(&events->buffer);
}

void events_send(int fd, json_t *event)
{
	(void)jsontext_write_line(fd, event);
	json_decref(event);
}

json_t *events_image(const char *name, const char *action, const char *detail)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;

	/* Else a cut-off character would make it no JSON, and the failure go unheard. */
	text_escape(&text, detail, strlen(detail));
	return json_pack("{s:s, s:s, s:s, s:s}", "event", "image", "name", name, "action", action,
			 "detail", text.text);
}

json_t *events_layer(const char *image, const char *hex, const char *action, uint64_t bytes,
		     uint64_t size)
{
	return json_pack("{s:s, s:s%, s:o, s:s, s:s, s:I, s:I}", "event", "layer", "name", hex,
			 (size_t)12, "digest", json_sprintf("sha256:%s", hex), "image", image,
			 "action", action, "bytes", (json_int_t)bytes, "size", (json_int_t)size);
}

const char *events_text(const json_t *event, const char *key)
{
	const char *text = json_string_value(json_object_get(event, key));

	return text ? text : "";
}

static void take_lines(struct events *events, void (*got)(void *data, json_t *event), void *data)
{
	char *line = events->buffer.text, *end = line + events->buffer.len, *newline;
	CLEANUP(strbuf_release) struct strbuf rest = STRBUF_INIT;

	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		json_t *event = json_loadb(line, (size_t)(newline - line), 0, NULL);

		if (json_is_object(event))
			got(data, event);
		json_decref(event);
		line = newline + 1;
	}
	strbuf_add(&rest, line, (size_t)(end - line));
	strbuf_reset(&events->buffer);
	strbuf_add(&events->buffer, rest.text, rest.len);
}

bool events_read(struct events *events, void (*got)(void *data, json_t *event), void *data)
{
	CLEANUP_FREE char *chunk = malloc(READ_SIZE);
	ssize_t n;

	if (!chunk)
		abort();
	n = read(events->fd, chunk, READ_SIZE);
	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0 || events->buffer.len > LINE_MAX_LEN)
		return false;
	strbuf_add(&events->buffer, chunk, (size_t)n);
	take_lines(events, got, data);
	return true;
}
