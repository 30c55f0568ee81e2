/* The suites of this test program; main.c runs them all. */
#ifndef UNDERSTUDY_TESTS_GUARD_SUITES_H
#define UNDERSTUDY_TESTS_GUARD_SUITES_H

#include <check.h>

Suite *budget_suite(void);

#endif
