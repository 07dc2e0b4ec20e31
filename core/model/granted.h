// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_GRANTED_H
#define STACK_CORE_MODEL_GRANTED_H

#include "core/model/project.h"

struct decoder;

/*
 * Granted files: secrets and configs, and what is in them
 *
 * What is in one of them is part of the config hash of the services that are
 * given it, so that a change of the file is a change of the service.  A file
 * that is not there yet is a warning: only starting a service needs it.
 */

/* The most bytes in one of them. */
#define GRANTED_SIZE_MAX ((size_t)1 << 20)

/* Where those that are `external` lie: <directory>/<name>. */
#define GRANTED_SECRETS_DIR "/etc/stack/secrets"
#define GRANTED_CONFIGS_DIR "/etc/stack/configs"

/*
 * Complete OBJECT, whose keys have been read: it has one source, of which
 * `path` or `value` and `digest` are worked out.  DIRECTORY is one of the above.
 * Blocks: for the disk.
 */
void granted_finish(struct decoder *decoder, struct file_object *object, const char *directory);

/* Give the references of all services the digests of what they refer to, and drop the others. */
void granted_normalise(struct project *project);

#endif
