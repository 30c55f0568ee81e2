/* The suites of this test program; main.c runs them all. */
#ifndef UNDERSTUDY_TESTS_DOCUMENT_SUITES_H
#define UNDERSTUDY_TESTS_DOCUMENT_SUITES_H

#include <check.h>

Suite *schema_view_suite(void);
Suite *code_list_suite(void);
Suite *rule_text_suite(void);
Suite *edit_suite(void);
Suite *specification_suite(void);
Suite *apply_suite(void);
Suite *apply_stale_suite(void);

#endif
