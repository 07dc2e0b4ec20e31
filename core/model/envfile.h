// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_ENVFILE_H
#define STACK_CORE_MODEL_ENVFILE_H

#include "core/model/project.h"

struct decoder;
struct node;

/*
 * services.<name>.env_file: a path, or a list of paths and of {path, required,
 * format}.  What the files say, a later one over an earlier one.
 *
 * Blocks: for the disk.
 */
struct map envfile_read(struct decoder *decoder, const struct node *node);

#endif
