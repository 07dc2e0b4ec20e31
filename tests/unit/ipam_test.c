// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/base/cleanup.h"
#include "core/base/err.h"
#include "net/ipam.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cidr prefix(const char *text)
{
	struct cidr cidr;

	assert_int_equal(cidr_parse(text, &cidr, NULL), 0);
	return cidr;
}

static struct cidr ip(const char *text)
{
	struct cidr addr;

	assert_int_equal(cidr_parse_address(text, &addr, NULL), 0);
	return addr;
}

static void assert_cidr(const struct cidr *cidr, const char *expected)
{
	char text[CIDR_TEXT_SIZE];

	cidr_format(cidr, text);
	assert_string_equal(text, expected);
}

static void test_cidr_parse(void **state)
{
	static const char *const bad[] = {
		"",
		"10.0.0.0",
		"10.0.0.0/",
		"10.0.0.0/33",
		"10.0.0.0/-1",
		"10.0.0/24",
		"10.0.0.0/2 4",
		"10.0.0.0/024",
		"/24",
		"10.0.0.256/24",
		"10.0.0.0/24x",
		"fd00::/129",
		"fd00::",
		"fd00:::1/64",
		"1.2.3.4::/64",
		" 10.0.0.0/24",
		"1111111111111111/2",
	};
	struct err err = ERR_INIT;
	struct cidr cidr;

	cidr = prefix("10.1.2.3/24");
	assert_cidr(&cidr, "10.1.2.3/24");
	cidr = prefix("0.0.0.0/0");
	assert_int_equal(cidr.len, 0);
	cidr = prefix("fd00:1::2/64");
	assert_cidr(&cidr, "fd00:1::2/64");
	cidr = prefix("::/0");
	assert_true(cidr_is_v6(&cidr));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (cidr_parse(bad[i], &cidr, &err) != -EINVAL)
			fail_msg("accepted: '%s'", bad[i]);
	assert_string_equal(err.msg,
			    "'1111111111111111/2' is no subnet (a.b.c.d/length or x:y::/length)");
}

static void test_cidr_arithmetic(void **state)
{
	struct cidr all = prefix("0.0.0.0/0"), one = prefix("10.1.2.3/32");
	struct cidr net = prefix("10.1.2.3/24"), next = prefix("10.1.3.0/24");
	struct cidr subnet = cidr_subnet(&net), near = ip("10.1.3.1"), nth = cidr_nth(&net, 255);
	struct cidr mask = cidr_mask(&all);

	assert_cidr(&subnet, "10.1.2.0/24");
	assert_true(cidr_overlaps(&all, &one) && cidr_overlaps(&one, &all));
	assert_true(cidr_overlaps(&net, &one));
	assert_false(cidr_overlaps(&net, &next));
	assert_false(cidr_contains(&net, &near));
	assert_int_equal(cidr_size(&net), 256);
	assert_true(cidr_size(&all) == (uint64_t)1 << 32);
	assert_cidr(&nth, "10.1.2.255/24");
	assert_int_equal(mask.addr.s_addr, 0);
	mask = cidr_mask(&one);
	assert_int_equal(mask.addr.s_addr, 0xffffffff);
}

static void test_cidr_arithmetic_of_ipv6(void **state)
{
	struct cidr net = prefix("fd00:1:2:3:4::5/65"), in = ip("fd00:1:2:3:7fff::");
	struct cidr next = ip("fd00:1:2:3:8000::"), odd = prefix("fd00:ffff::/29");
	struct cidr subnet = cidr_subnet(&net), four = ip("10.0.0.1"), all = prefix("::/0");
	struct cidr nth = cidr_nth(&net, UINT64_MAX), mask = cidr_mask(&odd);

	assert_cidr(&subnet, "fd00:1:2:3::/65");
	assert_true(cidr_contains(&net, &in));
	assert_false(cidr_contains(&net, &next));
	assert_false(cidr_contains(&all, &four));
	assert_false(cidr_overlaps(&all, &four));
	assert_true(cidr_overlaps(&all, &net) && cidr_overlaps(&net, &in));
	assert_true(cidr_size(&net) == (uint64_t)1 << 63);
	assert_true(cidr_size(&all) == UINT64_MAX);
	assert_cidr(&nth, "fd00:1:2:3:ffff:ffff:ffff:ffff/65");
	nth = cidr_nth(&in, 1);
	assert_cidr(&nth, "fd00:1:2:3:7fff::1/128");
	assert_cidr(&mask, "ffff:fff8::/128");
}

static void test_pool(void **state)
{
	CLEANUP(cidr_list_release) struct cidr_list pool = CIDR_LIST_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(ipam_pool(NULL, &pool, &err), 0);
	assert_int_equal(pool.n, 1);
	assert_cidr(&pool.items[0], IPAM_POOL_DEFAULT);
	cidr_list_release(&pool);
	assert_int_equal(ipam_pool("10.1.2.3/16,192.168.7.0/24", &pool, &err), 0);
	assert_int_equal(pool.n, 2);
	assert_cidr(&pool.items[0], "10.1.0.0/16");
	assert_int_equal(ipam_pool("10.0.0.0/25", &pool, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "too small"));
	assert_int_equal(ipam_pool("10.0.0.0/16,", &pool, &err), -EINVAL);
	assert_non_null(strstr(err.msg, "STACK_POOL"));
}

static void test_subnet_is_stable_and_avoids_what_is_taken(void **state)
{
	CLEANUP(cidr_list_release) struct cidr_list pool = CIDR_LIST_INIT;
	CLEANUP(cidr_list_release) struct cidr_list taken = CIDR_LIST_INIT;
	struct cidr first, second, other, hit;

	assert_int_equal(ipam_pool(NULL, &pool, NULL), 0);
	assert_int_equal(ipam_choose_subnet(&pool, &taken, "id", "net", &first, NULL), 0);
	assert_int_equal(ipam_choose_subnet(&pool, &taken, "id", "net", &second, NULL), 0);
	assert_memory_equal(&first.addr, &second.addr, sizeof(first.addr));
	assert_int_equal(ipam_choose_subnet(&pool, &taken, "id", "other", &other, NULL), 0);
	assert_memory_not_equal(&first.addr, &other.addr, sizeof(first.addr));
	hit = cidr_nth(&first, 77);
	cidr_list_add(&taken, cidr_address(&hit));
	assert_int_equal(ipam_choose_subnet(&pool, &taken, "id", "net", &second, NULL), 0);
	assert_false(cidr_overlaps(&first, &second));
	assert_true(cidr_overlaps(&pool.items[0], &second));
}

static void test_every_subnet_is_given_out_before_none_is_left(void **state)
{
	CLEANUP(cidr_list_release) struct cidr_list pool = CIDR_LIST_INIT;
	CLEANUP(cidr_list_release) struct cidr_list taken = CIDR_LIST_INIT;
	struct err err = ERR_INIT;
	struct cidr subnet;

	/* Two parts of different length: the count must go over their border. */
	assert_int_equal(ipam_pool("10.0.4.0/22,172.16.9.0/24", &pool, NULL), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(ipam_choose_subnet(&pool, &taken, "id", "net", &subnet, &err), 0);
		cidr_list_add(&taken, subnet);
	}
	assert_int_equal(ipam_choose_subnet(&pool, &taken, "id", "net", &subnet, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "all 5 subnets"));
	assert_non_null(strstr(err.msg, "STACK_POOL"));
}

static void test_every_address_is_given_out_once(void **state)
{
	struct cidr subnet = prefix("10.9.9.0/28"), gateway = ipam_gateway(&subnet);
	struct cidr used[16] = {gateway}, addr, first = ip("10.9.9.0"), last = ip("10.9.9.15");
	struct err err = ERR_INIT;
	size_t n = 1;

	assert_cidr(&gateway, "10.9.9.1/28");
	for (; n < 14; n++) {
		assert_int_equal(ipam_choose_address(&subnet, NULL, used, n, "web", &addr, &err),
				 0);
		assert_true(cidr_contains(&subnet, &addr));
		assert_int_equal(addr.len, 28);
		assert_false(cidr_same_address(&addr, &first));
		assert_false(cidr_same_address(&addr, &last));
		for (size_t i = 0; i < n; i++)
			assert_false(cidr_same_address(&addr, &used[i]));
		used[n] = addr;
	}
	assert_int_equal(ipam_choose_address(&subnet, NULL, used, n, "web", &addr, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "10.9.9.0/28"));
}

static void test_range_narrows_the_choice(void **state)
{
	struct cidr subnet = prefix("10.9.0.0/16"), range = prefix("10.9.8.0/30");
	struct cidr addr;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(ipam_choose_address(&subnet, &range, NULL, 0, "web", &addr, NULL),
				 0);
		assert_true(cidr_contains(&range, &addr));
	}
}

static void test_ipv6_subnet_is_unique_local_and_stable(void **state)
{
	CLEANUP(cidr_list_release) struct cidr_list taken = CIDR_LIST_INIT;
	struct cidr all = prefix("fd00::/8"), first, second, other;
	struct err err = ERR_INIT;

	assert_int_equal(ipam_choose_subnet6(&taken, "id", "net", &first, NULL), 0);
	assert_int_equal(ipam_choose_subnet6(&taken, "id", "net", &second, NULL), 0);
	assert_true(cidr_same_address(&first, &second));
	assert_int_equal(first.len, 64);
	assert_true(cidr_contains(&all, &first));
	assert_int_equal(ipam_choose_subnet6(&taken, "id", "other", &other, NULL), 0);
	assert_false(cidr_overlaps(&first, &other));
	cidr_list_add(&taken, cidr_nth(&first, 7));
	assert_int_equal(ipam_choose_subnet6(&taken, "id", "net", &second, NULL), 0);
	assert_false(cidr_overlaps(&first, &second));
	cidr_list_add(&taken, all);
	assert_int_equal(ipam_choose_subnet6(&taken, "id", "net", &second, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "ipam.config"));
}

static void test_ipv6_addresses_are_of_the_range_and_none_is_kept_free(void **state)
{
	struct cidr subnet = prefix("fd00:1::/64"), range = prefix("fd00:1::10/126"), addr;
	struct cidr used[] = {ip("fd00:1::10"), ip("fd00:1::11"), ip("fd00:1::13")};

	assert_int_equal(ipam_choose_address(&subnet, NULL, NULL, 0, "web", &addr, NULL), 0);
	assert_true(cidr_contains(&subnet, &addr));
	assert_int_equal(addr.len, 64);
	assert_int_equal(ipam_choose_address(&subnet, &range, used, 3, "web", &addr, NULL), 0);
	assert_cidr(&addr, "fd00:1::12/64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cidr_parse),
		cmocka_unit_test(test_cidr_arithmetic),
		cmocka_unit_test(test_cidr_arithmetic_of_ipv6),
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_subnet_is_stable_and_avoids_what_is_taken),
		cmocka_unit_test(test_every_subnet_is_given_out_before_none_is_left),
		cmocka_unit_test(test_every_address_is_given_out_once),
		cmocka_unit_test(test_range_narrows_the_choice),
		cmocka_unit_test(test_ipv6_subnet_is_unique_local_and_stable),
		cmocka_unit_test(test_ipv6_addresses_are_of_the_range_and_none_is_kept_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
