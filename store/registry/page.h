// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_PAGE_H
#define STACK_STORE_REGISTRY_PAGE_H

#include "core/base/strbuf.h"
#include "store/digest.h"
#include "store/registry/transfer.h"

/*
 * Page: a transfer into memory, for what is small
 */
struct page {
	struct transfer transfer; /* first: the operations get its address */
	struct strbuf body;
	size_t max;
	char hex[DIGEST_HEX_LEN + 1]; /* what it has to have, or "" */
};

/* HEX may be NULL: anything of at most MAX bytes will do. */
void page_init(struct page *page, struct source *source, const char *path, const char *accept,
	       const char *hex, size_t max);
void page_release(struct page *page);

#endif
