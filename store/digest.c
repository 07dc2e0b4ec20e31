// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/digest.h"

#include <string.h>

bool digest_is_hex(const char *text)
{
	return strspn(text, "0123456789abcdef") == DIGEST_HEX_LEN && text[DIGEST_HEX_LEN] == '\0';
}

const char *digest_hex(const char *text)
{
	static const char prefix[] = "sha256:";

	if (!text || strncmp(text, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	text += sizeof(prefix) - 1;
	return digest_is_hex(text) ? text : NULL;
}

void digest_start(struct digest_stream *stream)
{
	sha256_init(&stream->ctx);
	stream->bytes = 0;
}

void digest_update(struct digest_stream *stream, const void *data, size_t len)
{
	sha256_update(&stream->ctx, len, data);
	stream->bytes += len;
}

void digest_finish(struct digest_stream *stream, char ret_hex[DIGEST_HEX_LEN + 1])
{
	static const char alphabet[] = "0123456789abcdef";
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(&stream->ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++) {
		*ret_hex++ = alphabet[digest[i] >> 4];
		*ret_hex++ = alphabet[digest[i] & 15];
	}
	*ret_hex = '\0';
	stream->bytes = 0;
}
