#ifndef UNDERSTUDY_TESTS_CONTRACT_SUITES_H
#define UNDERSTUDY_TESTS_CONTRACT_SUITES_H

#include <check.h>

Suite *yaml_suite(void);
Suite *cases_suite(void);
Suite *contract_suite(void);
Suite *lint_suite(void);
Suite *content_suite(void);
Suite *difference_suite(void);
Suite *installation_suite(void);
Suite *prompt_suite(void);

#endif
