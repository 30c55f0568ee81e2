/* Layer 4. What a page gets and gives, and the list of pages. Private to harness/web. */
#ifndef UNDERSTUDY_WEB_PAGE_H
#define UNDERSTUDY_WEB_PAGE_H

#include "harness/base/text.h"
#include "harness/web/snapshot.h"
#include "harness/web/web.h"

#define HTML_TYPE "text/html; charset=utf-8"

/* One request and its reply. Lives in the server's thread while the request is answered. */
struct page {
	const struct web_config *config;
	struct spool_count *spool;       /* the one of the server */
	struct before_cache *before;     /* the one of the server */
	struct store *store;             /* inside a read transaction; NULL: none that can be read */
	const struct error *store_error; /* why there is none */
	const char *section;             /* of the navigation, by its path; NULL: of none */
	struct span rest;                /* what the closing "*" of the route's pattern stands for */
	struct arena arena;

	/* the reply */
	struct buffer body;
	unsigned status;          /* 200 unless the page says otherwise */
	const char *content_type; /* HTML_TYPE unless the page says otherwise */
	int file;                 /* the reply's content in place of body; closed by the server; -1: none */
	bool is_report;           /* made elsewhere: may have styles of its own, still no scripts */
	bool is_download;
};

typedef bool page_handler(struct page *page, struct error *err);

struct route {
	const char *method;   /* "GET" answers HEAD too */
	const char *pattern;  /* a path; a closing "*" stands for anything that is not empty */
	page_handler *handle; /* false: the server shows the error, 503 with ERROR_BUSY, else 500 */
	bool wants_store;     /* page->store is set where there is one */
	const char *section;
};

/* The row for the path, NULL where there is none. *ret_allow: methods that the path has, for a 405; NULL where the path
 * is not known at all. *ret_rest is written with a row. */
const struct route *route_find(const char *method, struct span path, struct span *ret_rest, const char **ret_allow);

page_handler page_overview;
page_handler page_exchange;
page_handler page_drift;
page_handler page_incidents;
page_handler page_incident;
page_handler page_dead_letters;
page_handler page_health;
page_handler page_metrics;
page_handler page_stylesheet;
page_handler page_report;

/* Files under the reports directory that page_report would serve, at most two levels deep: "name" or "folder/name",
 * sorted, in the arena. */
MUST_CHECK bool page_list_reports(struct page *page, const char ***ret_names, size_t *ret_count, struct error *err);

/* A whole page that says one thing. `title` and `text` are our own words or go through text_write_html here. */
void page_message(struct page *page, unsigned status, const char *title, const char *text);
/* The page for a store that is not there or cannot be read. */
void page_without_store(struct page *page, unsigned status);

#endif
