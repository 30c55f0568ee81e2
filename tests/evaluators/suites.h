/* The suites of the evaluators' test program; main.c runs them all. */
#ifndef UNDERSTUDY_TESTS_EVALUATORS_SUITES_H
#define UNDERSTUDY_TESTS_EVALUATORS_SUITES_H

#include <check.h>

Suite *select_suite(void);
Suite *compare_suite(void);
Suite *format_suite(void);
Suite *reach_suite(void);
Suite *compatibility_suite(void);
Suite *compatibility_claims_suite(void);
Suite *schema_suite(void);
Suite *schema_keywords_suite(void);
Suite *schema_output_suite(void);
Suite *schema_official_suite(void);
Suite *schema_hostile_suite(void);
Suite *drift_suite(void);
Suite *drift_recover_suite(void);
Suite *drift_monitor_suite(void);
Suite *stats_special_suite(void);
Suite *stats_intervals_suite(void);
Suite *stats_anytime_suite(void);
Suite *stats_agreement_suite(void);
Suite *stats_measures_suite(void);
Suite *stats_methods_suite(void);
Suite *stats_shift_suite(void);
Suite *stats_vectors_suite(void);

#endif
