// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_CONTAINER_TREE_H
#define STACK_CORE_CONTAINER_TREE_H

#include "core/container/tree_links.h"
#include "core/container/xattr.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * Tree: files, directories and links on their way from one process to another
 *
 * `stack cp` is two processes with a pipe between them, one of which is in the
 * mount namespace of a container.  What they speak is this stream and no tar:
 * it has nothing that could not be checked at once.  Both ends trust neither
 * the pipe nor the files: a name is one component, a path is resolved inside
 * of a root descriptor (inroot.h), directories are entered by descriptor and
 * never through a link, and what is neither file, directory nor link is told
 * and left out, without being opened.
 *
 *	START, one entry, END
 *	entry: FILE DATA… DATA(0) | LINK | HARDLINK | REMOVE | DIR entry… LEAVE
 *
 * For an archive, which nothing is made of before somebody unpacks it, there
 * can be more in it: NODE is an entry as well, and before each stands what
 * extended attributes it has, XATTR…
 */
enum tree_type {
	TREE_START = 1,
	TREE_FILE,
	TREE_DIR,
	TREE_LINK,     /* `link` is what it says */
	TREE_HARDLINK, /* `link` is another file of this stream, below its first directory */
	TREE_REMOVE,   /* what has this name goes, with all that is in it */
	TREE_NODE,     /* a device, `offset` being its number, or a FIFO, as `mode` says */
	TREE_XATTR,    /* of the entry that follows: `length` bytes follow for `name` */
	TREE_DATA,     /* `length` bytes follow, for `offset`; none: that is the file's size */
	TREE_LEAVE,
	TREE_END,
};

/* Of a START. */
enum tree_flag {
	TREE_CONTENTS = 1,	/* what is in the directory is wanted, not the directory itself */
	TREE_INTO_EXISTING = 2, /* the target has to be a directory */
	TREE_MAKE_PARENTS = 4,	/* the target is a directory, and made with those above it */
};

#define TREE_NAME_MAX  255
#define TREE_LINK_MAX  4095
#define TREE_DEPTH_MAX 256

struct tree_entry {
	enum tree_type type;
	uint32_t flags;
	uint32_t mode; /* permissions only; NODE: and the type */
	uint32_t uid, gid;
	int64_t mtime_s;
	uint32_t mtime_ns;
	uint64_t offset; /* FILE: its size, for all that is known */
	uint32_t length;
	const char *name; /* START: of the entry, "" when it has none */
	const char *link;
};

/* One end of a pipe that a stream goes through. */
struct tree_stream {
	int fd;				   /* the caller's */
	const volatile sig_atomic_t *stop; /* not 0: give up; NULL: nobody says so */
	size_t at, len;
	char name[TREE_NAME_MAX + 1], link[TREE_LINK_MAX + 1];
	unsigned char buffer[65536];
};

void tree_stream_init(struct tree_stream *stream, int fd, const volatile sig_atomic_t *stop);

/*
 * Write ENTRY, a DATA or XATTR entry and its LENGTH bytes, or what is in the buffer still.
 *
 * -EPIPE: nobody reads any more.  -ECANCELED: *stop.  Blocks: for the other end.
 */
int tree_put(struct tree_stream *stream, const struct tree_entry *entry, struct err *err);
int tree_put_data(struct tree_stream *stream, uint64_t offset, const void *data, size_t length,
		  struct err *err);
int tree_put_xattr(struct tree_stream *stream, const char *name, const void *value, size_t length,
		   struct err *err);
int tree_flush(struct tree_stream *stream, struct err *err);

/*
 * Read an entry, checked; its strings live until the next call.  Or SIZE of the
 * bytes that follow one.
 *
 * -EPIPE: the stream ends before its END.  -EBADMSG: it is none.
 * -ECANCELED: *stop.  Blocks: for the other end.
 */
int tree_get(struct tree_stream *stream, struct tree_entry *ret_entry, struct err *err);
int tree_get_data(struct tree_stream *stream, void *data, size_t size, struct err *err);

/* Where one is in a tree, for people and for filters: "web/static/x.css". */
struct tree_path {
	char text[4096];
	size_t len;
};

/* Go down to NAME; the length to go back to.  A path that gets too long is cut off. */
size_t tree_path_enter(struct tree_path *path, const char *name);
void tree_path_leave(struct tree_path *path, size_t len);

/* What is sent, and who is told what is not.  Too large for the stack. */
struct tree_sender {
	struct tree_stream *out;
	int descriptors;   /* /proc/self/fd of the host's /proc: files are opened through it */
	bool everything;   /* for an archive: NODE, XATTR and HARDLINK too */
	uint32_t first_id; /* the owner that is 0 for who receives, as are those below */
	/* Is PATH to be sent?  NULL: everything is. */
	bool (*wanted)(void *data, const char *path, bool directory);
	/* PATH is WHAT, "a socket", and left out. */
	void (*skipped)(void *data, const char *path, const char *what);
	void *data;
	struct tree_path path;
	unsigned int depth;
	size_t top; /* length of the path that all of it is below */
	struct tree_links links;
	/* Of one entry; on the stack they would be there once for each directory of a path. */
	char names[XATTR_NAMES_MAX];
	unsigned char value[XATTR_VALUE_MAX];
};

/* /proc/self/fd, to be opened before a container's mount namespace is entered. */
int tree_open_descriptors(struct err *err);

/*
 * Open for reading what FOUND, a descriptor of O_PATH, was opened on; DESCRIPTORS is that of
 * tree_open_descriptors().  The caller has looked that it is a file.  -1 and errno as open(2).
 */
int tree_open_found(int descriptors, int found);

/*
 * ID of the host as who it is in a container whose root is FIRST_ID.  What nobody of it owns are
 * mount points that were made for it: they are its root's.
 */
uint32_t tree_inner_id(uint32_t first_id, uint32_t id);

/*
 * PATH below ROOT as inroot_open() opens it; with ROOT AT_FDCWD just as open(2)
 * does, which is for the host's own paths.  So for every ROOT here.
 */
int tree_open(int root, const char *path, int flags, struct err *err);

/*
 * Send PATH below ROOT, with START and END.  "/." behind it says TREE_CONTENTS;
 * FOLLOW: where it is a link, what that leads to.
 *
 * -ENOENT and the like of PATH itself, -EPIPE.  Blocks: for the disk and the other end.
 */
int tree_send(struct tree_sender *sender, int root, const char *path, bool follow, struct err *err);

/* The entry NAME in the directory PARENT, alone.  What is gone meanwhile is left out. */
int tree_send_entry(struct tree_sender *sender, int parent, const char *name, struct err *err);

/* Where it goes. */
struct tree_target {
	int root;
	const char *path; /* in ROOT, as docker cp understands it */
	int descriptors;  /* as above */
	bool archive;	  /* owners as sent, and set-ID bits with them; else they are ours */
};

/*
 * Make what comes out of IN.  A file gets its name when it is complete.
 *
 * -EPIPE: it was cut off, the other end knows why.  Blocks: likewise.
 */
int tree_receive(const struct tree_target *target, struct tree_stream *in, struct err *err);

/*
 * PATH below ROOT, its last component resolved as long as it is a link: the directory
 * that it is in, to be closed, and its name there, which need not exist.
 *
 * -ENOENT: there is no such directory.  -EINVAL: PATH has no last component.
 */
int tree_find_parent(int root, const char *path, int *ret_parent, char ret_name[TREE_NAME_MAX + 1],
		     struct err *err);

/*
 * Something is mounted on the file NAME in DIR, such as /etc/hosts, so that it cannot
 * be replaced: give it what is in FROM_NAME.  0 or -errno; -EBUSY: it is no file.
 */
int tree_replace_content(int dir, const char *from_name, const char *name, int descriptors);

#endif
