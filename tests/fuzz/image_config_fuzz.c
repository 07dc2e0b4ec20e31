// SPDX-License-Identifier: GPL-2.0-or-later
/* A configuration of arbitrary bytes: what is taken has the shape that readers rely on. */
#include "store/digest.h"
#include "store/image.h"
#include "store/image_file.h"
#include "store/import/config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void check(const struct image *image)
{
	if (!image->env || !image->volumes || !image->exposed_ports || !image->layers)
		abort();
	for (size_t i = 0; image->env[i]; i++)
		if (!strchr(image->env[i], '='))
			abort();
	for (size_t i = 0; i < image->n_layers; i++)
		if (!digest_is_hex(image->layers[i]))
			abort();
	if (image->layers[image->n_layers])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image = {0};
	char **diff_ids = NULL;

	if (config_flatten((const char *)data, size, &image, &diff_ids, NULL) == 0)
		check(&image);
	image_file_list_free(diff_ids);
	image_release(&image);
	return 0;
}
