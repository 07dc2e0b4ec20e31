// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/http_status.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* Whatever comes: a verdict, the same for a longer answer, and a status of three digits. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int status = 0, ignored, r = http_status_parse((const char *)data, size, &status);

	if (r == 0 && (status < 100 || status > 999))
		abort();
	if (r == -EAGAIN && size >= HTTP_STATUS_LEN)
		abort();
	for (size_t len = 0; len < size && len < HTTP_STATUS_LEN; len++) {
		int part = http_status_parse((const char *)data, len, &ignored);

		if (part == 0 || (part == -EBADMSG && r != -EBADMSG))
			abort();
	}
	return 0;
}
