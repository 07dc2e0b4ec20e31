// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/import/pulled.h"

#include "core/base/cleanup.h"
#include "core/base/log.h"
#include "store/image.h"
#include "store/image_file.h"
#include "store/import/bundle.h"
#include "store/import/layers.h"
#include "store/import/register.h"
#include "store/import/spool.h"
#include "store/layout.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

/*
 * Both are hard-linked, so whoever else takes the same blob disturbs nothing.  What the store has
 * was verified when it came, so it goes first.
 */
static int adopt_all(struct spool *spool, int pull_fd, char *const *blobs, struct err *err)
{
	struct spool_file *file;
	int r = 0;

	for (; r == 0 && *blobs; blobs++) {
		if (!digest_is_hex(*blobs))
			return err_set(err, EINVAL, "the download names a blob that has no digest");
		r = spool_adopt(spool, spool->layout->blobs_fd, *blobs, &file, err);
		if (r == -ENOENT)
			r = spool_adopt(spool, pull_fd, *blobs, &file, err);
	}
	return r == -ENOENT ? err_set(err, ESTALE, "%s", err ? err->msg : "") : r;
}

/* A layout of one image, as if it had come in an archive. */
static int add_index(struct spool *spool, const struct pulled *pulled, struct spool_file **ret_file,
		     struct err *err)
{
	char digest[DIGEST_LEN + 1] = "sha256:";
	CLEANUP_FREE char *text = NULL;
	json_t *index;

	memcpy(digest + strlen(digest), pulled->hex, sizeof(pulled->hex));
	index = json_pack("{s:i, s:[{s:s, s:s, s:I}]}", "schemaVersion", 2, "manifests",
			  "mediaType", pulled->media_type, "digest", digest, "size",
			  (json_int_t)pulled->size);
	text = json_dumps(index, JSON_COMPACT);
	json_decref(index);
	return text ? spool_add_text(spool, "index.json", text, ret_file, err) : err_nomem(err);
}

static int import(struct spool *spool, struct layers *layers, int pull_fd,
		  const struct pulled *pulled, struct err *err)
{
	struct registration registration = {.source = NULL};
	struct bundle bundle = {.n_images = 0};
	struct spool_file *index = NULL;
	int r;

	r = adopt_all(spool, pull_fd, pulled->blobs, err);
	if (r == 0)
		r = add_index(spool, pulled, &index, err);
	if (r == 0)
		r = bundle_read(spool, NULL, &bundle, err);
	if (r < 0)
		return r;
	bundle.images[0].pinned = strchr(pulled->reference, '@') != NULL;
	r = register_prepare(spool, layers, &bundle.images[0], pulled->reference, NULL,
			     &registration, err);
	if (r == 0)
		r = register_commit(spool, layers, &registration, 1, err);
	registration_release(&registration);
	bundle_release(&bundle);
	return r;
}

int pulled_import(struct layout *layout, int pull_fd, struct early *early,
		  const struct pulled *pulled, struct image *ret_image, struct err *err)
{
	struct err collecting = ERR_INIT;
	struct layers layers;
	struct spool spool;
	int r;

	r = layers_init_early(&layers, layout, early, err);
	spool_init(&spool, layout, -1, layers.max_bytes);
	if (r == 0)
		r = import(&spool, &layers, pull_fd, pulled, err);
	layers_release(&layers);
	spool_release(&spool);
	for (char **blob = pulled->blobs; r == 0 && *blob; blob++)
		unlinkat(pull_fd, *blob, 0);
	if (r == 0)
		r = image_find(&layout->paths, pulled->reference, ret_image, err);
	if (r == -ENOSPC || r == -EDQUOT)
		err_set(err, -r, "there is not enough space to unpack the image in '%s'",
			layout->paths.root);
	if (layout_collect(layout, &collecting) < 0)
		log_warn("clean up the image store: %s", collecting.msg);
	return r;
}

void pulled_release(struct pulled *pulled)
{
	free(pulled->reference);
	free(pulled->media_type);
	image_file_list_free(pulled->blobs);
	*pulled = (struct pulled){.reference = NULL};
}
