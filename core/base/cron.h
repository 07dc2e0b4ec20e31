// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_CRON_H
#define STACK_CORE_BASE_CRON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct err;

/*
 * Cron: moments that come again and again, as in crontab(5)
 *
 *	minute 0-59   hour 0-23   day of month 1-31   month 1-12   day of week 0-7
 *
 * Each field is a star, numbers, ranges a-b, lists a,b, and steps behind a star or
 * a range (a slash and how many); months and days of the week may be names of three
 * letters, and both 0 and 7 are Sunday.  When both day fields are restricted, one
 * of them has to match.  @hourly, @daily, @midnight, @weekly, @monthly, @yearly
 * and @annually are short for what they say.
 */
struct cron {
	uint64_t minutes; /* bit N: minute N, and so on */
	uint32_t hours, days, months, weekdays;
	bool any_day, any_weekday; /* the field is a star */
};

/* -EINVAL: TEXT is no such thing; the sentence says which field. */
int cron_parse(const char *text, struct cron *ret_cron, struct err *err);

/* Is the minute of LOCAL one of them? */
bool cron_matches(const struct cron *cron, const struct tm *local);

#endif
