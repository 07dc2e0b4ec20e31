// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/complaint.h"

#include <jansson.h>
#include <stdio.h>

bool complaint_read(const char *text, size_t len, char ret[COMPLAINT_MAX])
{
	json_t *json = json_loadb(text, len, 0, NULL);
	const json_t *first = json_array_get(json_object_get(json, "errors"), 0);
	const char *said = json_string_value(json_object_get(first, "message"));

	if (!said || !said[0])
		said = json_string_value(json_object_get(first, "code"));
	if (said)
		snprintf(ret, COMPLAINT_MAX, "%s", said);
	json_decref(json);
	return said && ret[0];
}
