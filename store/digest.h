// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_DIGEST_H
#define STACK_STORE_DIGEST_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Digests: "sha256:<64 hex>", the names of everything in an image
 *
 * A digest comes from foreign bytes and becomes a file name, so it is checked
 * by digest_hex() before anything else looks at it.  Other algorithms of the
 * OCI image specification (descriptor.md, "Digests") are refused.
 */
#define DIGEST_HEX_LEN 64
#define DIGEST_LEN     (sizeof("sha256:") - 1 + DIGEST_HEX_LEN)

/* The 64 lower-case hex digits in TEXT, or NULL when TEXT is no such digest. */
const char *digest_hex(const char *text);

/* Exactly 64 lower-case hex digits? */
bool digest_is_hex(const char *text);

/* SHA-256 of bytes that come piece by piece. */
struct digest_stream {
	struct sha256_ctx ctx;
	uint64_t bytes;
};

void digest_start(struct digest_stream *stream);
void digest_update(struct digest_stream *stream, const void *data, size_t len);

/* The hex digits of all bytes so far; the stream starts anew. */
void digest_finish(struct digest_stream *stream, char ret_hex[DIGEST_HEX_LEN + 1]);

#endif
