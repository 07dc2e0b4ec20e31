// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/human.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000u

uint64_t human_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void human_duration(struct strbuf *out, uint64_t seconds)
{
	/* Below `limit` seconds it is said in `unit`s; as github.com/docker/go-units does. */
	static const struct {
		uint64_t limit, divisor;
		const char *unit;
	} steps[] = {
		{60, 1, "seconds"},
		{3600, 60, "minutes"},
		{48 * 3600, 3600, "hours"},
		{14 * 86400, 86400, "days"},
		{60 * 86400, 7 * 86400, "weeks"},
		{2 * 365 * 86400, 30 * 86400, "months"},
		{UINT64_MAX, 365 * 86400, "years"},
	};

	if (seconds >= 60 && seconds < 120) {
		strbuf_puts(out, "About a minute");
	} else if (seconds >= 3600 && seconds < 7200) {
		strbuf_puts(out, "About an hour");
	} else if (seconds == 0) {
		strbuf_puts(out, "Less than a second");
	} else if (seconds == 1) {
		strbuf_puts(out, "1 second");
	} else {
		size_t i = 0;

		while (seconds >= steps[i].limit)
			i++;
		strbuf_printf(out, "%" PRIu64 " %s", seconds / steps[i].divisor, steps[i].unit);
	}
}

void human_ms(struct strbuf *out, int64_t ms)
{
	if (ms < 1000)
		strbuf_printf(out, "%" PRId64 " ms", ms);
	else if (ms < 60000)
		strbuf_printf(out, "%" PRId64 ".%" PRId64 " s", ms / 1000, ms / 100 % 10);
	else
		strbuf_printf(out, "%" PRId64 "m%02" PRId64 "s", ms / 60000, ms / 1000 % 60);
}

/* N decimal digits at TEXT; -1 when they are none. */
static int digits(const char *text, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar, which has 146097 days in 400 years. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
	int64_t era, year_of_era, day_of_year;

	year -= month <= 2;
	era = year / 400;
	year_of_era = year - era * 400;
	day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

/* "2026-01-02" → seconds.  -1: it is no date after 1970. */
static int64_t parse_date(const char *text)
{
	int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);

	if (year < 1970 || text[4] != '-' || text[7] != '-' || month < 1 || month > 12 || day < 1 ||
	    day > 31)
		return -1;
	return days_from_civil(year, month, day) * 86400;
}

/* "03:04:05" → seconds.  -1: it is no time of a day. */
static int64_t parse_clock(const char *text)
{
	int hour = digits(text, 2), minute = digits(text + 3, 2), second = digits(text + 6, 2);

	if (hour < 0 || hour > 23 || text[2] != ':' || minute < 0 || minute > 59 ||
	    text[5] != ':' || second < 0 || second > 60)
		return -1;
	return hour * 3600 + minute * 60 + second;
}

/* "Z" or "+02:00" at the end of a time → seconds east of Greenwich. */
static int parse_zone(const char *text, size_t len, int64_t *ret_offset)
{
	int hour, minute;

	if (len == 1 && (text[0] == 'Z' || text[0] == 'z')) {
		*ret_offset = 0;
		return 0;
	}
	if (len != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
		return -EINVAL;
	hour = digits(text + 1, 2);
	minute = digits(text + 4, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
		return -EINVAL;
	*ret_offset = (hour * 3600 + minute * 60) * (text[0] == '-' ? -1 : 1);
	return 0;
}

#define TIME_LEN 19 /* of "2026-01-02T03:04:05" */

int human_parse_rfc3339(const char *text, size_t len, uint64_t *ret_ns)
{
	int64_t date, clock, offset;
	uint64_t nanoseconds = 0, weight = NS_PER_S / 10;
	size_t at = TIME_LEN;

	if (len <= TIME_LEN || (text[10] != 'T' && text[10] != 't'))
		return -EINVAL;
	date = parse_date(text);
	clock = parse_clock(text + 11);
	if (text[at] == '.')
		for (at++; at < len && text[at] >= '0' && text[at] <= '9'; at++, weight /= 10)
			nanoseconds += (uint64_t)(text[at] - '0') * weight;
	if (date < 0 || clock < 0 || parse_zone(text + at, len - at, &offset) < 0 ||
	    date + clock < offset)
		return -EINVAL;
	*ret_ns = (uint64_t)(date + clock - offset) * NS_PER_S + nanoseconds;
	return 0;
}

/* "1h30m" → seconds; -1: it is no duration. */
static double parse_ago(const char *text)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	double total = 0;

	while (*text) {
		char *end;
		double value = strtod(text, &end);
		size_t len = strspn(end, "mshd"), i;

		if (end == text || value < 0 || len == 0)
			return -1;
		for (i = 0; i < ARRAY_SIZE(units); i++)
			if (strlen(units[i].unit) == len && strncmp(units[i].unit, end, len) == 0)
				break;
		if (i == ARRAY_SIZE(units))
			return -1;
		total += value * units[i].seconds;
		text = end + len;
	}
	return total;
}

int human_parse_moment(const char *text, uint64_t now_ns, uint64_t *ret_ns, struct err *err)
{
	size_t len = strlen(text);
	double seconds;
	char *end;

	if (human_parse_rfc3339(text, len, ret_ns) == 0)
		return 0;
	if (len == 10 && parse_date(text) >= 0) {
		*ret_ns = (uint64_t)parse_date(text) * NS_PER_S;
		return 0;
	}
	seconds = strtod(text, &end);
	if (end != text && *end == '\0' && seconds >= 0 && seconds < 1e10) {
		*ret_ns = (uint64_t)(seconds * 1e9);
		return 0;
	}
	seconds = len > 0 ? parse_ago(text) : -1;
	if (seconds < 0 || seconds > (double)now_ns / 1e9)
		return err_set(err, EINVAL,
			       "'%s' is no time: write 10m, 1h30m, 2026-01-31 or "
			       "2026-01-31T12:00:00Z",
			       text);
	*ret_ns = now_ns - (uint64_t)(seconds * 1e9);
	return 0;
}

void human_moment(uint64_t ns, char ret_text[HUMAN_MOMENT_SIZE])
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	size_t n;

	ret_text[0] = '\0';
	if (!gmtime_r(&seconds, &tm))
		return;
	n = strftime(ret_text, HUMAN_MOMENT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret_text + n, HUMAN_MOMENT_SIZE - n, ".%03uZ",
		 (unsigned int)(ns / 1000000u % 1000u));
}
