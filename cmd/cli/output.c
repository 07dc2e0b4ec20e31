// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/output.h"

#include "cmd/cli/cli.h"
#include "core/base/cleanup.h"
#include "core/base/jsontext.h"
#include "core/base/strbuf.h"

#include <string.h>

int output_format(const char *given, const char *const *formats, size_t n)
{
	CLEANUP(strbuf_release) struct strbuf list = STRBUF_INIT;

	if (!given)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(given, formats[i]) == 0)
			return (int)i;
		strbuf_printf(&list, "%s%s", i ? " or " : "", formats[i]);
	}
	cli_usage_error("--format is %s, not '%s'", list.text, given);
	return -1;
}

int output_json(const json_t *value, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = STRBUF_INIT;

	if (jsontext_add(&out, value, JSON_INDENT(2)) < 0)
		return err_nomem(err);
	strbuf_putc(&out, '\n');
	return cli_output(&out, err);
}

const char *output_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t output_integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

void output_host_address(const json_t *port, struct strbuf *out)
{
	const char *host = output_string(port, "host_ip");

	strbuf_printf(out, strchr(host, ':') ? "[%s]" : "%s", host[0] ? host : "0.0.0.0");
}
