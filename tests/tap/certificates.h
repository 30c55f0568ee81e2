/* Certificates for tests: keys on P-256, made anew in a scratch directory, DIRECTORY/NAME.pem and DIRECTORY/NAME.key.
 */
#ifndef UNDERSTUDY_TESTS_TAP_CERTIFICATES_H
#define UNDERSTUDY_TESTS_TAP_CERTIFICATES_H

/* ca, and of it: server (localhost, legacy.test, 127.0.0.1), client, expired, misnamed (elsewhere.test);
 * other-ca, and of it: stranger; alone (127.0.0.1), signed by itself. */
void certificates_make(const char *directory);

#endif
