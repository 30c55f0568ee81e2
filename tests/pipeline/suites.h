/* The suites of the pipeline's test program; main.c runs them all. */
#ifndef UNDERSTUDY_TESTS_PIPELINE_SUITES_H
#define UNDERSTUDY_TESTS_PIPELINE_SUITES_H

#include <check.h>

Suite *comparison_suite(void);
Suite *draw_suite(void);
Suite *drift_watch_suite(void);
Suite *interleaving_suite(void);
Suite *message_suite(void);
Suite *recording_suite(void);
Suite *replay_suite(void);
Suite *pairing_suite(void);
Suite *shadow_suite(void);
Suite *worker_suite(void);

#endif
