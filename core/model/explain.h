// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_EXPLAIN_H
#define STACK_CORE_MODEL_EXPLAIN_H

struct err;
struct strbuf;

/*
 * Explain: the table of attributes, for people
 */

/*
 * What the attribute at PATH ("services.web.ports", "networks.x.ipam") takes,
 * how it is merged and what a change of it takes, as lines of text.
 *
 * -ENOENT: there is no such attribute; ERR says which was meant.
 */
int explain_path(const char *path, struct strbuf *out, struct err *err);

/* The paths of all attributes, a line each, with <name> for names. */
void explain_paths(struct strbuf *out);

/* All of the table as a page for man(1), in mdoc(7). */
void explain_manual(struct strbuf *out);

#endif
