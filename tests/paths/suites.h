/* The suites of paths' test program; main.c lists them. */
#ifndef UNDERSTUDY_TESTS_PATHS_SUITES_H
#define UNDERSTUDY_TESTS_PATHS_SUITES_H

#include <check.h>

Suite *provider_suite(void);
Suite *recorded_replies_suite(void);
Suite *call_suite(void);
Suite *price_suite(void);

#endif
