// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that are broken at random, and files made to be expensive: each loads
 * or is refused within the bounds, whatever is in it.
 */
#include "tests/unit/loadlab.h"

#include "core/base/cleanup.h"
#include "core/base/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MUTATIONS     10000
#define SECONDS_MAX   0.25
#define MEMORY_MAX_KB (64 * 1024)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* A sanitizer costs several times as much, and keeps freed memory. */
static const double seconds_max = SANITIZED ? SECONDS_MAX * 8 : SECONDS_MAX;

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void load_in_bounds(struct fixture *f, const char *text, size_t len, const char *what)
{
	static const char *const environment[] = {"HOME=/home/x", "A=1", NULL};
	double start, took;
	struct rusage usage;

	fd_replace_file(AT_FDCWD, "stack.yml", text, len, 0644, NULL);
	start = cpu_seconds();
	loadlab_load_with(f, (struct load_options){.environ = environment});
	took = cpu_seconds() - start;
	if (took > seconds_max)
		fail_msg("%s took %.3f s", what, took);
	getrusage(RUSAGE_SELF, &usage);
	if (!SANITIZED && usage.ru_maxrss > MEMORY_MAX_KB)
		fail_msg("%s took %ld KiB", what, usage.ru_maxrss);
}

/* xorshift: the same files in every run. */
static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

struct corpus {
	char *texts[64];
	size_t lengths[64], n;
};

static void read_corpus(struct corpus *corpus, const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)) && corpus->n < 64) {
		size_t *len = &corpus->lengths[corpus->n];
		char path[4500];

		snprintf(path, sizeof(path), "%s/%.200s", directory, entry->d_name);
		if (strstr(entry->d_name, ".y") &&
		    fd_read_file(AT_FDCWD, path, 1 << 20, &corpus->texts[corpus->n], len, NULL) ==
			    0)
			corpus->n++;
	}
	closedir(dir);
}

/* One change at a random place of the LEN bytes of TEXT, which has room for some more. */
static size_t mutate(char *text, size_t len, uint32_t *state)
{
	static const char *const pieces[] = {"{",
					     "}",
					     "[",
					     "]",
					     ": ",
					     "- ",
					     "\n",
					     "  ",
					     "*a",
					     "&a ",
					     "!!x ",
					     "|\n",
					     ">\n",
					     "\"",
					     "'",
					     "${A:-",
					     "$$",
					     "${",
					     "!reset",
					     "null",
					     "~",
					     "<<: ",
					     "-1",
					     "1e999",
					     "\xc3\x28",
					     "\xe2\x80\xa8",
					     "99999999999999999999",
					     "0x7f",
					     "%TAG ",
					     "---\n",
					     "...\n",
					     "\t"};
	size_t at = len ? next_random(state) % len : 0, n;
	const char *piece;

	switch (next_random(state) % 4) {
	case 0:
		text[at] = (char)next_random(state);
		return len;
	case 1:
		n = next_random(state) % 40;
		n = n > len - at ? len - at : n;
		memmove(text + at, text + at + n, len - at - n);
		return len - n;
	case 2:
		n = next_random(state) % 60;
		n = n > len - at ? len - at : n;
		memmove(text + at + n, text + at, len - at);
		return len + n;
	default:
		piece = pieces[next_random(state) % (sizeof(pieces) / sizeof(pieces[0]))];
		n = strlen(piece);
		memmove(text + at + n, text + at, len - at);
		memcpy(text + at, piece, n);
		return len + n;
	}
}

static void broken_files_are_refused(void **state)
{
	struct fixture *f = *state;
	struct corpus corpus = {.n = 0};
	uint32_t random = 0x5eed1234;
	char path[4200];

	snprintf(path, sizeof(path), "%s/tests/corpus", f->before);
	read_corpus(&corpus, path);
	assert_true(corpus.n >= 19);
	for (size_t i = 0; i < MUTATIONS; i++) {
		size_t from = i % corpus.n, len = corpus.lengths[from];
		CLEANUP_FREE char *text = malloc(len + 1024);
		char what[64];

		memcpy(text, corpus.texts[from], len);
		for (size_t n = 1 + i % 8; n > 0; n--)
			len = mutate(text, len, &random);
		snprintf(what, sizeof(what), "mutation %zu", i);
		load_in_bounds(f, text, len, what);
	}
	for (size_t i = 0; i < corpus.n; i++)
		free(corpus.texts[i]);
}

static void repeat(struct strbuf *out, const char *text, size_t n)
{
	while (n-- > 0)
		strbuf_puts(out, text);
}

/* Each level of aliases names the one before ten times. */
static void bomb_aliases(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (size_t i = 1; i <= size; i++) {
		strbuf_printf(out, "x-%zu: &a%zu [", i, i);
		for (size_t j = 0; j < 10; j++)
			strbuf_printf(out, "%s*a%zu", j ? ", " : "", i - 1);
		strbuf_puts(out, "]\n");
	}
	strbuf_printf(out, "services: {a: {image: x, command: *a%zu}}\n", size);
}

static void bomb_merge_keys(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "x-m: &m {");
	for (size_t i = 0; i < 100 * size; i++)
		strbuf_printf(out, "k%zu: 1, ", i);
	strbuf_puts(out, "}\nservices:\n");
	for (size_t i = 0; i < 50 * size; i++)
		strbuf_printf(out, "  s%zu: {<<: *m, image: x}\n", i);
}

static void bomb_depth(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: x, command: ");
	repeat(out, "[", 1000 * size);
	repeat(out, "]", 1000 * size);
	strbuf_puts(out, "}}\n");
}

static void bomb_block_depth(struct strbuf *out, size_t size)
{
	for (size_t i = 0; i < 100 * size; i++) {
		repeat(out, " ", i);
		strbuf_puts(out, "k:\n");
	}
}

static void bomb_errors(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services:\n  a:\n    image: x\n");
	for (size_t i = 0; i < 2000 * size; i++)
		strbuf_printf(out, "    prots%zu: x\n", i);
}

static void bomb_line(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: x, ");
	for (size_t i = 0; i < 2000 * size; i++)
		strbuf_printf(out, "p%zu: x, ", i);
	strbuf_puts(out, "}}\n");
}

static void bomb_nested_variables(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: \"");
	repeat(out, "${U:-", 200 * size);
	repeat(out, "}", 200 * size);
	strbuf_puts(out, "\"}}\n");
}

static void bomb_variables(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: x, environment: {V: \"");
	repeat(out, "${HOME}${U-x}$$", 10000 * size);
	strbuf_puts(out, "\"}}}\n");
}

static void bomb_scalar(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: x, command: \"");
	repeat(out, "word 'a b' ", 10000 * size);
	strbuf_puts(out, "\"}}\n");
}

static void bomb_ports(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services:\n");
	for (size_t i = 0; i < 200 * size; i++)
		strbuf_printf(out, "  s%zu: {image: x, ports: ['1-65535:1-65535', '%zu:1']}\n", i,
			      i + 1);
}

static void bomb_dependencies(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services:\n");
	for (size_t i = 0; i < 40 * size; i++) {
		strbuf_printf(out, "  s%zu: {image: x, depends_on: [", i);
		for (size_t j = 0; j < i; j++)
			strbuf_printf(out, "%ss%zu", j ? ", " : "", j);
		strbuf_puts(out, "]}\n");
	}
}

static void bomb_extends(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services:\n  s0: {image: x, environment: {");
	for (size_t i = 0; i < 500 * size; i++)
		strbuf_printf(out, "v%zu: x, ", i);
	strbuf_puts(out, "}}\n");
	for (size_t i = 1; i < 60; i++)
		strbuf_printf(out, "  s%zu: {extends: s%zu}\n", i, i - 1);
}

static void bomb_include(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: x}}\ninclude:\n");
	repeat(out, "  - stack.yml\n", 100 * size);
}

static void bomb_anchors(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: x, command: [");
	for (size_t i = 0; i < 2000 * size; i++)
		strbuf_printf(out, "&a%zu x, *a%zu, ", i, i);
	strbuf_puts(out, "]}}\n");
}

static void bomb_tags(struct strbuf *out, size_t size)
{
	for (size_t i = 0; i < 500 * size; i++)
		strbuf_printf(out, "%%TAG !t%zu! tag:x,%zu:\n", i, i);
	strbuf_puts(out, "---\nservices: {a: {image: x}}\n");
}

static void bomb_keys(struct strbuf *out, size_t size)
{
	strbuf_puts(out, "services: {a: {image: x, labels: {");
	repeat(out, "? [a, b] : c, ", 1000 * size);
	strbuf_puts(out, "}}}\n");
}

static void expensive_files_end(void **state)
{
	static const struct {
		const char *name;
		void (*make)(struct strbuf *out, size_t size);
	} bombs[] = {
		{"aliases", bomb_aliases},
		{"merge keys", bomb_merge_keys},
		{"depth", bomb_depth},
		{"block depth", bomb_block_depth},
		{"errors", bomb_errors},
		{"one line", bomb_line},
		{"nested variables", bomb_nested_variables},
		{"variables", bomb_variables},
		{"one value", bomb_scalar},
		{"ports", bomb_ports},
		{"dependencies", bomb_dependencies},
		{"extends", bomb_extends},
		{"include", bomb_include},
		{"anchors", bomb_anchors},
		{"tags", bomb_tags},
		{"keys", bomb_keys},
	};
	struct fixture *f = *state;

	/* 16 kinds of 13 sizes */
	for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++)
		for (size_t size = 1; size <= 13; size++) {
			CLEANUP(strbuf_release) struct strbuf text = STRBUF_INIT;
			char what[64];

			bombs[i].make(&text, size);
			snprintf(what, sizeof(what), "%s of size %zu", bombs[i].name, size);
			load_in_bounds(f, text.text, text.len, what);
		}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, loadlab_setup, loadlab_teardown)
	const struct CMUnitTest tests[] = {
		TEST(broken_files_are_refused),
		TEST(expensive_files_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
