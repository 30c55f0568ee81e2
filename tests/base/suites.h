/* The suites of base's test program; main.c lists them. */
#ifndef UNDERSTUDY_TESTS_BASE_SUITES_H
#define UNDERSTUDY_TESTS_BASE_SUITES_H

#include <check.h>

Suite *text_suite(void);
Suite *decimal_suite(void);
Suite *json_suite(void);
Suite *json_grammar_suite(void);
Suite *json_same_suite(void);
Suite *clock_suite(void);
Suite *hash_suite(void);
Suite *csv_suite(void);
Suite *file_suite(void);
Suite *json_build_suite(void);
Suite *loglinear_suite(void);
Suite *priority_suite(void);

#endif
