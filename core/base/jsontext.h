// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_JSONTEXT_H
#define STACK_CORE_BASE_JSONTEXT_H

#include <jansson.h>

struct strbuf;

/*
 * JSON text: what may stand on a terminal and in front of a YAML reader
 *
 * Append VALUE as json_dumps() writes it with FLAGS, but every control
 * character escaped: RFC 8259 lets DEL and the C1 ones (U+0080 to U+009F)
 * stand as they are, terminals obey them, and YAML takes them for garbage.
 * -ENOMEM.
 */
int jsontext_add(struct strbuf *out, const json_t *value, size_t flags);

/* VALUE as one line to FD: 0 or -errno. */
int jsontext_write_line(int fd, const json_t *value);

#endif
