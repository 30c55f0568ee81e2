/* The suites of this test program; main.c runs them all. */
#ifndef UNDERSTUDY_TESTS_ONBOARDING_SUITES_H
#define UNDERSTUDY_TESTS_ONBOARDING_SUITES_H

#include <check.h>

Suite *value_suite(void);
Suite *profile_suite(void);
Suite *samples_suite(void);
Suite *draft_suite(void);

#endif
