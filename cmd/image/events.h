// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_IMAGE_EVENTS_H
#define STACK_CMD_IMAGE_EVENTS_H

#include "core/base/err.h"
#include "core/base/strbuf.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Events: lines of JSON through a pipe, between the processes of a pull or push
 *
 *	{"event":"layer","name":"<12 hex>","digest":"sha256:<64 hex>",
 *	 "image":"nginx:latest","action":"downloading","bytes":…,"size":…}
 *	{"event":"image","name":"nginx:latest","action":"pulled","detail":"142.0 MiB in 5 layers"}
 *
 * `--progress json` shows them as they are.
 */
struct events {
	int fd; /* the end to read from */
	struct strbuf buffer;
};

#define EVENTS_INIT                                                                                \
	{                                                                                          \
		.fd = -1, .buffer = STRBUF_INIT                                                    \
	}

void events_release(struct events *events);

/* Write EVENT, which is taken over, to FD.  That its reader is gone somebody else will notice. */
void events_send(int fd, json_t *event);

/* What has become of the image NAME; DETAIL may be any bytes. */
json_t *events_image(const char *name, const char *action, const char *detail);

/* The layer with the digits HEX of IMAGE, now at BYTES of SIZE. */
json_t *events_layer(const char *image, const char *hex, const char *action, uint64_t bytes,
		     uint64_t size);

/* The text that EVENT has for KEY, or "". */
const char *events_text(const json_t *event, const char *key);

/*
 * Read what there is and call GOT for each whole line.  False at the end of the pipe.
 * What is no JSON is passed over.
 */
bool events_read(struct events *events, void (*got)(void *data, json_t *event), void *data);

#endif
