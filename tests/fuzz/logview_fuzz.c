// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/logrecord.h"
#include "cmd/cli/logtext.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <stdint.h>
#include <string.h>

#define PREFIX "web | "

/* Nothing but text, tabs, SGR, and carriage returns that are followed by the prefix. */
static void check(const struct strbuf *out)
{
	for (size_t i = 0; i < out->len; i++) {
		unsigned char c = (unsigned char)out->text[i];

		if (c == '\r') {
			if (strncmp(out->text + i + 1, PREFIX, strlen(PREFIX)) != 0)
				abort();
		} else if (c == '\033') {
			size_t n = strspn(out->text + i + 2, "0123456789:;");

			if (out->text[i + 1] != '[' || out->text[i + 2 + n] != 'm')
				abort();
		} else if ((c < 0x20 && c != '\t') || c == 0x7f) {
			abort();
		} else if (c == 0xc2 && (unsigned char)out->text[i + 1] < 0xa0) {
			abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;
	struct log_record record;

	log_text_for_terminal(&out, (const char *)data, size, PREFIX);
	check(&out);
	if (log_record_parse((const char *)data, size, &record) == 0 &&
	    record.text + record.len > (const char *)data + size)
		abort();
	return 0;
}
