// SPDX-License-Identifier: GPL-2.0-or-later
/* The nodes of /dev, and what the device rules of the cgroup say to others. */
#include "tests/probe/probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int major, minor;
} nodes[] = {
	{"null", 1, 3},	  {"zero", 1, 5},    {"full", 1, 7},
	{"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
	const char *name, *target;
} links[] = {
	{"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"}, {"core", "/proc/kcore"},	     {"ptmx", "pts/ptmx"},
};

static void node(const char *name, unsigned int major_number, unsigned int minor_number)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/%s", name);
	if (!check(lstat(path, &st) == 0, "%s is there", path))
		return;
	check(S_ISCHR(st.st_mode) && st.st_rdev == makedev(major_number, minor_number),
	      "%s is character device %u:%u", path, major_number, minor_number);
	check((st.st_mode & 07777) == 0666, "%s has mode 666: %o", path, st.st_mode & 07777);
}

static void link_to(const char *name, const char *target)
{
	char path[64], got[256] = "";
	ssize_t n;

	snprintf(path, sizeof(path), "/dev/%s", name);
	n = readlink(path, got, sizeof(got) - 1);
	got[n < 0 ? 0 : n] = '\0';
	check(!strcmp(got, target), "%s is a link to %s: %s", path, target, got);
}

static bool is_known(const char *name, bool console)
{
	static const char *const others[] = {".", "..", "pts", "shm", "mqueue"};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		if (!strcmp(nodes[i].name, name))
			return true;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (!strcmp(links[i].name, name))
			return true;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(others[i], name))
			return true;
	return console && !strcmp(name, "console");
}

static void nothing_else(bool console)
{
	DIR *dir = opendir("/dev");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!is_known(entry->d_name, console))
			check(false, "/dev/%s does not belong there", entry->d_name);
	if (dir)
		closedir(dir);
	check(dir != NULL, "/dev has been looked through");
}

/* What happens to a device node of our own making: 0, or errno of mknod or open. */
static int try_device(mode_t type, unsigned int major_number, unsigned int minor_number, int flags,
		      bool *ret_made)
{
	char path[64];
	int fd, code;

	snprintf(path, sizeof(path), "/tmp/.probe-%d-%u-%u", getpid(), major_number, minor_number);
	*ret_made = mknod(path, type | 0600, makedev(major_number, minor_number)) == 0;
	if (!*ret_made)
		return errno;
	fd = open(path, flags | O_NONBLOCK | O_CLOEXEC);
	code = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	unlink(path);
	return code;
}

static void rules(void)
{
	static const struct {
		const char *name;
		mode_t type;
		unsigned int major, minor;
		bool permitted;
	} cases[] = {
		{"null", S_IFCHR, 1, 3, true},	  {"zero", S_IFCHR, 1, 5, true},
		{"full", S_IFCHR, 1, 7, true},	  {"random", S_IFCHR, 1, 8, true},
		{"urandom", S_IFCHR, 1, 9, true}, {"net/tun", S_IFCHR, 10, 200, true},
		{"mem", S_IFCHR, 1, 1, false},	  {"port", S_IFCHR, 1, 4, false},
		{"kmsg", S_IFCHR, 1, 11, false},  {"tty0", S_IFCHR, 4, 0, false},
		{"ttyS0", S_IFCHR, 4, 64, false}, {"fuse", S_IFCHR, 10, 229, false},
		{"kvm", S_IFCHR, 10, 232, false}, {"loop-control", S_IFCHR, 10, 237, false},
		{"loop0", S_IFBLK, 7, 0, false},  {"sda", S_IFBLK, 8, 0, false},
		{"vda", S_IFBLK, 254, 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool made;
		int code = try_device(cases[i].type, cases[i].major, cases[i].minor, O_RDWR, &made);

		check(made, "a node like %s can be made: %s", cases[i].name, strerror(code));
		if (made && cases[i].permitted)
			check(code != EPERM, "%s can be opened: %s", cases[i].name, strerror(code));
		else if (made)
			check(code == EPERM, "opening %s: EPERM, %s", cases[i].name,
			      strerror(code));
	}
}

void probe_devices(const struct expected *expected)
{
	for (size_t i = 0; i < sizeof(nodes) / sizeof(*nodes); i++)
		node(nodes[i].name, nodes[i].major, nodes[i].minor);
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		link_to(links[i].name, links[i].target);
	if (expected->privileged)
		return;
	nothing_else(expected->console);
	if (expected->uid || expected->read_only || !(expected->capabilities & 1U << 27))
		skipped("device rules: CAP_MKNOD and a writable /tmp are needed");
	else if (expected->user_namespace)
		check(mknod("/tmp/.probe", S_IFCHR | 0600, makedev(1, 3)) < 0 && errno == EPERM,
		      "no device node can be made: %s", strerror(errno));
	else
		rules();
}
