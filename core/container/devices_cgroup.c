// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/container/devices_cgroup.h"

#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/container/cgroup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define RWM (DEVICE_MKNOD | DEVICE_READ | DEVICE_WRITE)

static const struct device_rule default_rules[] = {
	{'c', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD},
	{'b', DEVICE_ANY, DEVICE_ANY, DEVICE_MKNOD},
	{'c', 1, 3, RWM},	     /* null */
	{'c', 1, 5, RWM},	     /* zero */
	{'c', 1, 7, RWM},	     /* full */
	{'c', 1, 8, RWM},	     /* random */
	{'c', 1, 9, RWM},	     /* urandom */
	{'c', 5, 0, RWM},	     /* tty */
	{'c', 5, 1, RWM},	     /* console */
	{'c', 5, 2, RWM},	     /* ptmx */
	{'c', 136, DEVICE_ANY, RWM}, /* pts/N */
	{'c', 10, 200, RWM},	     /* net/tun */
};

/* A number or '*' at *TEXT, which is moved behind it and the character END. */
static bool parse_number(const char **text, char end, int64_t *ret)
{
	size_t digits = strspn(*text, "0123456789");

	if (**text == '*')
		*ret = DEVICE_ANY;
	else if (digits > 0 && digits < 8)
		*ret = strtol(*text, NULL, 10);
	else
		return false;
	*text += **text == '*' ? 1 : digits;
	return *(*text)++ == end;
}

int device_rule_parse(const char *text, struct device_rule *ret_rule)
{
	struct device_rule rule = {.type = *text};

	if (!rule.type || !strchr("abc", rule.type) || text[1] != ' ')
		return -EINVAL;
	text += 2;
	if (!parse_number(&text, ':', &rule.major_number) ||
	    !parse_number(&text, ' ', &rule.minor_number) || !*text || text[strspn(text, "rwm")])
		return -EINVAL;
	for (; *text; text++)
		rule.access |= *text == 'r'   ? DEVICE_READ
			       : *text == 'w' ? DEVICE_WRITE
					      : DEVICE_MKNOD;
	*ret_rule = rule;
	return 0;
}

/* A rule is at most this long, see rule_emit(); the rest is what is around the rules. */
#define RULE_INSNS  8
#define FRAME_INSNS 8

struct program {
	struct bpf_insn *insns;
	size_t n;
};

static void emit(struct program *program, struct bpf_insn insn)
{
	program->insns[program->n++] = insn;
}

static void emit_move(struct program *program, int to, int from)
{
	emit(program, (struct bpf_insn){.code = BPF_ALU | BPF_MOV | BPF_X,
					.dst_reg = to & 0xf,
					.src_reg = from & 0xf});
}

static void emit_alu(struct program *program, int operation, int reg, int32_t value)
{
	emit(program, (struct bpf_insn){.code = (__u8)(BPF_ALU | operation | BPF_K),
					.dst_reg = reg & 0xf,
					.imm = value});
}

static void emit_load(struct program *program, int reg, size_t offset)
{
	emit(program, (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
					.dst_reg = reg & 0xf,
					.src_reg = BPF_REG_1,
					.off = (__s16)offset});
}

/* Over SKIP instructions when REG is not VALUE. */
static void emit_unless(struct program *program, int reg, int32_t value, size_t skip)
{
	emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_JNE | BPF_K,
					.dst_reg = reg & 0xf,
					.off = (__s16)skip,
					.imm = value});
}

static void emit_return(struct program *program, int32_t value)
{
	emit_alu(program, BPF_MOV, BPF_REG_0, value);
	emit(program, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* r2 type, r3 what is to be done, r4 major, r5 minor: return 1 when RULE has it all. */
static void rule_emit(struct program *program, const struct device_rule *rule)
{
	bool major = rule->major_number != DEVICE_ANY, minor = rule->minor_number != DEVICE_ANY;
	size_t rest = 5u + major + minor; /* what is left of the rule after the type test */

	emit_unless(program, BPF_REG_2,
		    rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, rest);
	if (major)
		emit_unless(program, BPF_REG_4, (int32_t)rule->major_number, --rest);
	if (minor)
		emit_unless(program, BPF_REG_5, (int32_t)rule->minor_number, --rest);
	/* Anything that the rule does not name must not be asked for. */
	emit_move(program, BPF_REG_0, BPF_REG_3);
	emit_alu(program, BPF_AND, BPF_REG_0, (int32_t)(RWM & ~rule->access));
	emit_unless(program, BPF_REG_0, 0, 2);
	emit_return(program, 1);
}

static void program_emit(struct program *program, const struct device_filter *filter)
{
	if (!filter->all) {
		emit_load(program, BPF_REG_2, offsetof(struct bpf_cgroup_dev_ctx, access_type));
		emit_load(program, BPF_REG_4, offsetof(struct bpf_cgroup_dev_ctx, major));
		emit_load(program, BPF_REG_5, offsetof(struct bpf_cgroup_dev_ctx, minor));
		emit_move(program, BPF_REG_3, BPF_REG_2);
		emit_alu(program, BPF_AND, BPF_REG_2, 0xffff);
		emit_alu(program, BPF_RSH, BPF_REG_3, 16);
		for (size_t i = 0; i < filter->n_rules; i++)
			rule_emit(program, &filter->rules[i]);
	}
	emit_return(program, filter->all);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int program_load(struct device_filter *filter, struct err *err)
{
	CLEANUP_FREE struct bpf_insn *insns = NULL;
	struct program program = {.n = 0};
	union bpf_attr attr;

	insns = calloc(filter->n_rules * RULE_INSNS + FRAME_INSNS, sizeof(*insns));
	if (!insns)
		return err_nomem(err);
	program.insns = insns;
	program_emit(&program, filter);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (__u32)program.n;
	attr.license = (uintptr_t) "GPL";
	memcpy(attr.prog_name, "stack_devices", sizeof("stack_devices"));
	filter->program = bpf(BPF_PROG_LOAD, &attr); /* close-on-exec from birth */
	if (filter->program < 0)
		return err_sys(err, errno, "load the device filter");
	return 0;
}

/* The program that is attached to DIRFD itself, as an fd; -1: none. */
static int attached_program(int dirfd, int *ret_fd, struct err *err)
{
	union bpf_attr attr;
	__u32 ids[2];

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (__u32)dirfd;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = ARRAY_SIZE(ids);
	*ret_fd = -1;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return err_sys(err, errno, "look for a device filter");
	if (attr.query.prog_cnt == 0)
		return 0;
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = ids[0];
	*ret_fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
	return *ret_fd < 0 ? err_sys(err, errno, "open the device filter in force") : 0;
}

/*
 * With ALLOW_MULTI a program that somebody with enough rights attaches further
 * down is asked in addition to ours, not instead.
 */
static int program_attach(const struct device_filter *filter, int dirfd, struct err *err)
{
	CLEANUP_FD int old = -1;
	union bpf_attr attr;
	int r;

	r = attached_program(dirfd, &old, err);
	if (r < 0)
		return r;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (__u32)dirfd;
	attr.attach_bpf_fd = (__u32)filter->program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (__u32)old;
	}
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return err_sys(err, errno, "put the device filter in force");
	return 0;
}

static void number_text(int64_t number, char text[24])
{
	if (number == DEVICE_ANY)
		memcpy(text, "*", 2);
	else
		snprintf(text, 24, "%" PRId64, number);
}

static int v1_apply(const struct device_filter *filter, int dirfd, struct err *err)
{
	int r;

	if (filter->all)
		return fd_write_control(dirfd, "devices.allow", "a", err);
	r = fd_write_control(dirfd, "devices.deny", "a", err);
	for (size_t i = 0; i < filter->n_rules && r == 0; i++) {
		const struct device_rule *rule = &filter->rules[i];
		char major[24], minor[24], line[64];

		number_text(rule->major_number, major);
		number_text(rule->minor_number, minor);
		snprintf(line, sizeof(line), "%c %s:%s %s%s%s", rule->type, major, minor,
			 rule->access & DEVICE_READ ? "r" : "",
			 rule->access & DEVICE_WRITE ? "w" : "",
			 rule->access & DEVICE_MKNOD ? "m" : "");
		r = fd_write_control(dirfd, "devices.allow", line, err);
	}
	return r;
}

static bool is_valid(const struct device_rule *rule)
{
	return (rule->type == 'b' || rule->type == 'c') && rule->major_number >= DEVICE_ANY &&
	       rule->major_number <= INT32_MAX && rule->minor_number >= DEVICE_ANY &&
	       rule->minor_number <= INT32_MAX && rule->access && !(rule->access & ~RWM);
}

/* The jumps in a BPF program are 16 bits; nobody needs more rules than this. */
#define RULES_MAX 1024

int device_filter_init(struct device_filter *ret_filter, const struct device_rule *extra, size_t n,
		       bool all, struct err *err)
{
	struct device_filter filter = DEVICE_FILTER_INIT;

	for (size_t i = 0; i < n; i++)
		if (!is_valid(&extra[i]))
			return err_set(err, EINVAL, "device rule %zu is malformed", i + 1);
	if (n > RULES_MAX)
		return err_set(err, EINVAL, "%zu device rules are more than %d", n, RULES_MAX);
	filter.n_rules = ARRAY_SIZE(default_rules) + n;
	filter.all = all;
	filter.rules = calloc(filter.n_rules, sizeof(*filter.rules));
	if (!filter.rules)
		return err_nomem(err);
	memcpy(filter.rules, default_rules, sizeof(default_rules));
	if (n)
		memcpy(filter.rules + ARRAY_SIZE(default_rules), extra, n * sizeof(*extra));
	*ret_filter = filter;
	return 0;
}

void device_filter_release(struct device_filter *filter)
{
	free(filter->rules);
	cleanup_close(&filter->program);
	*filter = (struct device_filter)DEVICE_FILTER_INIT;
}

static int unified_apply(struct device_filter *filter, const struct cgroup_tree *tree,
			 const char *path, struct err *err)
{
	CLEANUP_FD int dirfd = -1;
	int r = 0;

	if (filter->program < 0)
		r = program_load(filter, err);
	if (r == 0)
		r = cgroup_open(tree, path, &dirfd, err);
	return r < 0 ? r : program_attach(filter, dirfd, err);
}

int device_filter_apply(struct device_filter *filter, const struct cgroup_host *host,
			const char *path, struct err *err)
{
	const struct cgroup_tree *v1 = cgroup_tree_with(host, CGROUP_DEVICES);
	CLEANUP_FD int dirfd = -1;
	struct err why = ERR_INIT;
	int r = -EOPNOTSUPP;

	if (host->has_unified) {
		r = unified_apply(filter, &host->unified, path, &why);
		if (r == 0)
			return 0;
	}
	if (!v1)
		return err_set(err, r == -ENOENT ? ENOENT : EOPNOTSUPP,
			       "devices of cgroup '%s' cannot be restricted (%s); use a kernel "
			       "with CONFIG_CGROUP_BPF",
			       path, why.code ? why.msg : "no cgroup v2 tree is mounted");
	/* A kernel without BPF for cgroups: the v1 controller does as well. */
	r = cgroup_open(v1, path, &dirfd, err);
	if (r == 0)
		r = v1_apply(filter, dirfd, err);
	return r < 0 ? err_wrap(err, "restrict the devices of cgroup '%s'", path) : 0;
}
