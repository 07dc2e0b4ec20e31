// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Secrets and configs of a container
 *
 * Copies in its run directory, which is in memory, of the owner and mode the
 * stack file says; nobody but root reaches them from the host.  They are
 * mounted one by one, read-only.
 */
#include "cmd/supervisor/host.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/model/granted.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRANTED_DIR "granted"

static int create_file(int dirfd, const char *name, const struct file_reference *reference,
		       const void *data, size_t len, struct err *err)
{
	CLEANUP_FD int fd = -1;
	int r;

	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "replace '%s'", name);
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, errno, "create '%s'", name);
	r = fd_write_all(fd, data, len);
	if (r < 0)
		return err_sys(err, -r, "write '%s'", name);
	if (fchown(fd, reference->uid, reference->gid) < 0 || fchmod(fd, reference->mode) < 0)
		return err_sys(err, errno, "change the owner of '%s'", name);
	return 0;
}

static int write_one(int dirfd, const char *name, const struct file_reference *reference,
		     const struct file_object *object, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;
	int r;

	if (!object->path)
		return create_file(dirfd, name, reference, object->value, strlen(object->value),
				   err);
	r = fd_read_file(AT_FDCWD, object->path, GRANTED_SIZE_MAX, &text, &len, err);
	return r < 0 ? r : create_file(dirfd, name, reference, text, len, err);
}

const char *host_granted_name(bool secret, size_t i, char ret_name[HOST_GRANTED_NAME_MAX])
{
	snprintf(ret_name, HOST_GRANTED_NAME_MAX, GRANTED_DIR "/%s-%zu",
		 secret ? "secret" : "config", i);
	return ret_name;
}

static int write_all(const struct container_def *def, const struct file_references *references,
		     bool secret, int dirfd, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < references->n; i++) {
		const struct file_reference *reference = &references->items[i];
		const struct file_object *object =
			secret ? project_secret(def->project, reference->source)
			       : project_config(def->project, reference->source);
		char name[HOST_GRANTED_NAME_MAX];

		if (!object)
			return err_set(err, ENOENT, "there is no %s '%s'",
				       secret ? "secret" : "config", reference->source);
		r = write_one(dirfd, host_granted_name(secret, i, name), reference, object, err);
		if (r < 0)
			return err_wrap(err, secret ? "secrets" : "configs");
	}
	return r;
}

int host_write_granted(const struct container_def *def, int dirfd, struct err *err)
{
	const struct service *service = def->service;
	int r;

	if (service->secrets.n == 0 && service->configs.n == 0)
		return 0;
	if (mkdirat(dirfd, GRANTED_DIR, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "make the directory of secrets");
	r = write_all(def, &service->secrets, true, dirfd, err);
	return r < 0 ? r : write_all(def, &service->configs, false, dirfd, err);
}
