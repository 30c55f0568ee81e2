#include "tests/tap/certificates.h"

#include <check.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct wish {
	const char *name;
	const char *issuer; /* a former wish's name; NULL: itself */
	const char *constraints;
	const char *names; /* subjectAltName; NULL: none */
	int until_days;
};

#define HERE "DNS:localhost,DNS:legacy.test,IP:127.0.0.1"

static const struct wish wishes[] = {
	{"ca", NULL, "critical,CA:TRUE", NULL, 2},
	{"server", "ca", "CA:FALSE", HERE, 2},
	{"client", "ca", "CA:FALSE", NULL, 2},
	{"expired", "ca", "CA:FALSE", HERE, -1},
	{"misnamed", "ca", "CA:FALSE", "DNS:elsewhere.test", 2},
	{"other-ca", NULL, "critical,CA:TRUE", NULL, 2},
	{"stranger", "other-ca", "CA:FALSE", NULL, 2},
	{"alone", NULL, "CA:FALSE", HERE, 2},
};

enum { WISHES = sizeof(wishes) / sizeof(wishes[0]) };

struct identity {
	X509 *certificate;
	EVP_PKEY *key;
};

static void add_extension(X509 *certificate, X509 *issuer, int number, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, number, value);
	ck_assert_ptr_nonnull(extension);
	ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static struct identity make(const struct wish *wish, long serial, const struct identity *issuer)
{
	struct identity made = {X509_new(), EVP_EC_gen("P-256")};
	ck_assert(made.certificate != NULL && made.key != NULL);
	issuer = issuer != NULL ? issuer : &made;
	X509 *certificate = made.certificate;
	const unsigned char *name = (const unsigned char *)wish->name;
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -2L * 86400);
	X509_gmtime_adj(X509_getm_notAfter(certificate), wish->until_days * 86400L);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, name, -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate));
	X509_set_pubkey(certificate, made.key);
	add_extension(certificate, issuer->certificate, NID_basic_constraints, wish->constraints);
	add_extension(certificate, issuer->certificate, NID_subject_key_identifier, "hash");
	if (wish->names != NULL) {
		add_extension(certificate, issuer->certificate, NID_subject_alt_name, wish->names);
	}
	ck_assert_int_gt(X509_sign(certificate, issuer->key, EVP_sha256()), 0);
	return made;
}

static FILE *create(const char *directory, const char *name, const char *ending)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s.%s", directory, name, ending);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	return file;
}

static void save(const char *directory, const char *name, const struct identity *made)
{
	FILE *file = create(directory, name, "pem");
	ck_assert_int_eq(PEM_write_X509(file, made->certificate), 1);
	fclose(file);
	file = create(directory, name, "key");
	ck_assert_int_eq(PEM_write_PrivateKey(file, made->key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
}

void certificates_make(const char *directory)
{
	struct identity made[WISHES];
	for (int i = 0; i < WISHES; i++) {
		const struct identity *issuer = NULL;
		for (int j = 0; j < i && wishes[i].issuer != NULL; j++) {
			issuer = strcmp(wishes[j].name, wishes[i].issuer) == 0 ? &made[j] : issuer;
		}
		made[i] = make(&wishes[i], i + 1, issuer);
		save(directory, wishes[i].name, &made[i]);
	}
	for (int i = 0; i < WISHES; i++) {
		X509_free(made[i].certificate);
		EVP_PKEY_free(made[i].key);
	}
}
