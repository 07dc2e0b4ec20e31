// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/certificates.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define CERTIFICATE_MAX ((size_t)1 << 20)
#define SYSTEM_MAX	((size_t)8 << 20)

/* Where distributions keep all of them in one file; the first that is there. */
static const char *const system_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static const char *const directories[] = {"/etc/containers/certs.d", "/etc/docker/certs.d"};

static int append(int fd, const char *text, size_t len, struct err *err)
{
	int r = fd_write_all(fd, text, len);

	if (r == 0)
		r = fd_write_all(fd, "\n", 1);
	return r < 0 ? err_sys(err, -r, "collect the certificates") : 0;
}

static int append_system(int fd, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(system_files); i++) {
		CLEANUP_FREE char *text = NULL;
		size_t len = 0;

		if (fd_read_file(AT_FDCWD, system_files[i], SYSTEM_MAX, &text, &len, NULL) == 0)
			return append(fd, text, len, err);
	}
	return 0;
}

/* The first certificate makes the file. */
static int add(int *fd, int dirfd, const char *name, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len = 0;
	int r = fd_read_file(dirfd, name, CERTIFICATE_MAX, &text, &len, err);

	if (r < 0)
		return r;
	if (*fd < 0) {
		*fd = memfd_create("certificates", MFD_CLOEXEC);
		if (*fd < 0)
			return err_sys(err, errno, "collect the certificates");
		r = append_system(*fd, err);
	}
	return r < 0 ? r : append(*fd, text, len, err);
}

static int add_directory(int *fd, const char *path, struct err *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0
							   : err_sys(err, errno, "open '%s'", path);
	while (r == 0 && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (len > 4 && strcmp(entry->d_name + len - 4, ".crt") == 0)
			r = add(fd, dirfd(dir), entry->d_name, err);
	}
	closedir(dir);
	return r < 0 ? err_wrap(err, "'%s'", path) : 0;
}

int certificates_open(const char *host, int *ret_fd, struct err *err)
{
	CLEANUP_FD int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		char path[PATH_MAX];
		int r;

		snprintf(path, sizeof(path), "%s/%s", directories[i], host);
		r = add_directory(&fd, path, err);
		if (r < 0)
			return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}
