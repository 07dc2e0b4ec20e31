// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/origin.h"

#include <stddef.h>

const struct origin *origin_find(const struct origin *origins, struct position pos)
{
	while (origins->next && origins->file != pos.file)
		origins = origins->next;
	return origins;
}
