/* The suites of the reports' test program; main.c lists them. */
#ifndef UNDERSTUDY_TESTS_REPORTS_SUITES_H
#define UNDERSTUDY_TESTS_REPORTS_SUITES_H

#include <check.h>

Suite *gate_suite(void);
Suite *report_suite(void);
Suite *drift_suite(void);

#endif
