// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/hash.h"

#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

static void hex(char *ret, const uint8_t *bytes, size_t digits)
{
	static const char alphabet[] = "0123456789abcdef";

	for (size_t i = 0; i < digits; i++)
		ret[i] = alphabet[i % 2 ? bytes[i / 2] & 15 : bytes[i / 2] >> 4];
	ret[digits] = '\0';
}

static void hash_finish(struct sha256_ctx *ctx, char *ret_hex, size_t digits)
{
	uint8_t digest[SHA256_DIGEST_SIZE];

	sha256_digest(ctx, sizeof(digest), digest);
	hex(ret_hex, digest, digits);
}

void hash_bytes(char ret_hex[HASH_HEX_LEN + 1], const void *data, size_t len)
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, len, data);
	hash_finish(&ctx, ret_hex, HASH_HEX_LEN);
}

void hash_name(char *ret_hex, size_t digits, ...)
{
	struct sha256_ctx ctx;
	const char *text;
	va_list args;

	sha256_init(&ctx);
	va_start(args, digits);
	while ((text = va_arg(args, const char *)))
		sha256_update(&ctx, strlen(text) + 1, (const uint8_t *)text);
	va_end(args);
	hash_finish(&ctx, ret_hex, digits);
}
