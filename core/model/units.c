// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/units.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FRACTION_DIGITS 9

/* A number without sign: WHOLE and FRACTION billionths. */
struct decimal {
	int64_t whole, fraction;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits, as many as there are; further ones of a fraction are dropped. */
static int parse_decimal(const char **at, struct decimal *ret)
{
	struct decimal value = {0, 0};
	const char *p = *at;
	int64_t place = 1000000000;

	if (!is_digit(*p) && !(*p == '.' && is_digit(p[1])))
		return -EINVAL;
	for (; is_digit(*p); p++)
		if (__builtin_mul_overflow(value.whole, 10, &value.whole) ||
		    __builtin_add_overflow(value.whole, *p - '0', &value.whole))
			return -ERANGE;
	if (*p == '.')
		for (p++; is_digit(*p); p++) {
			place /= 10;
			value.fraction += place * (*p - '0');
		}
	*at = p;
	*ret = value;
	return 0;
}

/* VALUE times UNIT, rounded down. */
static int scale(struct decimal value, int64_t unit, int64_t *ret)
{
	int64_t whole, part;

	if (__builtin_mul_overflow(value.whole, unit, &whole))
		return -ERANGE;
	part = (int64_t)((long double)value.fraction * (long double)unit / 1e9L);
	return __builtin_add_overflow(whole, part, ret) ? -ERANGE : 0;
}

int units_integer(const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	int64_t value = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (!is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text - '0', &value))
			return -ERANGE;
	if (*text)
		return -EINVAL;
	*ret_value = negative ? -value : value;
	return 0;
}

int units_bool(const char *text, bool *ret_value)
{
	static const char *const words[][2] = {
		{"false", "true"}, {"no", "yes"}, {"off", "on"}, {"n", "y"}, {"0", "1"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int value = 0; value < 2; value++)
			if (strcasecmp(text, words[i][value]) == 0) {
				*ret_value = value;
				return 0;
			}
	return -EINVAL;
}

static int byte_unit(const char *suffix, int64_t *ret_unit)
{
	static const char letters[] = "kmgtp";
	const char *letter;

	while (*suffix == ' ')
		suffix++;
	*ret_unit = 1;
	if (*suffix == '\0' || strcasecmp(suffix, "b") == 0)
		return 0;
	letter = strchr(letters, *suffix | 0x20);
	if (!letter || (suffix[1] && strcasecmp(suffix + 1, "b") && strcasecmp(suffix + 1, "ib")))
		return -EINVAL;
	*ret_unit = (int64_t)1 << (10 * (letter - letters + 1));
	return 0;
}

int units_bytes(const char *text, int64_t *ret_bytes)
{
	struct decimal value;
	int64_t unit = 0;
	int r;

	r = parse_decimal(&text, &value);
	if (r == 0)
		r = byte_unit(text, &unit);
	if (r < 0)
		return r;
	return scale(value, unit, ret_bytes);
}

static const struct {
	const char *name;
	int64_t ns;
} duration_units[] = {
	/* The longer of two that begin alike is first. */
	{"ms", 1000000},
	{"us", 1000},
	{"\xc2\xb5s", 1000},
	{"\xce\xbcs", 1000},
	{"ns", 1},
	{"s", 1000000000},
	{"m", 60000000000},
	{"h", 3600000000000},
	{"d", 86400000000000},
	{"w", 604800000000000},
};

static int64_t duration_unit(const char **at)
{
	for (size_t i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++) {
		size_t len = strlen(duration_units[i].name);

		if (strncmp(*at, duration_units[i].name, len) == 0) {
			*at += len;
			return duration_units[i].ns;
		}
	}
	return 0;
}

int units_duration(const char *text, int64_t *ret_ms)
{
	int64_t total = 0, part;
	int r;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	do {
		struct decimal value;
		int64_t unit = 0;

		r = parse_decimal(&text, &value);
		if (r < 0)
			return r;
		unit = duration_unit(&text);
		if (unit == 0)
			return -EINVAL;
		if (scale(value, unit, &part) < 0 || __builtin_add_overflow(total, part, &total))
			return -ERANGE;
	} while (*text);
	*ret_ms = total / 1000000 + (total % 1000000 > 0);
	return 0;
}

int units_cpus(const char *text, int64_t *ret_millis)
{
	struct decimal value;
	int64_t millis;
	int r;

	r = parse_decimal(&text, &value);
	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	r = scale(value, 1000, &millis);
	if (r < 0)
		return r;
	if (millis == 0 && value.fraction > 0)
		millis = 1;
	*ret_millis = millis;
	return 0;
}

/* "k", "mi": what it multiplies with; -EINVAL for what is none. */
static int rate_prefix(const char *prefix, size_t len, int64_t *ret_unit)
{
	static const char letters[] = "kmgt";
	const char *letter = len > 0 ? strchr(letters, *prefix | 0x20) : NULL;
	int64_t base = 1000;

	*ret_unit = 1;
	if (len == 0)
		return 0;
	if (len == 2 && (prefix[1] | 0x20) == 'i')
		base = 1024;
	else if (len != 1)
		return -EINVAL;
	if (!letter || *letter == '\0')
		return -EINVAL;
	for (const char *p = letters; p <= letter; p++)
		*ret_unit *= base;
	return 0;
}

int units_rate(const char *text, int64_t *ret_bits)
{
	static const struct {
		const char *name;
		int64_t bits;
	} ends[] = {{"bit", 1}, {"bps", 8}};
	struct decimal value;
	int64_t unit = 1;
	size_t len;
	int r = parse_decimal(&text, &value);

	len = strlen(text);
	if (r < 0 || len == 0)
		return r < 0 ? r : scale(value, 1, ret_bits);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (len < 3 || strcasecmp(text + len - 3, ends[i].name) != 0)
			continue;
		r = rate_prefix(text, len - 3, &unit);
		return r < 0 ? r : scale(value, unit * ends[i].bits, ret_bits);
	}
	return -EINVAL;
}

#define MILLION INT64_C(1000000)

int units_percent(const char *text, int64_t *ret_millionths)
{
	struct decimal value;
	int64_t millionths;
	int r = parse_decimal(&text, &value);

	if (r < 0)
		return r;
	if (strcmp(text, "%") != 0 && *text)
		return -EINVAL;
	r = scale(value, MILLION / 100, &millionths);
	if (r < 0 || millionths > MILLION)
		return -ERANGE;
	*ret_millionths = millionths;
	return 0;
}

int units_mode(const char *text, uint32_t *ret_mode)
{
	uint32_t mode = 0;

	if (text[0] == '0' && (text[1] == 'o' || text[1] == 'O'))
		text += 2;
	if (*text == '\0')
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '7')
			return -EINVAL;
		mode = mode * 8 + (uint32_t)(*text - '0');
		if (mode > 07777)
			return -ERANGE;
	}
	*ret_mode = mode;
	return 0;
}

const char *units_duration_text(int64_t ms, char buf[UNITS_TEXT_MAX])
{
	const struct {
		const char *name;
		int64_t ms;
	} steps[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	size_t len = 0;

	if (ms <= 0)
		return "0s";
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int64_t count = ms / steps[i].ms;

		ms %= steps[i].ms;
		if (count > 0)
			len += (size_t)snprintf(buf + len, UNITS_TEXT_MAX - len, "%" PRId64 "%s",
						count, steps[i].name);
	}
	return buf;
}

/* Without the zeros that end it; its new length. */
static int trim_fraction(char *text, int len)
{
	while (text[len - 1] == '0')
		text[--len] = '\0';
	if (text[len - 1] == '.')
		text[--len] = '\0';
	return len;
}

const char *units_cpus_text(int64_t millis, char buf[UNITS_TEXT_MAX])
{
	int len = snprintf(buf, UNITS_TEXT_MAX, "%" PRId64 ".%03d", millis / 1000,
			   (int)(millis % 1000));

	trim_fraction(buf, len);
	return buf;
}

const char *units_rate_text(int64_t bits, char buf[UNITS_TEXT_MAX])
{
	static const char *const names[] = {"bit", "kbit", "mbit", "gbit", "tbit"};
	size_t unit = 0;

	for (; bits > 0 && bits % 1000 == 0 && unit + 1 < sizeof(names) / sizeof(names[0]); unit++)
		bits /= 1000;
	snprintf(buf, UNITS_TEXT_MAX, "%" PRId64 "%s", bits, names[unit]);
	return buf;
}

const char *units_percent_text(int64_t millionths, char buf[UNITS_TEXT_MAX])
{
	int len = snprintf(buf, UNITS_TEXT_MAX, "%" PRId64 ".%04d", millionths / (MILLION / 100),
			   (int)(millionths % (MILLION / 100)));

	len = trim_fraction(buf, len);
	snprintf(buf + len, UNITS_TEXT_MAX - (size_t)len, "%%");
	return buf;
}
