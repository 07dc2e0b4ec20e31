// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_IMAGE_FILE_H
#define STACK_STORE_IMAGE_FILE_H

#include "core/base/err.h"

struct image;
struct json_t;

/*
 * Image file: <root>/images/stack/<hex>.json, what import made of an image
 *
 * Written once, by rename, and read by everything that starts a container.
 * Beside the fields of struct image it lists the image's blobs, so that
 * nothing has to parse a manifest to know what may be removed.
 */
#define IMAGE_FILE_DIR "stack"

/*
 * Read the image whose id has the digits HEX from the layout directory.  The
 * reference is not in the file: ret_image->reference is NULL.
 *
 * -ENOENT: there is none.
 */
int image_file_load(int images_fd, const char *hex, struct image *ret_image, struct err *err);

/* The hex digits of the blobs of that image; a NULL-terminated list for image_file_list_free(). */
int image_file_blobs(int images_fd, const char *hex, char ***ret_blobs, struct err *err);

/* Blocks: for the disk. */
int image_file_store(int images_fd, const struct image *image, char *const *blobs, struct err *err);

/* The image as JSON, its reference included. */
int image_to_json(const struct image *image, struct json_t **ret_json, struct err *err);

void image_file_list_free(char **list);

#endif
