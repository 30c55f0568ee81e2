/* The suites of this test program; main.c runs them all. */
#ifndef UNDERSTUDY_TESTS_CODEC_SUITES_H
#define UNDERSTUDY_TESTS_CODEC_SUITES_H

#include <check.h>

Suite *content_suite(void);
Suite *sheet_csv_suite(void);
Suite *sheet_xlsx_suite(void);

#endif
