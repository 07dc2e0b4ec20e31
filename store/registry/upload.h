// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_STORE_REGISTRY_UPLOAD_H
#define STACK_STORE_REGISTRY_UPLOAD_H

#include "store/digest.h"
#include "store/registry/manifest.h"
#include "store/registry/transfer.h"

#include <stdbool.h>

/*
 * Upload: a transfer of what the store has to a registry
 *
 * distribution-spec, "Pushing a blob monolithically", "POST then PUT":
 *
 *	HEAD blobs/<digest>		200: it is there, and that was all
 *	POST blobs/uploads/		202: its Location is where to
 *	PUT  <Location>?digest=<digest>	201: there it is
 *
 * An upload that breaks begins anew with the HEAD, since the registry may have it
 * after all.  The bytes are those of the store, so the digest stays what it was,
 * and the registry verifies it.
 */
enum upload_step { UPLOAD_LOOK, UPLOAD_OPEN, UPLOAD_SEND };

struct upload {
	struct transfer transfer; /* first: the operations get its address */
	char hex[DIGEST_HEX_LEN + 1];
	char path[sizeof("blobs/sha256:") + DIGEST_HEX_LEN];
	bool is_layer;
	enum upload_step step;
	bool was_there;		    /* nothing of it had to be sent */
	struct http_upload content; /* its descriptor stays open until upload_release() */
};

/*
 * For the blob of DESCRIPTOR, opened in the directory BLOBS_FD, so that it can be sent even
 * if somebody removes it.
 *
 * -ENOENT: it is not there.  -EINVAL: it has another size.
 */
int upload_init(struct upload *upload, struct source *source, const struct descriptor *descriptor,
		int blobs_fd, struct err *err);
void upload_release(struct upload *upload);

/*
 * Naming: a manifest under its tag, which is looked at first and given last
 *
 *	HEAD manifests/<tag>		naming_init(…, false, …)
 *	PUT  manifests/<tag>		naming_init(…, true, …)
 */
struct naming {
	struct transfer transfer; /* first */
	char *path;
	char hex[DIGEST_HEX_LEN + 1];
	bool is_same;		    /* the tag means this manifest already */
	struct http_upload content; /* not its own */
};

/* FD, a file of SELF's bytes, stays the caller's and open. */
int naming_init(struct naming *naming, struct source *source, const struct descriptor *self, int fd,
		bool give, struct err *err);
void naming_release(struct naming *naming);

#endif
