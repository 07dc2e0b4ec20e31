// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef STACK_CORE_BASE_ERR_H
#define STACK_CORE_BASE_ERR_H

/*
 * Errors
 *
 * A function that can fail returns 0 or a negative errno value and takes a
 * struct err as its last argument.  When it fails it leaves one sentence for
 * the user in there; when it succeeds it does not touch it.  Nothing below
 * cmd/ prints an error: cmd/ does, once.
 *
 *	fd = openat(cg->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
 *	if (fd < 0)
 *		return err_sys(err, errno, "open '%s/cgroup.procs'", cg->path);
 *
 *	r = cgroup_limit(cg, &svc->limits, err);
 *	if (r < 0)
 *		return err_wrap(err, "service '%s'", svc->name);
 *
 * A caller may branch on a code only where the header of the callee names it
 * ("-ENOENT: no such record"); every other code is passed up as it came.
 * ERR may be NULL: the sentence is then lost, the code is not.
 */

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

struct err {
	int code;      /* positive errno; 0 while nothing has failed */
	char msg[512]; /* "service 'web': open '/x': Permission denied" */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.code = 0                                                                          \
	}

/* Set ERR to "MESSAGE: strerror(CODE)".  Returns -CODE. */
int err_sys(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Set ERR to MESSAGE alone, where the errno text would add nothing.  Returns -CODE. */
int err_set(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * Put "CONTEXT: " in front of what ERR says.  Returns -err->code, so it must
 * only be called on an error that was set; with ERR NULL it returns -EIO.
 */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Memory ran out.  Returns -ENOMEM. */
int err_nomem(struct err *err);

#endif
