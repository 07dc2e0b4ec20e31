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

#define RULES_PER_CALL 8

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
};

static uint32_t fail_with(int number)
{
	return SECCOMP_RET_ERRNO | (uint32_t)number;
}

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

static uint32_t rule_result(const struct seccomp_rule *rule)
{
	return rule->fails_with ? fail_with(rule->fails_with) : SECCOMP_RET_ALLOW;
}

static void emit_rule(struct code *code, const struct seccomp_rule *rule)
{
	/* The low half of the argument, on the little-endian machines we have. */
	uint32_t offset = (uint32_t)(offsetof(struct seccomp_data, args) +
				     rule->arg.index * sizeof(uint64_t));
	uint32_t value = rule->arg.value;

	emit_return(code, rule_result(rule));
	switch (rule->arg.test) {
	case SECCOMP_ALWAYS:
		return;
	case SECCOMP_EQUAL:
		emit_jump(code, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
		break;
	case SECCOMP_LESS:
		emit_jump(code, BPF_JMP | BPF_JGE | BPF_K, value, 1, 0);
		break;
	case SECCOMP_GREATER:
		emit_jump(code, BPF_JMP | BPF_JGT | BPF_K, value, 0, 1);
		break;
	case SECCOMP_NO_BITS:
		emit_jump(code, BPF_JMP | BPF_JSET | BPF_K, value, 1, 0);
		break;
	}
	emit(code, BPF_LD | BPF_W | BPF_ABS, offset);
}

static size_t emit_verdict(struct code *code, const struct verdict *verdict, uint32_t otherwise)
{
	size_t n = verdict->n;

	if (n == 0 || verdict->rules[n - 1]->arg.test != SECCOMP_ALWAYS)
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
	if (verdict->n && verdict->rules[verdict->n - 1]->arg.test == SECCOMP_ALWAYS)
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
		    (a->rules[i]->arg.test != SECCOMP_ALWAYS ||
		     b->rules[i]->arg.test != SECCOMP_ALWAYS ||
		     rule_result(a->rules[i]) != rule_result(b->rules[i])))
			return false;
	return true;
}

static const struct seccomp_rule too_new = {.names = "", .fails_with = ENOSYS};

static size_t make_spans(const struct verdict *verdicts, struct span *spans)
{
	size_t n = 0;

	for (uint32_t number = 0; number <= SECCOMP_NEWEST; number++)
		if (n == 0 || !same_verdict(&spans[n - 1].verdict, &verdicts[number]))
			spans[n++] = (struct span){.first = number, .verdict = verdicts[number]};
	spans[n++] = (struct span){.first = SECCOMP_NEWEST + 1,
				   .verdict = {.rules = {&too_new}, .n = 1}};
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
	emit_search(code, spans, make_spans(verdicts, spans), fail_with(profile->fails_with));
	if (arch->numbers_end) {
		emit_return(code, fail_with(ENOSYS));
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
	size_t n;

	if (!code)
		return err_nomem(err);
	if (N_ARCHES == 0)
		return err_set(err, EOPNOTSUPP,
			       "there is no seccomp profile for this machine's architecture; "
			       "use security_opt: [seccomp=unconfined]");
	code->start = BPF_MAXINSNS;
	for (size_t i = 0; i < N_ARCHES; i++) {
		int r = compile_arch(code, &arches[i], profile, capabilities, &starts[i], err);

		if (r < 0)
			return r;
	}
	emit_return(code, SECCOMP_RET_KILL_PROCESS);
	for (size_t i = N_ARCHES; i-- > 0;)
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
