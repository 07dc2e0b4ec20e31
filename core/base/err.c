// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void PRINTF_LIKE(2, 0) err_format(struct err *err, const char *fmt, va_list args)
{
	vsnprintf(err->msg, sizeof(err->msg), fmt, args);
}

int err_sys(struct err *err, int code, const char *fmt, ...)
{
	va_list args;
	size_t len;

	if (!err)
		return -code;
	va_start(args, fmt);
	err_format(err, fmt, args);
	va_end(args);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(code));
	err->code = code;
	return -code;
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -code;
	va_start(args, fmt);
	err_format(err, fmt, args);
	va_end(args);
	err->code = code;
	return -code;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list args;
	size_t len;

	if (!err)
		return -EIO;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(args, fmt);
	err_format(err, fmt, args);
	va_end(args);
	len = strlen(err->msg);
	if (len + 2 < sizeof(err->msg)) {
		memcpy(err->msg + len, ": ", 3);
		len += 2;
		memcpy(err->msg + len, inner, sizeof(err->msg) - len);
		err->msg[sizeof(err->msg) - 1] = '\0';
	}
	return -err->code;
}

int err_nomem(struct err *err)
{
	return err_set(err, ENOMEM, "out of memory");
}
