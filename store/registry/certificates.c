// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/registry/certificates.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* A key is not left in memory that is free for others. */
static void text_free(char *text, size_t len)
{
	if (text)
		explicit_bzero(text, len);
	free(text);
}

static int append(int fd, const char *text, size_t len, struct err *err)
{
	int r = fd_write_all(fd, text, len);

	if (r == 0)
		r = fd_write_all(fd, "\n", 1);
	return r < 0 ? err_sys(err, -r, "collect the certificates") : 0;
}

static int append_file(int fd, int dirfd, const char *name, struct err *err)
{
	char *text = NULL;
	size_t len = 0;
	int r = fd_read_file(dirfd, name, CERTIFICATE_MAX, &text, &len, err);

	if (r == 0)
		r = append(fd, text, len, err);
	text_free(text, len);
	return r;
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

static int create(const char *name, int *ret_fd, struct err *err)
{
	*ret_fd = memfd_create(name, MFD_CLOEXEC);
	return *ret_fd < 0 ? err_sys(err, errno, "collect the certificates") : 0;
}

/* --- one file of a directory --- */

/* The first one makes the file. */
static int take_authority(struct certificates *certificates, int dirfd, const char *name,
			  struct err *err)
{
	int r = 0;

	if (certificates->ca_fd < 0) {
		r = create("certificates", &certificates->ca_fd, err);
		if (r == 0)
			r = append_system(certificates->ca_fd, err);
	}
	return r < 0 ? r : append_file(certificates->ca_fd, dirfd, name, err);
}

/* NAME with another ending. */
static void name_partner(char ret[NAME_MAX + 8], const char *name, const char *ending)
{
	snprintf(ret, NAME_MAX + 8, "%.*s%s", (int)(strrchr(name, '.') - name), name, ending);
}

static int take_client(struct certificates *certificates, int dirfd, const char *name,
		       struct err *err)
{
	char key[NAME_MAX + 8];
	int r;

	name_partner(key, name, ".key");
	if (faccessat(dirfd, key, F_OK, 0) < 0 && errno == ENOENT)
		return err_set(err, EINVAL,
			       "the client certificate '%s' has no key '%s'; the certificate of an "
			       "authority has to end in .crt",
			       name, key);
	if (certificates->client_fd >= 0)
		return 0;
	r = create("client certificate", &certificates->client_fd, err);
	if (r == 0)
		r = append_file(certificates->client_fd, dirfd, name, err);
	return r < 0 ? r : append_file(certificates->client_fd, dirfd, key, err);
}

static int check_key(struct certificates *certificates, int dirfd, const char *name,
		     struct err *err)
{
	char certificate[NAME_MAX + 8];

	(void)certificates;
	name_partner(certificate, name, ".cert");
	if (faccessat(dirfd, certificate, F_OK, 0) < 0 && errno == ENOENT)
		return err_set(err, EINVAL, "the key '%s' has no client certificate '%s'", name,
			       certificate);
	return 0;
}

static const struct kind {
	const char *ending;
	int (*take)(struct certificates *certificates, int dirfd, const char *name,
		    struct err *err);
} kinds[] = {{".crt", take_authority}, {".cert", take_client}, {".key", check_key}};

static int take(struct certificates *certificates, int dirfd, const char *name, struct err *err)
{
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && ending > name && i < ARRAY_SIZE(kinds); i++)
		if (strcmp(ending, kinds[i].ending) == 0)
			return kinds[i].take(certificates, dirfd, name, err);
	return 0;
}

/* --- the directories --- */

static int add_directory(struct certificates *certificates, const char *path, struct err *err)
{
	CLEANUP_FD int dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **entries;
	int n, r = 0;

	if (dirfd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0
							   : err_sys(err, errno, "open '%s'", path);
	n = scandirat(dirfd, ".", &entries, NULL, alphasort);
	if (n < 0)
		return err_sys(err, errno, "read '%s'", path);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = take(certificates, dirfd, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return r < 0 ? err_wrap(err, "'%s'", path) : 0;
}

void certificates_release(struct certificates *certificates)
{
	cleanup_close(&certificates->ca_fd);
	cleanup_close(&certificates->client_fd);
	*certificates = (struct certificates)CERTIFICATES_INIT;
}

int certificates_open(const char *host, struct certificates *ret, struct err *err)
{
	struct certificates certificates = CERTIFICATES_INIT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(directories); i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", directories[i], host);
		r = add_directory(&certificates, path, err);
	}
	if (r < 0) {
		certificates_release(&certificates);
		return r;
	}
	*ret = certificates;
	return 0;
}
