// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/utf8.h"

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t utf8_decode(const char *p, uint32_t *ret_char)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = sequence_length((unsigned char)p[0]);
	uint32_t c = n == 1 ? (unsigned char)p[0] : (unsigned char)p[0] & (0x7fu >> n);

	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	}
	if (n == 0 || c < least[n] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*ret_char = c;
	return n;
}

bool utf8_is_valid(const char *text)
{
	uint32_t c;
	size_t n;

	for (; *text; text += n) {
		n = utf8_decode(text, &c);
		if (n == 0)
			return false;
	}
	return true;
}
