// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/page.h"

#include "core/base/hash.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int reset(struct transfer *transfer, struct err *err)
{
	struct page *page = (struct page *)transfer;

	(void)err;
	strbuf_reset(&page->body);
	return 0;
}

/* Always from the start. */
static int begin(struct transfer *transfer, uint64_t *ret_offset, struct err *err)
{
	*ret_offset = 0;
	return reset(transfer, err);
}

static int write_some(struct transfer *transfer, const void *bytes, size_t len, struct err *err)
{
	struct page *page = (struct page *)transfer;

	if (len > page->max - page->body.len)
		return err_set(err, EBADMSG, "the registry '%s' sends more than %zu KiB",
			       transfer_host(transfer), page->max >> 10);
	strbuf_add(&page->body, bytes, len);
	return 0;
}

/* Content that names its own digest, in Docker-Content-Digest, has to have that too. */
static int end(struct transfer *transfer, struct err *err)
{
	struct page *page = (struct page *)transfer;
	const char *said = transfer->answer.digest;
	char hex[HASH_HEX_LEN + 1];

	hash_bytes(hex, page->body.text, page->body.len);
	if ((page->hex[0] && strcmp(page->hex, hex) != 0) ||
	    (digest_hex(said) && strcmp(digest_hex(said), hex) != 0))
		return err_set(err, EBADMSG,
			       "the registry '%s' sends other bytes: their digest is sha256:%.12s…",
			       transfer_host(transfer), hex);
	memcpy(page->hex, hex, sizeof(hex));
	return 0;
}

void page_init(struct page *page, struct source *source, const char *path, const char *accept,
	       const char *hex, size_t max)
{
	static const struct transfer_ops ops = {
		.begin = begin, .reset = reset, .write = write_some, .end = end};

	*page = (struct page){.body = STRBUF_INIT, .max = max};
	if (hex)
		memcpy(page->hex, hex, sizeof(page->hex));
	page->transfer.ops = &ops;
	page->transfer.source = source;
	page->transfer.path = path;
	page->transfer.accept = accept;
}

void page_release(struct page *page)
{
	strbuf_release(&page->body);
}
