// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/user.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (10 << 20)
/* What setgroups(2) takes. */
#define GROUPS_MAX 65536
#define ID_MAX	   INT32_MAX

/* A field of a line: not NUL-terminated. */
struct part {
	const char *text;
	size_t len;
};

static bool part_is(struct part part, const char *text, size_t len)
{
	return part.len == len && !memcmp(part.text, text, len);
}

/* Split the line at *FILE into N fields at ':' and move on; false at the end of the file. */
static bool next_entry(const char **file, struct part *fields, size_t n)
{
	const char *p = *file, *end = p + strcspn(p, "\n");

	if (!*p)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *colon = memchr(p, ':', (size_t)(end - p));
		const char *stop = colon && i + 1 < n ? colon : end;

		fields[i] = (struct part){p, (size_t)(stop - p)};
		p = stop < end ? stop + 1 : end;
	}
	*file = *end ? end + 1 : end;
	return true;
}

static bool all_digits(struct part part)
{
	for (size_t i = 0; i < part.len; i++)
		if (part.text[i] < '0' || part.text[i] > '9')
			return false;
	return part.len > 0;
}

static bool parse_id(struct part part, uint32_t *ret_id)
{
	uint64_t id = 0;

	if (!all_digits(part))
		return false;
	for (size_t i = 0; i < part.len; i++) {
		id = id * 10 + (uint64_t)(part.text[i] - '0');
		if (id > ID_MAX)
			return false;
	}
	*ret_id = (uint32_t)id;
	return true;
}

static int check_part(struct part part, const char *what, const char *text, struct err *err)
{
	uint32_t id;

	if (part.len == 0)
		return err_set(err, EINVAL, "user '%s' has an empty %s; is a variable not set?",
			       text, what);
	for (size_t i = 0; i < part.len; i++)
		if ((unsigned char)part.text[i] < ' ' || part.text[i] == 127)
			return err_set(err, EINVAL, "the %s has a control character in it", what);
	if (all_digits(part) && !parse_id(part, &id))
		return err_set(err, EINVAL, "%s '%.*s' is out of range (0 to %d)", what,
			       (int)part.len, part.text, ID_MAX);
	return 0;
}

enum { PW_NAME, PW_PASSWORD, PW_UID, PW_GID, PW_GECOS, PW_HOME, PW_SHELL, PW_FIELDS };
enum { GR_NAME, GR_PASSWORD, GR_GID, GR_MEMBERS, GR_FIELDS };

/* Find PART; RET_NAME is the name of the entry, empty when a number has none. */
static int find_user(const char *passwd, struct part part, struct user *user, struct part *ret_name,
		     struct err *err)
{
	bool numeric = parse_id(part, &user->uid);
	struct part entry[PW_FIELDS];
	uint32_t uid, gid;

	*ret_name = (struct part){"", 0};
	while (next_entry(&passwd, entry, PW_FIELDS)) {
		if (!parse_id(entry[PW_UID], &uid) || !parse_id(entry[PW_GID], &gid))
			continue;
		if (numeric ? uid != user->uid : !part_is(entry[PW_NAME], part.text, part.len))
			continue;
		user->uid = uid;
		user->gid = gid;
		*ret_name = entry[PW_NAME];
		if (entry[PW_HOME].len) {
			free(user->home);
			user->home = strndup(entry[PW_HOME].text, entry[PW_HOME].len);
		}
		return user->home ? 0 : err_nomem(err);
	}
	if (!numeric)
		return err_set(err, ENOENT, "there is no user '%.*s' in the image's /etc/passwd",
			       (int)part.len, part.text);
	return 0;
}

static int find_group(const char *group, struct part part, gid_t *ret_gid, struct err *err)
{
	struct part entry[GR_FIELDS];
	uint32_t gid;

	if (parse_id(part, ret_gid))
		return 0;
	while (next_entry(&group, entry, GR_FIELDS)) {
		if (!part_is(entry[GR_NAME], part.text, part.len) || !parse_id(entry[GR_GID], &gid))
			continue;
		*ret_gid = gid;
		return 0;
	}
	return err_set(err, ENOENT, "there is no group '%.*s' in the image's /etc/group",
		       (int)part.len, part.text);
}

/* Capacity is the next power of two, so that a million groups cost a few reallocations. */
static int add_group(struct user *user, gid_t gid, struct err *err)
{
	size_t n = user->n_groups;

	for (size_t i = 0; i < n && i < 64; i++)
		if (user->groups[i] == gid)
			return 0;
	if (n == GROUPS_MAX)
		return err_set(err, E2BIG, "the user is in more than %d groups", GROUPS_MAX);
	if ((n & (n - 1)) == 0) {
		gid_t *grown = realloc(user->groups, (n ? 2 * n : 1) * sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		user->groups = grown;
	}
	user->groups[user->n_groups++] = gid;
	return 0;
}

static bool is_member(struct part members, struct part name)
{
	const char *p = members.text, *end = p + members.len;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *stop = comma ? comma : end;

		if (part_is(name, p, (size_t)(stop - p)))
			return true;
		p = stop + 1;
	}
	return false;
}

static int add_memberships(struct user *user, const char *group, struct part name, struct err *err)
{
	struct part entry[GR_FIELDS];
	uint32_t gid;
	int r = 0;

	while (r == 0 && name.len && next_entry(&group, entry, GR_FIELDS))
		if (is_member(entry[GR_MEMBERS], name) && parse_id(entry[GR_GID], &gid))
			r = add_group(user, gid, err);
	return r;
}

static int add_extra(struct user *user, const char *group, spec_strings extra, struct err *err)
{
	for (size_t i = 0; extra && extra[i]; i++) {
		struct part part = {extra[i], strlen(extra[i])};
		gid_t gid;
		int r;

		r = check_part(part, "group", extra[i], err);
		if (r == 0)
			r = find_group(group, part, &gid, err);
		if (r == 0)
			r = add_group(user, gid, err);
		if (r < 0) {
			err_wrap(err, "group_add");
			return r;
		}
	}
	return 0;
}

int user_parse(const char *text, spec_strings groups, const char *passwd, const char *group,
	       struct user *ret_user, struct err *err)
{
	CLEANUP(user_release) struct user user = {.home = strdup("/")};
	const char *whole = text && *text ? text : "0", *colon = strchr(whole, ':');
	struct part who = {whole, strcspn(whole, ":")}, name;
	struct part which = {colon ? colon + 1 : "", colon ? strlen(colon + 1) : 0};
	int r;

	if (!user.home)
		return err_nomem(err);
	r = check_part(who, "user", whole, err);
	if (r == 0 && colon)
		r = check_part(which, "group", whole, err);
	if (r == 0)
		r = find_user(passwd, who, &user, &name, err);
	if (r == 0 && colon)
		r = find_group(group, which, &user.gid, err);
	if (r == 0)
		r = add_group(&user, user.gid, err);
	/* As docker has it: who names a group gets that one alone. */
	if (r == 0 && !colon)
		r = add_memberships(&user, group, name, err);
	if (r == 0)
		r = add_extra(&user, group, groups, err);
	if (r < 0)
		return r;
	*ret_user = user;
	user = (struct user){0};
	return 0;
}

/* O_NONBLOCK: a FIFO in this place is refused, not waited for. */
static int read_database(int root, const char *path, char **ret_text, struct err *err)
{
	CLEANUP_FD int fd = inroot_open(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, err);
	CLEANUP_FREE char *text = NULL;
	struct stat st;
	ssize_t len;

	if (fd == -ENOENT || fd == -ENOTDIR) {
		*ret_text = strdup("");
		return *ret_text ? 0 : err_nomem(err);
	}
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "read the image's %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "the image's %s is not a regular file", path);
	if (st.st_size > FILE_MAX)
		return err_set(err, EFBIG, "the image's %s is larger than 10 MiB", path);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return err_nomem(err);
	len = fd_read_full(fd, text, (size_t)st.st_size);
	if (len < 0)
		return err_sys(err, (int)-len, "read the image's %s", path);
	text[len] = '\0';
	*ret_text = TAKE_PTR(text);
	return 0;
}

int user_lookup(int root, const char *text, spec_strings groups, struct user *ret_user,
		struct err *err)
{
	CLEANUP_FREE char *passwd = NULL, *group = NULL;
	int r;

	r = read_database(root, "/etc/passwd", &passwd, err);
	if (r == 0)
		r = read_database(root, "/etc/group", &group, err);
	return r < 0 ? r : user_parse(text, groups, passwd, group, ret_user, err);
}

void user_release(struct user *user)
{
	free(user->groups);
	free(user->home);
	*user = (struct user){0};
}
