/* The suites of this program; each has its row in main.c. */
#ifndef UNDERSTUDY_TESTS_EVALUATORS_SUITES_H
#define UNDERSTUDY_TESTS_EVALUATORS_SUITES_H

#include <check.h>

Suite *select_suite(void);
Suite *compare_suite(void);
Suite *schema_suite(void);
Suite *schema_official_suite(void);
Suite *schema_hostile_suite(void);

#endif
