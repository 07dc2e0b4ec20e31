// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/supervisor/host.h"

#include "store/volume.h"

#include <errno.h>

int host_volume_create(void *ctx, const struct volume *volume, struct err *err)
{
	const struct host *host = ctx;

	if (volume->external)
		return err_set(err, ENOENT,
			       "the external volume '%s' does not exist; make it with `mkdir -p "
			       "%s/volumes/%s/_data`, or leave out 'external: true'",
			       volume->name, host->paths->root, volume->name);
	return volume_create(host->paths, volume->name, err);
}

int host_volume_remove(void *ctx, const char *name, struct err *err)
{
	const struct host *host = ctx;

	return volume_remove(host->paths, name, err);
}
