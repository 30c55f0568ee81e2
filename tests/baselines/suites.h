/* The suites of the baselines' test program; main.c runs them all. */
#ifndef UNDERSTUDY_TESTS_BASELINES_SUITES_H
#define UNDERSTUDY_TESTS_BASELINES_SUITES_H

#include <check.h>

Suite *sampling_suite(void);
Suite *label_values_suite(void);
Suite *label_export_suite(void);
Suite *label_import_suite(void);
Suite *label_settle_suite(void);

#endif
