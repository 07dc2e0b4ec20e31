// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/supervise/seccomp.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/supervise/seccomp_profile.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>

/*
 * From a profile to a program
 *
 * For each architecture every number gets a verdict; neighbours with the same
 * one become a span, and the program is a binary search for the span.  That is
 * some eight comparisons for any call, where a chain of tests needs up to one
 * per call.  Instructions only jump forward, so the program is written from
 * its end: where a jump leads is then always known.
 */

#define RULES_PER_CALL 32

struct verdict {
	const struct seccomp_rule *rules[RULES_PER_CALL];
	size_t n;
};

struct span {
	uint32_t first;
	struct verdict verdict;
};

struct arch {
	uint32_t scmp, audit;
	uint32_t numbers_end; /* calls from here on do not exist (x32); 0: no such thing */
};

static const struct arch arches[] = {
#if defined(__x86_64__)
	{SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0x40000000},
	{SCMP_ARCH_X86, AUDIT_ARCH_I386, 0},
#endif
	{0, 0, 0}, /* elsewhere there is none */
};
#define N_ARCHES (ARRAY_SIZE(arches) - 1)

struct code {
	struct sock_filter insns[BPF_MAXINSNS];
	size_t start; /* the program is from here to the end */
	bool full;
	bool wide; /* arguments have 64 bits in the part that is being written */
};

/* Put an instruction in front; returns where it is. */
static size_t emit_jump(struct code *code, int operation, uint32_t k, size_t jt, size_t jf)
{
	if (code->start == 0) {
		code->full = true;
		return 0;
	}
	code->insns[--code->start] = (struct sock_filter){
		.code = (__u16)operation, .jt = (__u8)jt, .jf = (__u8)jf, .k = k};
	return code->start;
}

static size_t emit(struct code *code, int operation, uint32_t k)
{
	return emit_jump(code, operation, k, 0, 0);
}

static size_t emit_return(struct code *code, uint32_t value)
{
	return emit(code, BPF_RET | BPF_K, value);
}

/* To TARGET when the comparison with K holds, else on to what was emitted last. */
static size_t emit_branch(struct code *code, int comparison, uint32_t k, size_t target)
{
	size_t distance = target - code->start;

	if (distance <= UINT8_MAX)
		return emit_jump(code, BPF_JMP | comparison | BPF_K, k, distance, 0);
	emit(code, BPF_JMP | BPF_JA, (uint32_t)distance);
	return emit_jump(code, BPF_JMP | comparison | BPF_K, k, 0, 1);
}

/* Where the comparison leads; both are near enough for a jump of one byte. */
struct targets {
	size_t yes, no;
};

static void emit_test(struct code *code, int comparison, uint64_t k, struct targets to)
{
	emit_jump(code, BPF_JMP | comparison | BPF_K, (uint32_t)k, to.yes - code->start,
		  to.no - code->start);
}

/* Load a half of argument INDEX: HALF 0 is the low one, on the little-endian machines we have. */
static void emit_load(struct code *code, unsigned int index, unsigned int half)
{
	emit(code, BPF_LD | BPF_W | BPF_ABS,
	     (uint32_t)(offsetof(struct seccomp_data, args) + index * sizeof(uint64_t) +
			half * sizeof(uint32_t)));
}

static void emit_masked_equal(struct code *code, const struct seccomp_arg *arg, uint64_t mask,
			      bool wide, struct targets to)
{
	for (unsigned int half = 0; half <= (wide ? 1u : 0u); half++) {
		uint32_t bits = (uint32_t)(mask >> 32 * half);

		emit_test(code, BPF_JEQ, arg->value >> 32 * half, to);
		if (bits != UINT32_MAX)
			emit(code, BPF_ALU | BPF_AND | BPF_K, bits);
		emit_load(code, arg->index, half);
		to.yes = code->start;
	}
}

/* COMPARISON is BPF_JGT or BPF_JGE; the upper halves decide unless they are equal. */
static void emit_order(struct code *code, const struct seccomp_arg *arg, int comparison, bool wide,
		       struct targets to)
{
	struct targets equal = {.no = to.no};

	emit_test(code, comparison, arg->value & UINT32_MAX, to);
	emit_load(code, arg->index, 0);
	if (!wide)
		return;
	equal.yes = code->start;
	emit_test(code, BPF_JEQ, arg->value >> 32, equal);
	to.no = code->start;
	emit_test(code, BPF_JGT, arg->value >> 32, to);
	emit_load(code, arg->index, 1);
}

static void emit_arg(struct code *code, const struct seccomp_arg *arg, struct targets to)
{
	struct targets swapped = {.yes = to.no, .no = to.yes};
	bool wide = code->wide && !arg->half;

	switch (arg->test) {
	case SECCOMP_ALWAYS:
		return;
	case SECCOMP_EQUAL:
		emit_masked_equal(code, arg, UINT64_MAX, wide, to);
		return;
	case SECCOMP_NOT_EQUAL:
		emit_masked_equal(code, arg, UINT64_MAX, wide, swapped);
		return;
	case SECCOMP_MASKED_EQUAL:
		emit_masked_equal(code, arg, arg->mask, wide, to);
		return;
	case SECCOMP_GREATER:
		emit_order(code, arg, BPF_JGT, wide, to);
		return;
	case SECCOMP_GREATER_EQUAL:
		emit_order(code, arg, BPF_JGE, wide, to);
		return;
	case SECCOMP_LESS:
		emit_order(code, arg, BPF_JGE, wide, swapped);
		return;
	case SECCOMP_LESS_EQUAL:
		emit_order(code, arg, BPF_JGT, wide, swapped);
		return;
	}
}

static bool has_tests(const struct seccomp_rule *rule)
{
	return rule->args[0].test != SECCOMP_ALWAYS;
}

static void emit_rule(struct code *code, const struct seccomp_rule *rule)
{
	struct targets to = {.no = code->start};
	size_t n = 0;

	emit_return(code, rule->action);
	while (n < SECCOMP_ARGS_MAX && rule->args[n].test != SECCOMP_ALWAYS)
		n++;
	while (n > 0) {
		to.yes = code->start;
		emit_arg(code, &rule->args[--n], to);
	}
}

static size_t emit_verdict(struct code *code, const struct verdict *verdict, uint32_t otherwise)
{
	size_t n = verdict->n;

	if (n == 0 || has_tests(verdict->rules[n - 1]))
		emit_return(code, otherwise);
	while (n > 0)
		emit_rule(code, verdict->rules[--n]);
	return code->start;
}

/* The search among N spans for the number in the accumulator. */
static size_t emit_search(struct code *code, const struct span *spans, size_t n, uint32_t otherwise)
{
	size_t upper;

	if (n == 1)
		return emit_verdict(code, &spans->verdict, otherwise);
	upper = emit_search(code, spans + n / 2, n - n / 2, otherwise);
	emit_search(code, spans, n / 2, otherwise);
	return emit_branch(code, BPF_JGE, spans[n / 2].first, upper);
}

/* A rule without a test leaves those after it nothing to say. */
static int verdict_add(struct verdict *verdict, const struct seccomp_rule *rule)
{
	if (verdict->n && !has_tests(verdict->rules[verdict->n - 1]))
		return 0;
	if (verdict->n == RULES_PER_CALL)
		return -E2BIG;
	verdict->rules[verdict->n++] = rule;
	return 0;
}

static int apply_rule(struct verdict *verdicts, const struct seccomp_rule *rule, uint32_t arch,
		      struct err *err)
{
	for (const char *name = rule->names; *name;) {
		size_t len = strcspn(name, " ");
		char word[64];
		int number;

		if (len >= sizeof(word))
			return err_set(err, EINVAL, "seccomp: '%s' is no system call", name);
		memcpy(word, name, len);
		word[len] = '\0';
		number = seccomp_number(word, arch);
		if (number >= 0 && number <= SECCOMP_NEWEST &&
		    verdict_add(&verdicts[number], rule) < 0)
			return err_set(err, E2BIG, "seccomp: more than %d rules for '%s'",
				       RULES_PER_CALL, word);
		name += len + (name[len] == ' ');
	}
	return 0;
}

/* Rules without a test are the same when their result is; others only when they are one. */
static bool same_verdict(const struct verdict *a, const struct verdict *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->rules[i] != b->rules[i] &&
		    (has_tests(a->rules[i]) || has_tests(b->rules[i]) ||
		     a->rules[i]->action != b->rules[i]->action))
			return false;
	return true;
}

static const struct seccomp_rule too_new = {.names = "", .action = SECCOMP_RET_ERRNO | ENOSYS};

static size_t make_spans(const struct seccomp_profile *profile, const struct verdict *verdicts,
			 struct span *spans)
{
	size_t n = 0;

	for (uint32_t number = 0; number <= SECCOMP_NEWEST; number++)
		if (n == 0 || !same_verdict(&spans[n - 1].verdict, &verdicts[number]))
			spans[n++] = (struct span){.first = number, .verdict = verdicts[number]};
	spans[n] = (struct span){.first = SECCOMP_NEWEST + 1};
	if ((profile->otherwise & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		verdict_add(&spans[n].verdict, &too_new);
	n++;
	return n;
}

/* The part of the program for ARCH; RET_START is where it begins. */
static int compile_arch(struct code *code, const struct arch *arch,
			const struct seccomp_profile *profile, uint64_t capabilities,
			size_t *ret_start, struct err *err)
{
	CLEANUP_FREE struct verdict *verdicts = calloc(SECCOMP_NEWEST + 1, sizeof(*verdicts));
	CLEANUP_FREE struct span *spans = calloc(SECCOMP_NEWEST + 2, sizeof(*spans));

	if (!verdicts || !spans)
		return err_nomem(err);
	for (size_t i = 0; i < profile->n_rules; i++) {
		const struct seccomp_rule *rule = &profile->rules[i];
		int r = 0;

		if (!rule->needs || rule->needs & capabilities)
			r = apply_rule(verdicts, rule, arch->scmp, err);
		if (r < 0)
			return r;
	}
	code->wide = arch->audit & __AUDIT_ARCH_64BIT;
	emit_search(code, spans, make_spans(profile, verdicts, spans), profile->otherwise);
	if (arch->numbers_end) {
		emit_return(code, SECCOMP_RET_ERRNO | ENOSYS);
		emit_jump(code, BPF_JMP | BPF_JGE | BPF_K, arch->numbers_end, 0, 1);
	}
	*ret_start = emit(code, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	return 0;
}

int seccomp_compile(const struct seccomp_profile *profile, uint64_t capabilities,
		    struct sock_filter **ret_filter, size_t *ret_n, struct err *err)
{
	CLEANUP_FREE struct sock_filter *filter = NULL;
	CLEANUP_FREE struct code *code = calloc(1, sizeof(*code));
	size_t starts[ARRAY_SIZE(arches)];
	size_t n_arches = profile->native_only && N_ARCHES > 0 ? 1 : N_ARCHES;
	size_t n;

	if (!code)
		return err_nomem(err);
	if (N_ARCHES == 0)
		return err_set(err, EOPNOTSUPP,
			       "there is no seccomp profile for this machine's architecture; "
			       "use security_opt: [seccomp=unconfined]");
	code->start = BPF_MAXINSNS;
	for (size_t i = 0; i < n_arches; i++) {
		int r = compile_arch(code, &arches[i], profile, capabilities, &starts[i], err);

		if (r < 0)
			return r;
	}
	emit_return(code, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = n_arches; i-- > 0;)
		emit_branch(code, BPF_JEQ, arches[i].audit, starts[i]);
	emit(code, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	if (code->full)
		return err_set(err, E2BIG, "the seccomp profile needs more than %d instructions",
			       BPF_MAXINSNS);
	n = BPF_MAXINSNS - code->start;
	filter = malloc(n * sizeof(*filter));
	if (!filter)
		return err_nomem(err);
	memcpy(filter, code->insns + code->start, n * sizeof(*filter));
	*ret_filter = TAKE_PTR(filter);
	*ret_n = n;
	return 0;
}

int seccomp_default(uint64_t capabilities, struct sock_filter **ret_filter, size_t *ret_n,
		    struct err *err)
{
	return seccomp_compile(&seccomp_default_profile, capabilities, ret_filter, ret_n, err);
}
