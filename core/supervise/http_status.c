// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/http_status.h"

#include <errno.h>
#include <stdbool.h>

/* '#' is a digit, '@' one that is not 0, '_' the end of the number. */
static bool fits(char form, char c)
{
	if (form == '#')
		return c >= '0' && c <= '9';
	if (form == '@')
		return c >= '1' && c <= '9';
	return form == '_' ? c == ' ' || c == '\r' || c == '\n' : c == form;
}

int http_status_parse(const char *data, size_t len, int *ret_status)
{
	static const char form[HTTP_STATUS_LEN + 1] = "HTTP/1.# @##_";

	for (size_t i = 0; i < len && i < HTTP_STATUS_LEN; i++)
		if (!fits(form[i], data[i]))
			return -EBADMSG;
	if (len < HTTP_STATUS_LEN)
		return -EAGAIN;
	*ret_status = (data[9] - '0') * 100 + (data[10] - '0') * 10 + (data[11] - '0');
	return 0;
}
