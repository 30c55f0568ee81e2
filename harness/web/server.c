/* The HTTP server: libmicrohttpd with epoll and one thread of its own, which alone touches the store. A request is
 * refused or answered from its head; no content is ever read. */
#include "harness/web/listen.h"
#include "harness/web/page.h"

#include <microhttpd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 256,
	IDLE_SECONDS = 15,
	HEAD_MAX = 32 * 1024, /* memory of one connection: the request's head and the reply's */
	PATH_MAX_LENGTH = 1024,
	PAGE_MAX = 8 * 1024 * 1024,
	ARENA_MAX = 96 * 1024 * 1024,
	BUSY_MS = 250, /* readers wait for nobody in WAL mode but while a store is made or repaired */
	STOP_POLL_MS = 50,
};

/* No scripts, no plug-ins, no frames, no forms, nothing from elsewhere. */
static const char POLICY[] =
	"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
	"frame-ancestors 'none'";
/* Reports carry their styles and pictures in the file. */
static const char REPORT_POLICY[] = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
				    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

struct web {
	const struct web_config *config;
	struct listener listener;
	struct spool_count spool;
	struct before_cache before;

	struct store *store;      /* of the server's thread; NULL: not open */
	struct stat store_file;   /* the file that it was when it was opened */
	struct error store_error; /* why it is not open */
	struct MHD_Daemon *daemon;
};

/* --- the store --- */

static void close_store(struct web *web)
{
	store_close(web->store);
	web->store = NULL;
}

static bool stat_store(const struct web *web, struct stat *ret_status)
{
	static const char scheme[] = "sqlite:";
	const char *location = web->config->store;
	bool has_scheme = strncmp(location, scheme, sizeof(scheme) - 1) == 0;
	return stat(has_scheme ? location + sizeof(scheme) - 1 : location, ret_status) == 0;
}

/* Opens the store when it is there, and again when its file was replaced. */
static bool open_store(struct web *web)
{
	struct stat now = {0};
	bool is_there = stat_store(web, &now);
	if (web->store != NULL &&
	    (!is_there || now.st_dev != web->store_file.st_dev || now.st_ino != web->store_file.st_ino)) {
		close_store(web);
	}
	if (web->store == NULL) {
		web->store_error = (struct error)ERROR_INIT;
		web->store = store_open(web->config->store, STORE_READ_ONLY, BUSY_MS, &web->store_error);
		web->store_file = now;
		web->before.count = 0;
		web->spool.counted_at = 0;
	}
	return web->store != NULL;
}

static void begin_store(struct web *web, struct page *page)
{
	page->store_error = &web->store_error;
	if (!open_store(web)) {
		return;
	}
	spool_count_refresh(&web->spool, web->config, web->store);
	web->store_error = (struct error)ERROR_INIT;
	if (!store_begin_read(web->store, &web->store_error)) {
		close_store(web);
		return;
	}
	page->store = web->store;
}

static void end_store(struct web *web, struct page *page)
{
	if (page->store != NULL) {
		store_rollback(web->store);
		page->store = NULL;
	}
}

/* --- replies --- */

static bool add_headers(struct MHD_Response *response, const struct page *page, const char *allow)
{
	const struct {
		const char *name;
		const char *value;
	} headers[] = {
		{"Content-Type", page->content_type},
		{"Content-Security-Policy", page->is_report ? REPORT_POLICY : POLICY},
		{"X-Content-Type-Options", "nosniff"},
		{"X-Frame-Options", "DENY"},
		{"Referrer-Policy", "no-referrer"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"Cross-Origin-Opener-Policy", "same-origin"},
		{"Cache-Control", "no-store"},
		{"Allow", allow},
		{"Content-Disposition", page->is_download ? "attachment" : NULL},
	};
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (headers[i].value != NULL &&
		    MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES) {
			return false;
		}
	}
	return true;
}

static struct MHD_Response *make_response(struct page *page)
{
	struct stat status;
	if (page->file >= 0) {
		if (fstat(page->file, &status) != 0) {
			return NULL;
		}
		struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)status.st_size, page->file);
		page->file = response != NULL ? -1 : page->file;
		return response;
	}
	struct span body = buffer_span(&page->body);
	CLEANUP_BUFFER struct buffer copy = BUFFER_INIT(PAGE_MAX);
	buffer_append_span(&copy, body);
	return copy.failed ? NULL : MHD_create_response_from_buffer(copy.length, copy.data, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result send_page(struct MHD_Connection *connection, struct page *page, const char *allow)
{
	enum MHD_Result result = MHD_NO; /* closes the connection */
	struct MHD_Response *response = make_response(page);
	if (response != NULL && add_headers(response, page, allow)) {
		result = MHD_queue_response(connection, page->status, response);
	}
	if (response != NULL) {
		MHD_destroy_response(response);
	}
	if (page->file >= 0) {
		close(page->file);
	}
	return result;
}

static void page_init(struct page *page, const struct web_config *config)
{
	*page = (struct page){.config = config, .status = MHD_HTTP_OK, .content_type = HTML_TYPE, .file = -1};
	buffer_init(&page->body, PAGE_MAX);
	arena_init(&page->arena, ARENA_MAX);
}

static void page_finish(struct page *page)
{
	buffer_finish(&page->body);
	arena_finish(&page->arena);
}

static enum MHD_Result refuse(struct web *web, struct MHD_Connection *connection, unsigned status, const char *text,
			      const char *allow)
{
	struct page page;
	page_init(&page, web->config);
	page.status = status;
	page.content_type = "text/plain; charset=utf-8";
	buffer_append_format(&page.body, "%s\n", text);
	enum MHD_Result result = send_page(connection, &page, allow);
	page_finish(&page);
	return result;
}

static void run_page(struct web *web, const struct route *route, struct page *page)
{
	struct error err = ERROR_INIT;
	page->section = route->section;
	page->spool = &web->spool;
	page->before = &web->before;
	if (route->wants_store) {
		begin_store(web, page);
	}
	bool done = route->handle(page, &err) && (page->file >= 0 || buffer_ok(&page->body, "the page", &err));
	end_store(web, page);
	if (done) {
		return;
	}
	bool is_busy = err.code == ERROR_BUSY;
	page_message(page, is_busy ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_INTERNAL_SERVER_ERROR,
		     is_busy ? "The store is busy" : "This page could not be made", err.message);
	/* A damaged or replaced file is looked at afresh next time. */
	if (route->wants_store) {
		close_store(web);
	}
}

/* --- requests --- */

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	(void)value;
	*(int *)context += text_equal_ignoring_case(span_of(name), SPAN("Host"));
	return MHD_YES;
}

/* Exactly one Host header, and a name of ours. */
static bool has_own_host(struct web *web, struct MHD_Connection *connection)
{
	int hosts = 0;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, count_header, &hosts);
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
	return hosts == 1 && host != NULL && listener_knows_host(&web->listener, span_of(host));
}

static bool has_content(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return (length != NULL && strcmp(length, "0") != 0) ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

static enum MHD_Result serve(struct web *web, struct MHD_Connection *connection, const char *method, struct span path)
{
	struct page page;
	page_init(&page, web->config);
	const char *allow = NULL;
	const struct route *route = route_find(method, path, &page.rest, &allow);
	if (route != NULL) {
		run_page(web, route, &page);
	} else {
		page_message(&page, MHD_HTTP_NOT_FOUND, "No such page", "There is no page of that address.");
	}
	enum MHD_Result result = send_page(connection, &page, NULL);
	page_finish(&page);
	return result;
}

/* Called when a request's head has been read, and again when the whole request has. Refusals come with the first call,
 * so that nobody can make us read what we do not want. */
static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *content, size_t *content_length, void **state)
{
	(void)version;
	(void)content;
	struct web *web = context;
	struct span path = span_of(url);
	if (*state != NULL) {
		if (*content_length > 0) {
			*content_length = 0;
			return MHD_YES;
		}
		return serve(web, connection, method, path);
	}
	*state = web;
	if (!has_own_host(web, connection)) {
		return refuse(web, connection, MHD_HTTP_FORBIDDEN,
			      "The Host header of this request names another machine. Open the address that "
			      "understudy web printed.",
			      NULL);
	}
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		return refuse(web, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.",
			      "GET, HEAD");
	}
	if (has_content(connection)) {
		return refuse(web, connection, MHD_HTTP_CONTENT_TOO_LARGE, "Requests here have no content.", NULL);
	}
	if (path.length > PATH_MAX_LENGTH) {
		return refuse(web, connection, MHD_HTTP_URI_TOO_LONG, "No address here is that long.", NULL);
	}
	return MHD_YES;
}

/* Paths are matched as they were sent: no name here needs an escape, so "%2e%2e" is just a name that does not exist. */
static size_t keep_escapes(void *context, struct MHD_Connection *connection, char *text)
{
	(void)context;
	(void)connection;
	return strlen(text);
}

/* --- running --- */

static bool start(struct web *web, struct error *err)
{
	web->daemon =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, web,
				 MHD_OPTION_LISTEN_SOCKET, (MHD_socket)web->listener.fd, MHD_OPTION_CONNECTION_LIMIT,
				 (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
				 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				 MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, web, MHD_OPTION_END);
	if (web->daemon == NULL) {
		close(web->listener.fd);
		return error_set(err, ERROR_SYSTEM, "web cannot start its server; check the limit of open files");
	}
	return true;
}

static void wait_for_stop(const volatile int *stop)
{
	while (*stop == 0) {
		struct timespec pause = {.tv_nsec = STOP_POLL_MS * 1000000L};
		nanosleep(&pause, NULL);
	}
}

bool web_run(const struct web_config *config, struct error *err)
{
	struct web web = {.config = config};
	if (!listener_open(config->listen, config->listen_fd, config->allow_remote, &web.listener, err) ||
	    !start(&web, err)) {
		return false;
	}
	if (config->ready != NULL) {
		config->ready(config->context, web.listener.url);
	}
	wait_for_stop(config->stop);
	MHD_stop_daemon(web.daemon); /* ends the thread, closes the socket */
	close_store(&web);
	return true;
}
