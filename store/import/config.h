// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMPORT_CONFIG_H
#define STACK_STORE_IMPORT_CONFIG_H

#include "core/base/err.h"

#include <stddef.h>

struct image;
struct json_t;

/*
 * Config: what an image says about how it wants to be run
 *
 * OCI image-spec config.md, with docker's "Healthcheck".  Every value is
 * checked for type, number and length here, so that whoever reads the image
 * file later has ordinary strings; what they may do is his to decide.
 */

/*
 * Fill in the configuration, layers included, of IMAGE, which is zeroed; the
 * caller releases it also on failure.  A layer that occurs twice stays where
 * it is highest: below, it would change nothing, and overlayfs refuses it.
 * RET_DIFF_IDS are the layers as the image has them, hex, lowest first, for
 * image_file_list_free().
 *
 * -EINVAL: no configuration of a Linux image.
 */
int config_flatten(const char *text, size_t len, struct image *image, char ***ret_diff_ids,
		   struct err *err);

/* The configuration of an image of one layer that has none yet. */
struct json_t *config_new(const char *diff_hex);

#endif
