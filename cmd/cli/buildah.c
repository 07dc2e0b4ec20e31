// SPDX-License-Identifier: GPL-2.0-or-later
#include "cmd/cli/buildah.h"

#include "cmd/cli/subprocess.h"
#include "core/base/cleanup.h"
#include "core/base/fd.h"
#include "core/base/program.h"
#include "core/base/strbuf.h"
#include "store/lock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define REGISTRIES_DIR	  "/etc/containers/registries.conf.d"
#define PROBE_NAME	  "stack-probe"
#define OUTPUT_MAX	  4096
#define CONFIGURATION_MAX ((size_t)1 << 20)

size_t buildah_words(const struct buildah *buildah, const char **argv)
{
	const char *const words[] = {buildah->program, "--root",       buildah->storage,
				     "--runroot",      buildah->state, "--storage-driver",
				     buildah->driver};

	memcpy(argv, words, sizeof(words));
	return ARRAY_SIZE(words);
}

struct subprocess_command buildah_command(const struct buildah *buildah, const char *const *argv)
{
	return (struct subprocess_command){.argv = argv,
					   .directory = buildah->paths->root,
					   .flags = SUBPROCESS_APART,
					   .temporary = buildah->work,
					   .shown = buildah->registries,
					   .over = REGISTRIES_DIR};
}

/* Run it with WORDS, NULL-terminated, behind the usual ones: did it end well, having said EXPECTED?
 */
static bool works(const struct buildah *buildah, const char *const *words, const char *expected)
{
	CLEANUP(subprocess_release) struct subprocess process = SUBPROCESS_INIT;
	const char *argv[BUILDAH_WORDS_MAX + 16];
	size_t n = buildah_words(buildah, argv);
	struct subprocess_command command;
	char output[OUTPUT_MAX + 1];
	ssize_t len;

	while (*words)
		argv[n++] = *words++;
	argv[n] = NULL;
	command = buildah_command(buildah, argv);
	if (subprocess_start(&command, &process, NULL) < 0)
		return false;
	len = fd_read_full(process.output, output, OUTPUT_MAX);
	output[len > 0 ? len : 0] = '\0';
	return subprocess_wait(&process) == 0 || (expected && strstr(output, expected));
}

/* Its containers are those of builds; none of them is at work. */
static void remove_containers(const struct buildah *buildah)
{
	static const char *const words[] = {"rm", "--all", NULL};

	(void)works(buildah, words, NULL);
}

static bool exists(const char *directory, const char *name)
{
	char path[PATH_MAX];

	return paths_join(path, sizeof(path), NULL, "%s/%s", directory, name) == 0 &&
	       access(path, F_OK) == 0;
}

/* What the storage is made of already stays; else what the file system can do. */
static void choose_driver(struct buildah *buildah)
{
	static const char *const words[] = {"images", "-q", NULL};

	buildah->driver = "vfs";
	if (exists(buildah->storage, "vfs"))
		return;
	buildah->driver = "overlay";
	if (!exists(buildah->storage, "overlay") && !works(buildah, words, NULL)) {
		(void)fd_remove_tree(AT_FDCWD, buildah->storage, NULL);
		buildah->driver = "vfs";
	}
}

/* A static program that tells its name is all that a container for a look needs. */
static bool oci_works(const struct buildah *buildah)
{
	char shim[PATH_MAX];
	const char *const from[] = {"from", "--name", PROBE_NAME, "scratch", NULL};
	const char *const copy[] = {"copy", "-q", PROBE_NAME, shim, "/probe", NULL};
	const char *const run[] = {"run",      "--isolation", "oci",	"--network", "host",
				   PROBE_NAME, "--",	      "/probe", NULL};
	bool good;

	if (program_find("stack-shim", shim, sizeof(shim), NULL) < 0)
		return false;
	good = works(buildah, from, NULL) && works(buildah, copy, NULL) &&
	       works(buildah, run, "stack-shim is started by stack");
	remove_containers(buildah);
	return good;
}

/* What was found out stays true until the next boot. */
static int choose_isolation(struct buildah *buildah, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf answer = STRBUF_INIT;
	CLEANUP_FREE char *boot = NULL, *known = NULL;
	int r;

	buildah->isolation = getenv("BUILDAH_ISOLATION");
	if (buildah->isolation && *buildah->isolation)
		return 0;
	r = fd_read_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &boot, NULL, err);
	if (r < 0)
		return r;
	buildah->isolation = "chroot";
	if (fd_read_file(buildah->dir_fd, "isolation", 128, &known, NULL, NULL) == 0 &&
	    strncmp(known, boot, strlen(boot)) == 0) {
		if (strcmp(known + strlen(boot), "oci") == 0)
			buildah->isolation = "oci";
		return 0;
	}
	if (oci_works(buildah))
		buildah->isolation = "oci";
	strbuf_printf(&answer, "%s%s", boot, buildah->isolation);
	return fd_replace_file(buildah->dir_fd, "isolation", answer.text, answer.len, 0600, err);
}

static int copy_configuration(int dirfd, const char *name, struct err *err)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t len = 0;
	int r = paths_join(path, sizeof(path), err, REGISTRIES_DIR "/%s", name);

	if (r == 0)
		r = fd_read_file(AT_FDCWD, path, CONFIGURATION_MAX, &text, &len, err);
	return r < 0 ? r : fd_replace_file(dirfd, name, text, len, 0600, err);
}

/*
 * Names without a registry are docker.io's, as for all that read Dockerfiles.
 * What the host says of registries besides stays, but for aliases.
 */
static int write_registries(const struct buildah *buildah, struct err *err)
{
	static const char ours[] = "unqualified-search-registries = [\"docker.io\"]\n";
	CLEANUP_FD int fd = -1;
	struct dirent *entry;
	DIR *dir;
	int r = fd_mkdir_p(buildah->registries, 0700, err);

	if (r < 0)
		return r;
	fd = open(buildah->registries, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open '%s'", buildah->registries);
	dir = opendir(REGISTRIES_DIR);
	while (dir && r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !strstr(entry->d_name, "shortnames"))
			r = copy_configuration(fd, entry->d_name, err);
	if (dir)
		closedir(dir);
	if (r < 0)
		return r;
	return fd_replace_file(fd, "zz-stack.conf", ours, sizeof(ours) - 1, 0600, err);
}

static bool is_empty(const char *directory)
{
	const struct dirent *entry;
	DIR *dir = opendir(directory);
	bool empty = true;

	while (dir && empty && (entry = readdir(dir)))
		empty = entry->d_name[0] == '.';
	if (dir)
		closedir(dir);
	return empty;
}

/* Only with nobody else at work: what is in work/ is of a build that was broken off. */
static int sweep(const struct buildah *buildah, struct err *err)
{
	int r;

	if (is_empty(buildah->work))
		return 0;
	remove_containers(buildah);
	r = fd_remove_tree(AT_FDCWD, buildah->files, err);
	if (r == 0)
		r = fd_remove_tree(AT_FDCWD, buildah->work, err);
	return r < 0 ? r : fd_mkdir_p(buildah->work, 0700, err);
}

static int make_places(struct buildah *buildah, struct err *err)
{
	const struct paths *paths = buildah->paths;
	char base[PATH_MAX];
	int r;

	r = paths_join(base, sizeof(base), err, "%s/build", paths->root);
	if (r == 0)
		r = paths_join(buildah->storage, PATH_MAX, err, "%s/storage", base);
	if (r == 0)
		r = paths_join(buildah->work, PATH_MAX, err, "%s/work", base);
	if (r == 0)
		r = paths_join(buildah->state, PATH_MAX, err, "%s/.build", paths->run);
	if (r == 0)
		r = paths_join(buildah->files, PATH_MAX, err, "%s/.build/files", paths->run);
	if (r == 0)
		r = paths_join(buildah->registries, PATH_MAX, err, "%s/.build/registries.conf.d",
			       paths->run);
	if (r == 0)
		r = fd_mkdir_p(paths->root, 0711, err);
	if (r == 0)
		r = fd_mkdir_p(base, 0700, err);
	if (r == 0)
		r = fd_mkdir_p(buildah->work, 0700, err);
	if (r == 0)
		r = fd_mkdir_p(buildah->state, 0700, err);
	if (r < 0)
		return r;
	buildah->dir_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return buildah->dir_fd < 0 ? err_sys(err, errno, "open '%s'", base) : 0;
}

int buildah_open(struct buildah *buildah, const struct paths *paths, struct err *err)
{
	bool alone;
	int r;

	buildah->paths = paths;
	if (subprocess_find("buildah", buildah->program, sizeof(buildah->program)) < 0)
		return err_set(err, ENOENT,
			       "'build:' takes buildah, which is not installed: install the "
			       "package 'buildah'");
	r = make_places(buildah, err);
	if (r < 0)
		return r;
	r = lock_try(buildah->dir_fd, "lock", &buildah->lock_fd, err);
	alone = r == 0;
	if (r == -EAGAIN)
		r = lock_share(buildah->dir_fd, "lock", &buildah->lock_fd, err);
	if (r == 0)
		r = write_registries(buildah, err);
	if (r < 0)
		return r;
	choose_driver(buildah);
	r = choose_isolation(buildah, err);
	if (r == 0 && alone)
		r = sweep(buildah, err);
	lock_weaken(buildah->lock_fd);
	return r;
}

void buildah_release(struct buildah *buildah)
{
	if (buildah->lock_fd >= 0) {
		close(buildah->lock_fd);
		buildah->lock_fd = -1;
		if (lock_try(buildah->dir_fd, "lock", &buildah->lock_fd, NULL) == 0 &&
		    sweep(buildah, NULL) == 0)
			(void)fd_remove_tree(AT_FDCWD, buildah->state, NULL);
	}
	cleanup_close(&buildah->lock_fd);
	cleanup_close(&buildah->dir_fd);
	buildah->lock_fd = buildah->dir_fd = -1;
}
