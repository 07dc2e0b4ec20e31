// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_INCLUDE_H
#define STACK_CORE_MODEL_INCLUDE_H

struct node;
struct source_set;
struct sources;

/*
 * Include: other projects' services and what they need
 *
 *	include:
 *	  - db/compose.yml
 *	  - path: [web/compose.yml, web/more.yml]	one laid over the other
 *	    project_directory: web	where their paths start; that of the first when not said
 *	    env_file: web.env		instead of .env in there
 *
 * What the including file's variables say goes before the included one's own.
 * Everything named in an included file is as if it stood in this one; the same
 * name in both is an error unless both say the same (Compose Specification,
 * "include").
 *
 * Put what TREE, a file of SET, includes into it, as a new tree.
 *
 * -EINVAL: all that is wrong has been reported.
 * Blocks: for the disk.
 */
int include_apply(struct sources *sources, const struct source_set *set, struct node **tree);

#endif
