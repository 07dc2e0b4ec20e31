// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_SUPERVISE_HTTP_STATUS_H
#define STACK_CORE_SUPERVISE_HTTP_STATUS_H

#include <stddef.h>

/* What has to be there of an answer to know its status: "HTTP/1.1 200" and one byte behind. */
#define HTTP_STATUS_LEN 13

/*
 * The status of an HTTP/1 answer that begins with the LEN bytes of DATA.
 *
 * -EAGAIN: right so far, but not all is there.  -EBADMSG: no such answer.
 */
int http_status_parse(const char *data, size_t len, int *ret_status);

#endif
