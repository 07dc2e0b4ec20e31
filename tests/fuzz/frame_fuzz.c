// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/frame.h"

#include "core/base/cleanup.h"

#include <stdint.h>

/* The first byte says in how large pieces the rest arrives. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(frame_reader_release) struct frame_reader reader = FRAME_READER_INIT;
	size_t piece = size > 0 ? data[0] + 1u : 1;

	for (size_t i = 1; i < size; i += piece) {
		json_t *message;
		int r;

		frame_reader_add(&reader, data + i, size - i < piece ? size - i : piece);
		while ((r = frame_reader_next(&reader, &message, NULL, NULL)) > 0)
			json_decref(message);
		if (r < 0)
			break;
	}
	return 0;
}
