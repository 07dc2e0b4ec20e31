// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/logrecord.h"

#include "cmd/cli/human.h"

#include <errno.h>
#include <string.h>

#define STREAM_LEN 6		    /* "stdout", "stderr" */
#define TIME_MAX   40		    /* more than any RFC 3339 time */
#define AFTER_TIME (STREAM_LEN + 4) /* " stdout F " */

int log_record_parse(const char *line, size_t len, struct log_record *ret_record)
{
	const char *space = memchr(line, ' ', len < TIME_MAX ? len : TIME_MAX);
	const char *stream, *flag;
	uint64_t time_ns;
	size_t time_len;

	if (!space)
		return -EINVAL;
	time_len = (size_t)(space - line);
	if (len < time_len + AFTER_TIME - 1)
		return -EINVAL;
	stream = space + 1;
	flag = stream + STREAM_LEN + 1;
	if ((memcmp(stream, "stdout ", STREAM_LEN + 1) != 0 &&
	     memcmp(stream, "stderr ", STREAM_LEN + 1) != 0) ||
	    (*flag != 'F' && *flag != 'P'))
		return -EINVAL;
	/* An empty text may have lost the space in front of it. */
	if (len >= time_len + AFTER_TIME && flag[1] != ' ')
		return -EINVAL;
	if (human_parse_rfc3339(line, time_len, &time_ns) < 0)
		return -EINVAL;
	*ret_record = (struct log_record){
		.time_ns = time_ns,
		.time = line,
		.time_len = time_len,
		.text = len >= time_len + AFTER_TIME ? flag + 2 : flag + 1,
		.len = len >= time_len + AFTER_TIME ? len - time_len - AFTER_TIME : 0,
		.is_stderr = stream[3] == 'e',
		.is_partial = *flag == 'P',
	};
	return 0;
}
