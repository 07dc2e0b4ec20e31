// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/explain.h"

#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/model/kinds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEYS_MAX  128
#define PATH_SIZE 256
#define WORD_MAX  128

static const char *const merge_texts[] = {
	[MERGE_REPLACE] = "the last file's value counts",
	[MERGE_APPEND] = "the files' lists are joined",
	[MERGE_MAP] = "by key; the last file's value of each counts",
	[MERGE_SCHEMA] = "each key below by itself",
	[MERGE_NAMED] = "by name, and each key below by itself",
};

static const char *const apply_texts[] = {
	[APPLY_NONE] = "nothing is to be done",
	[APPLY_LIVE] = "applied while it runs",
	[APPLY_RELOAD] = "the program is told to read it again",
	[APPLY_ROLLING] = "a new container",
	[APPLY_RECREATE] = "a new container, after the old one is gone",
};

/* Is there a name between this key and those of its schema? */
static bool is_named(const struct attribute *attribute)
{
	return attribute->merge == MERGE_NAMED ||
	       (attribute->merge == MERGE_MAP && attribute->schema);
}

static bool is_our_own(const struct attribute *attribute)
{
	return kind_is_own(attribute->kind);
}

/* What is to be told instead of how it is used; NULL: nothing. */
static const char *status_of(const struct attribute *attribute)
{
	if (attribute->kind == &kind_refused)
		return "refused";
	if (attribute->kind == &kind_noted || attribute->kind == &kind_kept)
		return "no effect";
	return NULL;
}

static bool has_default(const struct attribute *attribute)
{
	return attribute->absent &&
	       (attribute->kind == &kind_integer || attribute->kind == &kind_bool) &&
	       attribute->absent > 0;
}

static void write_default(const struct attribute *attribute, struct strbuf *out)
{
	if (attribute->kind == &kind_bool)
		strbuf_puts(out, "true");
	else
		strbuf_printf(out, "%" PRId64, attribute->absent);
}

static void write_below(const struct schema *schema, struct strbuf *out)
{
	size_t n = 0;

	for (size_t i = 0; i < schema->n; i++)
		if (!is_our_own(&schema->attributes[i]))
			strbuf_printf(out, "%s%s", n++ ? ", " : "", schema->attributes[i].key);
}

/* What a value looks like; for one of a few words, the words. */
static const char *form_of(const struct attribute *attribute, struct strbuf *buf)
{
	if (attribute->kind != &kind_choice)
		return attribute->kind->form;
	for (const char *word = attribute->accepts; *word;) {
		size_t len = strcspn(word, " ");

		strbuf_printf(buf, "%s%.*s", buf->len ? ", or " : "", (int)len, word);
		word += len + (word[len] == ' ');
	}
	return buf->text;
}

static void write_attribute(const struct attribute *attribute, const char *path, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf form = STRBUF_INIT;
	const char *status = status_of(attribute);

	strbuf_printf(out, "%s: %s\n", path, attribute->doc);
	if (status) {
		strbuf_printf(out, "  %-8s %s\n", status, attribute->sentence);
		if (attribute->accepts)
			strbuf_printf(out, "  %-8s %s\n", "accepts", attribute->accepts);
		return;
	}
	strbuf_printf(out, "  %-8s %s", "takes", form_of(attribute, &form));
	if (attribute->max)
		strbuf_printf(out, ", from %" PRId64 " to %" PRId64, attribute->min,
			      attribute->max);
	strbuf_putc(out, '\n');
	if (has_default(attribute)) {
		strbuf_printf(out, "  %-8s ", "default");
		write_default(attribute, out);
		strbuf_putc(out, '\n');
	}
	strbuf_printf(out, "  %-8s %s\n", "merge", merge_texts[attribute->merge]);
	strbuf_printf(out, "  %-8s %s\n", "change", apply_texts[attribute->apply]);
	if (attribute->schema) {
		strbuf_printf(out, "  %-8s ", "below");
		write_below(attribute->schema, out);
		strbuf_putc(out, '\n');
	}
}

/* The next word of *PATH, without the index of a list; false at the end. */
static bool next_word(const char **path, char ret_word[WORD_MAX])
{
	const char *start = *path + strspn(*path, ".");
	size_t len = strcspn(start, ".");

	*path = start + len;
	snprintf(ret_word, WORD_MAX, "%.*s", (int)(len < WORD_MAX ? len : WORD_MAX - 1), start);
	ret_word[strcspn(ret_word, "[")] = '\0';
	return len > 0;
}

static int no_such_key(const struct schema *schema, const char *word, struct err *err)
{
	const char *keys[KEYS_MAX], *meant;
	size_t n = 0;

	for (; n < schema->n && n < KEYS_MAX; n++)
		keys[n] = schema->attributes[n].key;
	meant = text_suggest(word, keys, n);
	if (meant)
		return err_set(err, ENOENT, "there is no attribute '%s'; did you mean '%s'?", word,
			       meant);
	return err_set(err, ENOENT, "there is no attribute '%s'", word);
}

int explain_path(const char *path, struct strbuf *out, struct err *err)
{
	const struct schema *schema = &schema_project;
	const struct attribute *attribute = NULL;
	const char *rest = path;
	char word[WORD_MAX];

	while (next_word(&rest, word)) {
		if (!schema)
			return err_set(err, ENOENT, "'%s' has no attributes below it",
				       attribute->key);
		attribute = schema_find(schema, word);
		if (!attribute || is_our_own(attribute))
			return no_such_key(schema, word, err);
		schema = attribute->schema;
		if (is_named(attribute))
			next_word(&rest, word);
	}
	if (!attribute)
		return err_set(err, ENOENT, "name an attribute, such as services.web.ports");
	write_attribute(attribute, path, out);
	return 0;
}

static void each_path(const struct schema *schema, const char *above,
		      void (*visit)(const struct attribute *attribute, const char *path,
				    struct strbuf *out),
		      struct strbuf *out)
{
	for (size_t i = 0; i < schema->n; i++) {
		const struct attribute *attribute = &schema->attributes[i];
		char path[PATH_SIZE], below[PATH_SIZE];

		if (is_our_own(attribute))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", above, *above ? "." : "", attribute->key);
		visit(attribute, path, out);
		if (!attribute->schema)
			continue;
		snprintf(below, sizeof(below), "%.*s%s", PATH_SIZE - 16, path,
			 is_named(attribute) ? ".<name>" : "");
		each_path(attribute->schema, below, visit, out);
	}
}

static void visit_path(const struct attribute *attribute, const char *path, struct strbuf *out)
{
	(void)attribute;
	strbuf_printf(out, "%s\n", path);
}

void explain_paths(struct strbuf *out)
{
	each_path(&schema_project, "", visit_path, out);
}

/* Text that mdoc does not take for anything else. */
static void write_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			strbuf_puts(out, "\\e");
		else if (*text == '-')
			strbuf_puts(out, "\\-");
		else if ((*text == '.' || *text == '\'') &&
			 (out->len == 0 || out->text[out->len - 1] == '\n'))
			strbuf_printf(out, "\\&%c", *text);
		else
			strbuf_putc(out, *text);
	}
}

static void write_sentence(struct strbuf *out, const char *text)
{
	write_escaped(out, text);
	strbuf_puts(out, ".\n");
}

static void visit_manual(const struct attribute *attribute, const char *path, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf form = STRBUF_INIT;
	const char *status = status_of(attribute);

	strbuf_puts(out, ".It Sy ");
	write_escaped(out, path);
	strbuf_putc(out, '\n');
	if (status) {
		strbuf_printf(out, "(%s)\n", status);
		write_sentence(out, attribute->sentence);
		return;
	}
	write_sentence(out, attribute->doc);
	strbuf_puts(out, "Takes ");
	write_escaped(out, form_of(attribute, &form));
	if (has_default(attribute)) {
		strbuf_puts(out, "; when not said, ");
		write_default(attribute, out);
	}
	strbuf_puts(out, ".\nMerge: ");
	write_sentence(out, merge_texts[attribute->merge]);
	strbuf_puts(out, "Change: ");
	write_sentence(out, apply_texts[attribute->apply]);
}

void explain_manual(struct strbuf *out)
{
	strbuf_puts(out,
		    ".\\\" Made by stack config \\-\\-explain all \\-\\-format man\n"
		    ".Dd November 24, 2026\n.Dt STACK-ATTRIBUTES 5\n.Os\n.Sh NAME\n"
		    ".Nm stack-attributes\n.Nd all attributes of a stack file\n.Sh DESCRIPTION\n"
		    "Every attribute that\n.Xr stack-file 5\nmay have.\n"
		    "Those that are refused are an error with this sentence; those without\n"
		    "effect are named once and written out again by\n"
		    ".Nm stack Ic config .\n.Bl -tag -width Ds\n");
	each_path(&schema_project, "", visit_manual, out);
	strbuf_puts(out, ".El\n.Sh SEE ALSO\n.Xr stack 1 ,\n.Xr stack-file 5\n");
}
