// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CMD_CLI_HUMAN_H
#define STACK_CMD_CLI_HUMAN_H

#include "core/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct strbuf;

/*
 * Human: times as people write and read them
 */

/* Now, CLOCK_REALTIME, nanoseconds since 1970. */
uint64_t human_now_ns(void);

/* "Less than a second", "5 seconds", "About a minute", "3 hours", as docker says it. */
void human_duration(struct strbuf *out, uint64_t seconds);

/* "7 ms", "1.2 s", "2m03s": how long something took. */
void human_ms(struct strbuf *out, int64_t ms);

/*
 * LEN bytes of RFC 3339 ("2026-01-02T03:04:05.123456789Z", "…+02:00", with or
 * without fraction) as nanoseconds since 1970.  -EINVAL: it is not that.
 */
int human_parse_rfc3339(const char *text, size_t len, uint64_t *ret_ns);

/*
 * What --since and --until take: RFC 3339, a date, seconds since 1970 (perhaps
 * with a fraction), or how long before NOW_NS ("10m", "1h30m", "2d").
 * -EINVAL: none of these.
 */
int human_parse_moment(const char *text, uint64_t now_ns, uint64_t *ret_ns, struct err *err);

/* NS as RFC 3339 in UTC with milliseconds. */
#define HUMAN_MOMENT_SIZE 40
void human_moment(uint64_t ns, char ret_text[HUMAN_MOMENT_SIZE]);

#endif
