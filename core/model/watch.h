// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_MODEL_WATCH_H
#define STACK_CORE_MODEL_WATCH_H

#include "core/model/project.h"

/* services.<name>.develop.watch: what is done when files change (`stack watch`) */
enum watch_action {
	WATCH_NONE,
	WATCH_SYNC,
	WATCH_REBUILD,
	WATCH_RESTART,
	WATCH_SYNC_RESTART,
	WATCH_SYNC_EXEC
};

struct watch_rule {
	const char *path;   /* absolute, of a file or a directory of the host */
	int action;	    /* enum watch_action */
	const char *target; /* absolute path in the container; NULL: nothing is copied */
	struct strings ignore, include; /* ignore.h */
	struct hook exec;
	bool initial_sync;
	struct position pos;
};

#endif
