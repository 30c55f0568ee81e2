/* A server on a port of its own, in a thread, over a small store; and a client that writes raw bytes. */
#ifndef UNDERSTUDY_TESTS_WEB_SUPPORT_H
#define UNDERSTUDY_TESTS_WEB_SUPPORT_H

#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"
#include "harness/web/web.h"

extern char test_directory[64];
extern char test_location[160]; /* "sqlite:..." of a store that is not there yet */
extern char test_port[8];       /* of the server */
extern uint64_t test_in_spool;  /* what the server is told of the spool */
extern struct web_ring test_ring;
extern struct web_config test_config;

/* The names that the store of make_store has; both are hostile. */
#define HOSTILE_INTERFACE "<script>alert(1)</script>"
#define HOSTILE_CANDIDATE "a\"b\\c\n<img src=x onerror=y>'&"
#define SECRET_TEXT "Müller & <b>Sons</b>"

void setup_directory(void);
void teardown_directory(void);
/* Both with a store, and a server over it that test_config can be changed for before start_server. */
void make_store(void);
void start_server(void);
void stop_server(void); /* and checks that it ended well */
void setup_served(void);
void teardown_served(void);

void must(bool done, const struct error *err);
void write_text(const char *name, const char *text); /* a file in test_directory */

struct reply {
	int status;
	char *head; /* status line and header lines */
	char *body;
	size_t body_length;
	char *bytes; /* owns the above */
};
/* Sends the bytes as they are and reads until the server closes. */
struct reply exchange_bytes(const char *bytes);
/* "METHOD target HTTP/1.1", the right Host and Connection: close. */
struct reply request(const char *method, const char *target);
void reply_finish(struct reply *reply);
/* The status alone. */
int status_of(const char *method, const char *target);
bool has_text(const struct reply *reply, const char *text);
bool has_header(const struct reply *reply, const char *line);

#endif
