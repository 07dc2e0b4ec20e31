// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/loadlab.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int loadlab_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->rendered = (struct strbuf)STRBUF_INIT;
	snprintf(f->dir, sizeof(f->dir), "/tmp/stack-load-XXXXXX");
	if (!getcwd(f->before, sizeof(f->before)) || !mkdtemp(f->dir) || chdir(f->dir) < 0)
		return -1;
	*state = f;
	return 0;
}

int loadlab_teardown(void **state)
{
	struct fixture *f = *state;
	int r = chdir(f->before);

	fd_remove_tree(AT_FDCWD, f->dir, NULL);
	project_free(f->project);
	diagnostics_release(&f->diag);
	strbuf_release(&f->rendered);
	free(f);
	return r;
}

void loadlab_put(const char *name, const char *text)
{
	assert_int_equal(fd_replace_file(AT_FDCWD, name, text, strlen(text), 0644, NULL), 0);
}

int loadlab_load_with(struct fixture *f, struct load_options options)
{
	static const char *const none[] = {NULL};
	int r;

	if (!options.environ)
		options.environ = none;
	project_free(TAKE_PTR(f->project));
	diagnostics_release(&f->diag);
	r = load_project(&options, &f->diag, &f->project, &f->err);
	strbuf_reset(&f->rendered);
	diagnostics_render(&f->diag, &f->rendered);
	return r;
}

int loadlab_load(struct fixture *f, const char *text)
{
	loadlab_put("stack.yml", text);
	return loadlab_load_with(f, (struct load_options){.n_files = 0});
}

void loadlab_said(const struct fixture *f, const char *words)
{
	if (!strstr(f->rendered.text, words))
		fail_msg("nothing says \"%s\" in:\n%s", words, f->rendered.text);
}

/* TEXT does not load, and WORDS are said. */
void loadlab_wrong(struct fixture *f, const char *text, const char *words)
{
	assert_int_equal(loadlab_load(f, text), -EINVAL);
	loadlab_said(f, words);
}

void loadlab_loads(struct fixture *f, const char *text)
{
	if (loadlab_load(f, text) != 0)
		fail_msg("%s%s", f->err.msg, f->rendered.text);
}
