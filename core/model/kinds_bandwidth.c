// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/kinds.h"

#include "core/model/decode.h"
#include "core/model/node.h"
#include "core/model/units.h"
#include "core/model/writer.h"

#include <errno.h>
#include <string.h>

#define RATE_MIN INT64_C(1000)		/* 1kbit */
#define RATE_MAX INT64_C(1000000000000) /* 1tbit */
#define RATE_FORM                                                                                  \
	"a rate such as 10mbit: bit, kbit, mbit, gbit or tbit, or bps, kbps, mbps, gbps or tbps "  \
	"for bytes, as in tc(8)"

static const char unlimited[] = "unlimited";

static void decode_rate(struct decoder *decoder, const struct attribute *attribute,
			const struct node *node, void *object)
{
	int64_t *field = SCHEMA_FIELD(int64_t, object, attribute), value;
	const char *text = decode_text(decoder, node, "a rate such as 10mbit");
	int r;

	if (!text)
		return;
	if (strcmp(text, unlimited) == 0) {
		*field = -1;
		return;
	}
	r = units_rate(text, &value);
	if (r == -EINVAL)
		decode_error(decoder, node->pos, "'%s' is not " RATE_FORM ", or 'unlimited'", text);
	else if (r < 0 || value < RATE_MIN || value > RATE_MAX)
		decode_error(decoder, node->pos, "%s is out of range: it takes 1kbit to 1tbit",
			     text);
	else
		*field = value;
}

static bool present_number(const struct attribute *attribute, const void *object)
{
	return SCHEMA_VALUE(int64_t, object, attribute) != 0;
}

static void emit_rate(struct writer *writer, const struct attribute *attribute, const void *object)
{
	int64_t value = SCHEMA_VALUE(int64_t, object, attribute);
	char buf[UNITS_TEXT_MAX];

	writer_string(writer, value < 0 ? unlimited : units_rate_text(value, buf));
}

const struct kind kind_rate = {decode_rate, present_number, emit_rate, RATE_FORM ", or unlimited"};

static void decode_share(struct decoder *decoder, const struct attribute *attribute,
			 const struct node *node, void *object)
{
	const char *text = decode_text(decoder, node, "a percentage such as 1%");
	int64_t value;

	if (!text)
		return;
	if (units_percent(text, &value) < 0)
		decode_error(decoder, node->pos, "'%s' is not a percentage such as 1%% or 0.5%%",
			     text);
	else
		*SCHEMA_FIELD(int64_t, object, attribute) = value;
}

static void emit_share(struct writer *writer, const struct attribute *attribute, const void *object)
{
	char buf[UNITS_TEXT_MAX];

	writer_string(writer, units_percent_text(SCHEMA_VALUE(int64_t, object, attribute), buf));
}

const struct kind kind_share = {decode_share, present_number, emit_share, "a percentage"};
