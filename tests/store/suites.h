#ifndef UNDERSTUDY_TESTS_STORE_SUITES_H
#define UNDERSTUDY_TESTS_STORE_SUITES_H

#include <check.h>

Suite *store_suite(void);
Suite *statement_suite(void);
Suite *ingest_suite(void);
Suite *evaluation_suite(void);
Suite *rollup_suite(void);
Suite *version_suite(void);
Suite *fault_suite(void);
Suite *incident_suite(void);
Suite *drift_suite(void);

#endif
