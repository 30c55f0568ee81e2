#ifndef UNDERSTUDY_TESTS_WEB_SUITES_H
#define UNDERSTUDY_TESTS_WEB_SUITES_H

#include <check.h>

Suite *listen_suite(void);
Suite *server_suite(void);
Suite *pages_suite(void);
Suite *metrics_suite(void);
Suite *files_suite(void);
Suite *incidents_suite(void);

#endif
