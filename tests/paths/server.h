/* A small HTTP server with a script, for the tests of calls. It runs in threads of the test process.
 *
 * The prompt is the script: words, one for each time that the same prompt comes, the last one for good. Words:
 *   ok           a completion: text {"n":1}, model "served", 10 tokens of input (4 cached), 5 of output
 *   nousage      the same without usage
 *   STATUS       that HTTP status with {"error":{"message":"said STATUS","type":"t"}}
 *   after        429 with Retry-After: 0.4
 *   quota        429 with insufficient_quota
 *   echo         400 whose message repeats the request's Authorization header and the prompt
 *   hang         nothing comes
 *   drip         headers come, the body never ends
 *   cut          the connection is closed in the middle of the body
 *   close        the connection is closed without a byte
 *   huge         a body of 17 MiB
 *   garbage      no HTTP at all
 *   html         200 with a body that is not JSON
 *   redirect     302 to this server's /elsewhere, which would answer ok */
#ifndef UNDERSTUDY_TESTS_PATHS_SERVER_H
#define UNDERSTUDY_TESTS_PATHS_SERVER_H

struct server;
struct server *server_start(void);
void server_stop(struct server *server);
const char *server_endpoint(const struct server *server); /* "http://127.0.0.1:PORT/v1" */
int server_requests(struct server *server);
int server_connections(struct server *server);

#endif
