// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/err.h"
#include "core/container/spec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *argv[] = {"sh", "-c", "", NULL};
static const char *cgroups[] = {"/a", NULL};
static struct spec_mount mounts[] = {
	{.type = SPEC_MOUNT_BIND, .source = "/s", .target = "/t", .flags = 1},
	{.type = SPEC_MOUNT_TMPFS, .target = "/tmp", .data = "size=1", .propagation = 7},
};
static struct spec_device devices[] = {{"/dev/a", 0020640, 10, 237, 0, 6}};
static struct spec_rlimit rlimits[] = {{7, 100, UINT64_MAX}};

static struct container_spec example(void)
{
	return (struct container_spec){
		.name = "shop-web-1",
		.argv = argv,
		.cgroups = cgroups,
		.mounts = mounts,
		.n_mounts = 2,
		.devices = devices,
		.n_devices = 1,
		.id_host = 300000,
		.id_count = 65536,
		.rlimits = rlimits,
		.n_rlimits = 1,
		.capabilities = UINT64_C(0xa80425fb),
		.seccomp = "12345678",
		.seccomp_len = 8,
		.oom_score_adj = -500,
		.log_max_files = 3,
	};
}

static void assert_strings_equal(spec_strings a, spec_strings b)
{
	size_t i = 0;

	for (; a && a[i]; i++)
		assert_string_equal(a[i], b[i]);
	assert_true(!b || !b[i]);
}

static void what_is_encoded_comes_back(void **state)
{
	struct container_spec in = example(), out;
	struct err err = ERR_INIT;
	void *data;
	size_t len;

	assert_int_equal(container_spec_encode(&in, &data, &len, &err), 0);
	assert_int_equal(container_spec_decode(data, len, &out, &err), 0);
	assert_string_equal(out.name, in.name);
	assert_strings_equal(in.argv, out.argv);
	assert_strings_equal(in.cgroups, out.cgroups);
	assert_null(out.envp);
	assert_null(out.user);
	assert_int_equal(out.n_mounts, 2);
	assert_string_equal(out.mounts[0].source, "/s");
	assert_null(out.mounts[1].source);
	assert_int_equal(out.mounts[0].flags, 1);
	assert_string_equal(out.mounts[1].data, "size=1");
	assert_int_equal(out.mounts[1].propagation, 7);
	assert_int_equal(out.n_devices, 1);
	assert_string_equal(out.devices[0].path, "/dev/a");
	assert_int_equal(out.devices[0].mode, 0020640);
	assert_int_equal(out.devices[0].minor_number, 237);
	assert_int_equal(out.devices[0].gid, 6);
	assert_int_equal(out.id_host, 300000);
	assert_int_equal(out.id_count, 65536);
	assert_int_equal(out.n_rlimits, 1);
	assert_true(out.rlimits[0].hard == UINT64_MAX);
	assert_true(out.capabilities == in.capabilities);
	assert_int_equal(out.seccomp_len, 8);
	assert_memory_equal(out.seccomp, "12345678", 8);
	assert_int_equal(out.oom_score_adj, -500);
	assert_int_equal(out.log_max_files, 3);
	container_spec_release(&out);
	free(data);
}

static void every_truncation_is_refused_or_consistent(void **state)
{
	struct container_spec in = example(), out;
	void *data;
	size_t len;

	assert_int_equal(container_spec_encode(&in, &data, &len, NULL), 0);
	for (size_t n = 0; n < len; n++) {
		/* A buffer of its own, so that the sanitizer sees a read past its end. */
		char *cut = malloc(n ? n : 1);
		int r;

		memcpy(cut, data, n);
		r = container_spec_decode(cut, n, &out, NULL);
		if (r == 0)
			container_spec_release(&out);
		else
			assert_int_equal(r, -EBADMSG);
		free(cut);
	}
	free(data);
}

struct raw {
	uint16_t id, index;
	uint32_t len;
	char data[8];
};

static int decode_after_name(struct raw field)
{
	static const struct raw name = {1, 0, 2, "n"};
	char data[64];
	struct container_spec out;
	size_t len = 10;
	int r;

	memcpy(data, &name, 10);
	memcpy(data + len, &field, 8);
	memcpy(data + len + 8, field.data, sizeof(field.data));
	len += 8 + (field.len <= 8 ? field.len : 8);
	r = container_spec_decode(data, len, &out, NULL);
	if (r == 0)
		container_spec_release(&out);
	return r;
}

static void malformed_fields_are_refused(void **state)
{
	static const struct raw fields[] = {
		{999, 0, 2, "x"},	 /* unknown */
		{2, 1, 2, "x"},		 /* a list that does not start at 0 */
		{4, 1, 2, "x"},		 /* a single value with an index */
		{4, 0, 2, "xy"},	 /* no NUL */
		{4, 0, 3, "x\0"},	 /* a NUL inside */
		{4, 0, 0, ""},		 /* not even a NUL */
		{13, 0, 2, "x"},	 /* not a u32 */
		{4, 0, UINT32_MAX, "x"}, /* longer than the file */
		{66, 65535, 2, "x"},	 /* an element far away */
		{66, 0, 2, "x"},	 /* a bind mount without a source */
		{22, 0, 0, ""},		 /* an empty filter is left out, not written */
	};

	assert_int_equal(decode_after_name((struct raw){4, 0, 2, "x"}), 0);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_int_equal(decode_after_name(fields[i]), -EBADMSG);
}

static void a_spec_without_a_name_is_refused(void **state)
{
	struct container_spec out;

	assert_int_equal(container_spec_decode("", 0, &out, NULL), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_encoded_comes_back),
		cmocka_unit_test(every_truncation_is_refused_or_consistent),
		cmocka_unit_test(malformed_fields_are_refused),
		cmocka_unit_test(a_spec_without_a_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
