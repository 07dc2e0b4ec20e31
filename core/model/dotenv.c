// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/model/dotenv.h"

#include "core/base/arena.h"
#include "core/base/cleanup.h"
#include "core/base/strbuf.h"
#include "core/model/interpolate.h"
#include "core/model/report.h"
#include "core/model/utf8.h"
#include "core/model/variables.h"

#include <errno.h>
#include <string.h>

#define NAME_MAX_LENGTH 255

struct lexer {
	const struct dotenv *dotenv;
	const char *at, *end, *line_start;
	unsigned int line;
	struct variables *ret;
	struct reporter *report;
	struct interpolation in;
};

static struct position here(const struct lexer *lexer, const char *at)
{
	return (struct position){lexer->dotenv->file, lexer->line,
				 (unsigned int)(at - lexer->line_start) + 1};
}

static int complain(struct lexer *lexer, const char *at, const char *text)
{
	return report(lexer->report, SEVERITY_ERROR, here(lexer, at), "%s", text);
}

static void newline(struct lexer *lexer)
{
	lexer->at++;
	lexer->line++;
	lexer->line_start = lexer->at;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct lexer *lexer)
{
	while (lexer->at < lexer->end && is_blank(*lexer->at))
		lexer->at++;
}

static void skip_line(struct lexer *lexer)
{
	while (lexer->at < lexer->end && *lexer->at != '\n')
		lexer->at++;
}

/* Only blanks or a comment may follow a closing quote. */
static int end_of_line(struct lexer *lexer)
{
	skip_blanks(lexer);
	if (lexer->at == lexer->end || *lexer->at == '\n')
		return 0;
	if (*lexer->at != '#')
		return complain(lexer, lexer->at, "nothing may follow the closing quote");
	skip_line(lexer);
	return 0;
}

static int expand(struct lexer *lexer, const char *start, const char *text, size_t len,
		  struct strbuf *out)
{
	struct err err = ERR_INIT;

	if (interpolate(&lexer->in, text, len, out, &err) < 0)
		return complain(lexer, start, err.msg);
	return 0;
}

static int single_quoted(struct lexer *lexer, struct strbuf *out)
{
	const char *open = lexer->at++;

	while (lexer->at < lexer->end && *lexer->at != '\'') {
		strbuf_putc(out, *lexer->at);
		if (*lexer->at == '\n')
			newline(lexer);
		else
			lexer->at++;
	}
	if (lexer->at == lexer->end)
		return complain(lexer, open > lexer->line_start ? open : lexer->line_start,
				"a single quote is opened and never closed");
	lexer->at++;
	return end_of_line(lexer);
}

/* A dollar sign that was escaped has to come through interpolation as one. */
static void unescape(struct strbuf *out, char c)
{
	static const char from[] = "nrt", to[] = "\n\r\t";
	const char *found = c ? strchr(from, c) : NULL;

	if (found)
		strbuf_putc(out, to[found - from]);
	else if (c == '$')
		strbuf_puts(out, "$$");
	else if (c == '"' || c == '\\')
		strbuf_putc(out, c);
	else
		strbuf_printf(out, "\\%c", c);
}

static int double_quoted(struct lexer *lexer, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
	struct lexer opened = *lexer;

	lexer->at++;
	while (lexer->at < lexer->end && *lexer->at != '"') {
		if (*lexer->at == '\\' && lexer->end - lexer->at > 1 && lexer->at[1] != '\n') {
			unescape(&text, lexer->at[1]);
			lexer->at += 2;
			continue;
		}
		strbuf_putc(&text, *lexer->at);
		if (*lexer->at == '\n')
			newline(lexer);
		else
			lexer->at++;
	}
	if (lexer->at == lexer->end)
		return complain(&opened, opened.at, "a double quote is opened and never closed");
	lexer->at++;
	if (expand(&opened, opened.at, text.text, text.len, out) < 0)
		return -EINVAL;
	lexer->in.budget = opened.in.budget;
	return end_of_line(lexer);
}

static int unquoted(struct lexer *lexer, struct strbuf *out)
{
	const char *start = lexer->at, *stop = start;

	while (lexer->at < lexer->end && *lexer->at != '\n') {
		if (*lexer->at == '#' && (lexer->at == start || is_blank(lexer->at[-1]))) {
			skip_line(lexer);
			break;
		}
		if (!is_blank(*lexer->at++))
			stop = lexer->at;
	}
	return expand(lexer, start, start, (size_t)(stop - start), out);
}

static int raw_value(struct lexer *lexer, struct strbuf *out)
{
	const char *start = lexer->at, *stop;

	skip_line(lexer);
	stop = lexer->at > start && lexer->at[-1] == '\r' ? lexer->at - 1 : lexer->at;
	strbuf_add(out, start, (size_t)(stop - start));
	return 0;
}

static int parse_value(struct lexer *lexer, struct strbuf *out)
{
	if (lexer->dotenv->raw)
		return raw_value(lexer, out);
	skip_blanks(lexer);
	if (lexer->at < lexer->end && *lexer->at == '\'')
		return single_quoted(lexer, out);
	if (lexer->at < lexer->end && *lexer->at == '"')
		return double_quoted(lexer, out);
	return unquoted(lexer, out);
}

static void skip_export(struct lexer *lexer)
{
	static const char word[] = "export";
	size_t len = sizeof(word) - 1;

	if ((size_t)(lexer->end - lexer->at) > len && strncmp(lexer->at, word, len) == 0 &&
	    is_blank(lexer->at[len])) {
		lexer->at += len;
		skip_blanks(lexer);
	}
}

static int parse_name(struct lexer *lexer, char ret_name[NAME_MAX_LENGTH + 1])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-";
	const char *start = lexer->at;
	size_t len;

	while (lexer->at < lexer->end && *lexer->at && strchr(allowed, *lexer->at))
		lexer->at++;
	len = (size_t)(lexer->at - start);
	skip_blanks(lexer);
	if (len == 0 || len > NAME_MAX_LENGTH ||
	    (lexer->at < lexer->end && !strchr("=:\n", *lexer->at)) ||
	    (lexer->at < lexer->end && *lexer->at == '\0'))
		return complain(lexer, lexer->at < lexer->end ? lexer->at : start,
				"a line has the form NAME=value, with letters, digits and '_' in "
				"the name");
	memcpy(ret_name, start, len);
	ret_name[len] = '\0';
	return 0;
}

static int parse_assignment(struct lexer *lexer)
{
	CLEANUP(strbuf_release) struct strbuf value = STRBUF_INIT;
	char name[NAME_MAX_LENGTH + 1];
	const char *start;
	int r;

	skip_export(lexer);
	start = lexer->at;
	r = parse_name(lexer, name);
	if (r < 0)
		return r;
	if (lexer->at == lexer->end || *lexer->at == '\n') {
		variables_set(lexer->ret, name, variables_get(lexer->dotenv->environment, name));
		return 0;
	}
	lexer->at++;
	r = parse_value(lexer, &value);
	if (r < 0)
		return r;
	if (strlen(value.text) != value.len || !utf8_is_valid(value.text))
		return complain(lexer, start < lexer->line_start ? lexer->line_start : start,
				"the value is no UTF-8 text");
	variables_set(lexer->ret, name, value.text);
	return 0;
}

int dotenv_parse(const struct dotenv *dotenv, const char *text, size_t len, struct variables *ret,
		 struct reporter *report)
{
	struct lexer lexer = {
		.dotenv = dotenv,
		.at = text,
		.end = text + len,
		.line_start = text,
		.line = 1,
		.ret = ret,
		.report = report,
		.in = {.first = dotenv->environment,
		       .second = ret,
		       .keep_dollar = true,
		       .budget = INTERPOLATION_BUDGET},
	};
	int r = 0;

	reporter_add_source(report, dotenv->file, text, len);
	while (lexer.at < lexer.end) {
		skip_blanks(&lexer);
		if (lexer.at < lexer.end && *lexer.at != '\n' && *lexer.at != '#' &&
		    parse_assignment(&lexer) < 0)
			r = -EINVAL;
		skip_line(&lexer);
		if (lexer.at < lexer.end)
			newline(&lexer);
	}
	return r;
}
