#ifndef UNDERSTUDY_TESTS_TAP_SUITES_H
#define UNDERSTUDY_TESTS_TAP_SUITES_H

#include <check.h>

Suite *relay_suite(void);
Suite *fault_suite(void);
Suite *capture_suite(void);
Suite *reload_suite(void);
Suite *leave_suite(void);
Suite *tls_suite(void);
Suite *pressure_suite(void);
Suite *smuggle_suite(void);
Suite *slow_suite(void);
Suite *large_suite(void);
Suite *stall_suite(void);
Suite *break_suite(void);
Suite *receive_suite(void);
Suite *batch_suite(void);
Suite *ingest_suite(void);
Suite *openapi_suite(void);

#endif
