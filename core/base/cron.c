// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cron.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_LEN 3

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
					  "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const struct field {
	const char *name;
	unsigned int min, max;
	const char *const *names; /* of MIN and what follows; NULL: none */
	size_t n_names;
} fields[] = {
	{"minute", 0, 59, NULL, 0},
	{"hour", 0, 23, NULL, 0},
	{"day of month", 1, 31, NULL, 0},
	{"month", 1, 12, month_names, ARRAY_SIZE(month_names)},
	{"day of week", 0, 7, weekday_names, ARRAY_SIZE(weekday_names)},
};

static const struct {
	const char *name, *text;
} shorts[] = {
	{"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
};

static bool take_number(const char **at, unsigned int *ret)
{
	unsigned long number = 0;
	const char *start = *at;

	for (; **at >= '0' && **at <= '9' && *at - start < 4; (*at)++)
		number = number * 10 + (unsigned long)(**at - '0');
	*ret = (unsigned int)number;
	return *at > start;
}

static bool take_value(const char **at, const struct field *field, unsigned int *ret)
{
	for (size_t i = 0; i < field->n_names; i++) {
		if (strncasecmp(*at, field->names[i], NAME_LEN) != 0)
			continue;
		*at += NAME_LEN;
		*ret = field->min + (unsigned int)i;
		return true;
	}
	return take_number(at, ret) && *ret >= field->min && *ret <= field->max;
}

/* One part of a list; a step needs something to step through. */
static bool take_part(const char **at, const struct field *field, uint64_t *bits)
{
	unsigned int first = field->min, last = field->max, step = 1;
	bool range = true;

	if (**at == '*') {
		(*at)++;
	} else {
		if (!take_value(at, field, &first))
			return false;
		last = first;
		range = **at == '-';
		if (range) {
			(*at)++;
			if (!take_value(at, field, &last) || last < first)
				return false;
		}
	}
	if (**at == '/') {
		(*at)++;
		if (!range || !take_number(at, &step) || step == 0)
			return false;
	}
	for (unsigned int i = first; i <= last; i += step)
		*bits |= UINT64_C(1) << i;
	return true;
}

static bool take_field(const char **at, const struct field *field, uint64_t *ret_bits)
{
	*ret_bits = 0;
	for (;;) {
		if (!take_part(at, field, ret_bits))
			return false;
		if (**at != ',')
			return **at == '\0' || **at == ' ' || **at == '\t';
		(*at)++;
	}
}

static void skip_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		(*at)++;
}

int cron_parse(const char *text, struct cron *ret_cron, struct err *err)
{
	uint64_t bits[ARRAY_SIZE(fields)];
	bool star[ARRAY_SIZE(fields)];

	for (size_t i = 0; i < ARRAY_SIZE(shorts); i++)
		if (strcmp(text, shorts[i].name) == 0)
			text = shorts[i].text;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		skip_blanks(&text);
		star[i] = *text == '*';
		if (!*text)
			return err_set(err, EINVAL,
				       "the %s is missing: a schedule is minute, hour, day of "
				       "month, month and day of week, such as '*/5 * * * *'",
				       fields[i].name);
		if (!take_field(&text, &fields[i], &bits[i]))
			return err_set(err, EINVAL,
				       "this is no %s, from %u to %u, as in crontab(5)",
				       fields[i].name, fields[i].min, fields[i].max);
	}
	skip_blanks(&text);
	if (*text)
		return err_set(err, EINVAL, "a schedule has five fields; there are more");
	*ret_cron = (struct cron){.minutes = bits[0],
				  .hours = (uint32_t)bits[1],
				  .days = (uint32_t)bits[2],
				  .months = (uint32_t)bits[3],
				  .weekdays = (uint32_t)(bits[4] | bits[4] >> 7),
				  .any_day = star[2],
				  .any_weekday = star[4]};
	return 0;
}

bool cron_matches(const struct cron *cron, const struct tm *local)
{
	bool day = cron->days >> local->tm_mday & 1;
	bool weekday = cron->weekdays >> local->tm_wday & 1;

	if (!(cron->minutes >> local->tm_min & 1) || !(cron->hours >> local->tm_hour & 1) ||
	    !(cron->months >> (local->tm_mon + 1) & 1))
		return false;
	return cron->any_day || cron->any_weekday ? day && weekday : day || weekday;
}
