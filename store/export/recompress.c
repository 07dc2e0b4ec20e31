// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/export/recompress.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "store/import/document.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define BLOCK ((size_t)256 << 10)

static const struct {
	const char *media_type;
	int (*add_filter)(struct archive *out);
} compressions[] = {
	[COMPRESSION_NONE] = {MEDIA_OCI_LAYER, archive_write_add_filter_none},
	[COMPRESSION_GZIP] = {MEDIA_OCI_LAYER "+gzip", archive_write_add_filter_gzip},
	[COMPRESSION_ZSTD] = {MEDIA_OCI_LAYER "+zstd", archive_write_add_filter_zstd},
};

struct pump {
	struct archive *in, *out;
	struct digest_stream plain, packed;
	int out_fd;
};

const char *compression_media_type(enum compression compression)
{
	return compressions[compression].media_type;
}

static void pump_release(struct pump *pump)
{
	archive_read_free(pump->in);
	archive_write_free(pump->out);
}

static int failed(struct archive *archive, struct err *err)
{
	const char *why = archive_error_string(archive);
	int code = archive_errno(archive);

	return err_set(err, code > 0 ? code : EIO, "%s", why ? why : "the layer cannot be written");
}

static la_ssize_t push(struct archive *out, void *data, const void *block, size_t len)
{
	struct pump *pump = data;
	int r = fd_write_all(pump->out_fd, block, len);

	if (r < 0) {
		archive_set_error(out, -r, "%s", strerror(-r));
		return -1;
	}
	digest_update(&pump->packed, block, len);
	return (la_ssize_t)len;
}

static int open_both(struct pump *pump, int in, enum compression compression, struct err *err)
{
	struct archive_entry *entry;

	pump->in = archive_read_new();
	pump->out = archive_write_new();
	if (!pump->in || !pump->out)
		return err_nomem(err);
	archive_read_support_filter_gzip(pump->in);
	archive_read_support_filter_zstd(pump->in);
	archive_read_support_filter_xz(pump->in);
	archive_read_support_filter_bzip2(pump->in);
	archive_read_support_format_raw(pump->in);
	if (archive_read_open_fd(pump->in, in, BLOCK) != ARCHIVE_OK ||
	    archive_read_next_header(pump->in, &entry) != ARCHIVE_OK)
		return failed(pump->in, err);
	archive_write_set_format_raw(pump->out);
	archive_write_set_bytes_in_last_block(pump->out, 1);
	if (compressions[compression].add_filter(pump->out) != ARCHIVE_OK)
		return failed(pump->out, err);
	if (compression == COMPRESSION_GZIP)
		archive_write_set_filter_option(pump->out, "gzip", "timestamp", NULL);
	if (archive_write_open(pump->out, pump, NULL, push, NULL) != ARCHIVE_OK)
		return failed(pump->out, err);
	return 0;
}

static int run(struct pump *pump, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	const void *data;
	la_int64_t offset;
	size_t len;
	int r;

	if (!entry)
		return err_nomem(err);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "layer");
	r = archive_write_header(pump->out, entry);
	archive_entry_free(entry);
	if (r != ARCHIVE_OK)
		return failed(pump->out, err);
	while ((r = archive_read_data_block(pump->in, &data, &len, &offset)) == ARCHIVE_OK) {
		digest_update(&pump->plain, data, len);
		if (archive_write_data(pump->out, data, len) < 0)
			return failed(pump->out, err);
	}
	if (r != ARCHIVE_EOF)
		return failed(pump->in, err);
	return archive_write_close(pump->out) == ARCHIVE_OK ? 0 : failed(pump->out, err);
}

int recompress(int in, int out, enum compression compression, const char *diff_hex,
	       char ret_hex[DIGEST_HEX_LEN + 1], uint64_t *ret_bytes, struct err *err)
{
	CLEANUP(pump_release) struct pump pump = {.out_fd = out};
	char hex[DIGEST_HEX_LEN + 1];
	uint64_t bytes;
	int r;

	digest_start(&pump.plain);
	digest_start(&pump.packed);
	r = open_both(&pump, in, compression, err);
	if (r == 0)
		r = run(&pump, err);
	if (r < 0)
		return r;
	digest_finish(&pump.plain, hex);
	if (strcmp(hex, diff_hex) != 0)
		return err_set(err, EINVAL,
			       "the image store is damaged: the layer %.12s unpacks to something "
			       "else",
			       diff_hex);
	bytes = pump.packed.bytes;
	digest_finish(&pump.packed, ret_hex);
	*ret_bytes = bytes;
	return 0;
}
