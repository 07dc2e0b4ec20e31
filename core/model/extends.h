// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_EXTENDS_H
#define STACK_CORE_MODEL_EXTENDS_H

struct node;
struct sources;

/*
 * Extends: a service that begins as another one
 *
 *	extends: base				a service of the same file
 *	extends: {service: base, file: x.yml}	one of another file, of which nothing else counts
 *
 * The service is laid over its base by the rules by which a file is laid over
 * another one (Compose Specification, "extends").
 *
 * Give the services of TREE what they extend, as a new tree.  EARLIER is what
 * the files before it came to, where a base may be as well; NULL: none.
 *
 * -EINVAL: a base is missing or its own base's base …; it has been reported.
 * Blocks: for the disk.
 */
int extends_apply(struct sources *sources, struct node **tree, const struct node *earlier);

#endif
