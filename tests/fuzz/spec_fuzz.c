// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/spec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Whatever decodes must encode to something that decodes to the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct container_spec spec, again;
	void *first, *second;
	size_t first_len, second_len;

	if (container_spec_decode(data, size, &spec, NULL) < 0)
		return 0;
	if (container_spec_encode(&spec, &first, &first_len, NULL) < 0 ||
	    container_spec_decode(first, first_len, &again, NULL) < 0 ||
	    container_spec_encode(&again, &second, &second_len, NULL) < 0 ||
	    first_len != second_len || memcmp(first, second, first_len) != 0)
		abort();
	free(first);
	free(second);
	container_spec_release(&spec);
	container_spec_release(&again);
	return 0;
}
