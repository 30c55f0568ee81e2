#include "harness/web/page.h"

/* The review page will add its rows here, POST among them. */
static const struct route ROUTES[] = {
	{"GET", "/", page_overview, true, "/"},
	{"GET", "/drift", page_drift, true, "/drift"},
	{"GET", "/incidents", page_incidents, true, "/incidents"},
	{"GET", "/incident/*", page_incident, true, "/incidents"},
	{"GET", "/dead-letters", page_dead_letters, true, "/dead-letters"},
	{"GET", "/exchange/*", page_exchange, true, NULL},
	{"GET", "/report/*", page_report, false, NULL},
	{"GET", "/assets/understudy.css", page_stylesheet, false, NULL},
	{"GET", "/healthz", page_health, true, NULL},
	{"GET", "/metrics", page_metrics, true, NULL},
};

static bool matches(const char *pattern, struct span path, struct span *ret_rest)
{
	size_t length = strlen(pattern);
	if (pattern[length - 1] != '*') {
		*ret_rest = SPAN("");
		return span_is(path, pattern);
	}
	length--;
	if (path.length <= length || memcmp(path.data, pattern, length) != 0) {
		return false;
	}
	*ret_rest = (struct span){path.data + length, path.length - length};
	return true;
}

static bool has_method(const struct route *route, const char *method)
{
	return strcmp(route->method, method) == 0 || (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const struct route *route_find(const char *method, struct span path, struct span *ret_rest, const char **ret_allow)
{
	*ret_allow = NULL;
	for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++) {
		struct span rest;
		if (!matches(ROUTES[i].pattern, path, &rest)) {
			continue;
		}
		if (has_method(&ROUTES[i], method)) {
			*ret_rest = rest;
			return &ROUTES[i];
		}
		*ret_allow = "GET, HEAD";
	}
	return NULL;
}
