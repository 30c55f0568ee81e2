#include "harness/paths/call.h"
#include "tests/paths/suites.h"

/* Prices in nano-units for a million tokens; expectations by hand. */
static const struct {
	struct contract_price price;
	struct token_usage usage;
	int64_t cost;
} rows[] = {
	{{0, 0, 0, 0}, {.input = 1000}, 0},
	/* 0.15 and 0.60 dollars for a million: 1000 * 150 + 500 * 600 nano-dollars */
	{{150000000, 75000000, 0, 600000000}, {.input = 1000, .output = 500}, 450000},
	{{150000000, 75000000, 0, 600000000}, {.cache_read = 1000}, 75000},
	{{1, 1, 1, 1}, {.input = 499999}, 0},
	{{1, 1, 1, 1}, {.input = 500000}, 1}, /* half up */
	{{1, 1, 1, 1}, {.input = 1499999}, 1},
	{{1, 1, 1, 1}, {.input = 500000, .cache_read = 500000, .cache_write = 500000, .output = 500000}, 4},
	{{3, 0, 0, 0}, {.input = 166666}, 0},
	{{3, 0, 0, 0}, {.input = 166667}, 1},
	{{0, 0, 1250000000, 0}, {.cache_write = 3}, 3750},
	/* reasoning is inside output and not billed again */
	{{0, 0, 0, 1000000}, {.output = 10, .reasoning = 7}, 10},
	{{INT64_MAX, 0, 0, 0}, {.input = 1000000}, INT64_MAX},
	{{INT64_MAX, 0, 0, 0}, {.input = 2000000}, INT64_MAX},
	{{INT64_MAX, INT64_MAX, 0, 0}, {.input = 1000000, .cache_read = 1000000}, INT64_MAX},
};

START_TEST(test_price)
{
	ck_assert_int_eq(price_of(&rows[_i].price, &rows[_i].usage), rows[_i].cost);
}
END_TEST

Suite *price_suite(void)
{
	Suite *suite = suite_create("price");
	TCase *tcase = tcase_create("price_of");
	tcase_add_loop_test(tcase, test_price, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, tcase);
	return suite;
}
