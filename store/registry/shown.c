// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/shown.h"

#include <string.h>

bool shown_update(struct shown *shown, const char *action, uint64_t bytes)
{
	if (shown->action && strcmp(shown->action, action) == 0 && shown->bytes == bytes)
		return false;
	*shown = (struct shown){action, bytes};
	return true;
}
