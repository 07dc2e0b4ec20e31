// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/upload.h"

#include "core/base/cleanup.h"
#include "store/registry/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define UPLOADS_PATH "blobs/uploads/"
#define BYTES	     "application/octet-stream"

/* A registry that says what it has kept has to have kept that. */
static int check_kept(const struct transfer *transfer, const char *hex, struct err *err)
{
	const char *kept = digest_hex(transfer->answer.digest);

	if (!kept || strcmp(kept, hex) == 0)
		return 0;
	return err_set(err, EBADMSG,
		       "the registry '%s' keeps other bytes: their digest is "
		       "sha256:%.12s…",
		       transfer_host(transfer), kept);
}

/* What a PUT may be answered with when all went well. */
static bool is_kept(long status)
{
	return status == 201 || status == 200 || status == 204;
}

/* --- a blob --- */

static const struct {
	enum http_method method;
	const char *content_type;
} steps[] = {
	[UPLOAD_LOOK] = {HTTP_HEAD, NULL},
	[UPLOAD_OPEN] = {HTTP_POST, NULL},
	[UPLOAD_SEND] = {HTTP_PUT, BYTES},
};

static int begin(struct transfer *transfer, uint64_t *ret_offset, struct err *err)
{
	struct upload *upload = (struct upload *)transfer;

	(void)err;
	/* Where it was to be sent is forgotten after a failure. */
	if (upload->step == UPLOAD_SEND && !transfer_is_led(transfer))
		upload->step = UPLOAD_LOOK;
	transfer->path = upload->step == UPLOAD_LOOK ? upload->path : UPLOADS_PATH;
	transfer->method = steps[upload->step].method;
	transfer->content_type = steps[upload->step].content_type;
	transfer->upload = upload->step == UPLOAD_SEND ? &upload->content : NULL;
	upload->content.sent = 0;
	*ret_offset = 0;
	return 0;
}

/* 404: the blob, or the upload, which a registry may have lost; the repository will be made. */
static bool expects(const struct transfer *transfer, long status)
{
	switch (((const struct upload *)transfer)->step) {
	case UPLOAD_LOOK:
		return status == 200 || status == 404;
	case UPLOAD_OPEN:
		return status == 202;
	case UPLOAD_SEND:
		break;
	}
	return is_kept(status) || status == 404;
}

/* Location, with the digest behind what it has of a query. */
static int add_digest(struct upload *upload, struct err *err)
{
	char *location = upload->transfer.answer.location;
	size_t len = strlen(location), room = sizeof(upload->transfer.answer.location) - len;
	int more = snprintf(location + len, room, "%cdigest=sha256%%3A%s",
			    strchr(location, '?') ? '&' : '?', upload->hex);

	if (len == 0 || more < 0 || (size_t)more >= room)
		return err_set(err, EBADMSG, "the registry '%s' does not say where to send it",
			       transfer_host(&upload->transfer));
	return 0;
}

static int end(struct transfer *transfer, struct err *err)
{
	struct upload *upload = (struct upload *)transfer;
	int r;

	switch (upload->step) {
	case UPLOAD_LOOK:
		upload->was_there = transfer->status == 200;
		upload->step = UPLOAD_OPEN;
		return upload->was_there ? TRANSFER_COMPLETE : TRANSFER_MORE;
	case UPLOAD_OPEN:
		r = add_digest(upload, err);
		upload->step = UPLOAD_SEND;
		return r < 0 ? r : TRANSFER_MORE_AT;
	case UPLOAD_SEND:
		break;
	}
	if (transfer->status == 404) {
		err_set(err, EAGAIN, "the registry '%s' has forgotten that we send it something",
			transfer_host(transfer));
		return -EAGAIN;
	}
	return check_kept(transfer, upload->hex, err);
}

static int open_content(struct upload *upload, const struct descriptor *descriptor, int blobs_fd,
			struct err *err)
{
	CLEANUP_FD int fd = openat(blobs_fd, descriptor->hex, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ENOENT, "its blob %.12s is not in the store any more",
			       descriptor->hex);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno, "open the blob %.12s", descriptor->hex);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != descriptor->size)
		return err_set(err, EINVAL, "the image store is damaged at the blob %.12s",
			       descriptor->hex);
	upload->content = (struct http_upload){.fd = TAKE_FD(fd), .size = descriptor->size};
	return 0;
}

int upload_init(struct upload *upload, struct source *source, const struct descriptor *descriptor,
		int blobs_fd, struct err *err)
{
	static const struct transfer_ops ops = {.begin = begin, .expects = expects, .end = end};

	*upload = (struct upload){.is_layer = descriptor->type->kind == MEDIA_LAYER,
				  .content = {.fd = -1}};
	memcpy(upload->hex, descriptor->hex, sizeof(upload->hex));
	snprintf(upload->path, sizeof(upload->path), "blobs/sha256:%s", descriptor->hex);
	upload->transfer.ops = &ops;
	upload->transfer.source = source;
	return open_content(upload, descriptor, blobs_fd, err);
}

void upload_release(struct upload *upload)
{
	cleanup_close(&upload->content.fd);
	upload->content.fd = -1;
}

/* --- a manifest --- */

static int begin_naming(struct transfer *transfer, uint64_t *ret_offset, struct err *err)
{
	(void)transfer;
	(void)err;
	*ret_offset = 0;
	return 0;
}

static bool naming_expects(const struct transfer *transfer, long status)
{
	return transfer->upload ? is_kept(status) : status == 200 || status == 404;
}

static int end_naming(struct transfer *transfer, struct err *err)
{
	struct naming *naming = (struct naming *)transfer;
	const char *hex = digest_hex(transfer->answer.digest);

	if (transfer->upload)
		return check_kept(transfer, naming->hex, err);
	naming->is_same = transfer->status == 200 && hex && strcmp(hex, naming->hex) == 0;
	return TRANSFER_COMPLETE;
}

int naming_init(struct naming *naming, struct source *source, const struct descriptor *self, int fd,
		bool give, struct err *err)
{
	static const struct transfer_ops ops = {
		.begin = begin_naming, .expects = naming_expects, .end = end_naming};

	*naming = (struct naming){.content = {.fd = fd, .size = self->size}};
	memcpy(naming->hex, self->hex, sizeof(naming->hex));
	if (asprintf(&naming->path, "manifests/%s", source->tag) < 0) {
		naming->path = NULL;
		return err_nomem(err);
	}
	naming->transfer.ops = &ops;
	naming->transfer.source = source;
	naming->transfer.path = naming->path;
	naming->transfer.accept = MANIFEST_ACCEPT;
	naming->transfer.method = give ? HTTP_PUT : HTTP_HEAD;
	naming->transfer.upload = give ? &naming->content : NULL;
	naming->transfer.content_type = give ? self->type->name : NULL;
	return 0;
}

void naming_release(struct naming *naming)
{
	free(naming->path);
	naming->path = NULL;
}
