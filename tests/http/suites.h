#ifndef UNDERSTUDY_TESTS_HTTP_SUITES_H
#define UNDERSTUDY_TESTS_HTTP_SUITES_H

#include <check.h>

Suite *head_suite(void);
Suite *body_suite(void);

#endif
