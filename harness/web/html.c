#include "harness/web/html.h"

#include "harness/base/clock.h"

#include <stdio.h>

static void write_link(struct page *page, const char *path, const char *text)
{
	bool is_here = page->section != NULL && strcmp(page->section, path) == 0;
	buffer_append_format(&page->body, "<a href=\"%s\"%s>%s</a>", path, is_here ? " aria-current=\"page\"" : "",
			     text);
}

void html_begin(struct page *page, const char *title)
{
	struct buffer *body = &page->body;
	buffer_append_text(body, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
				 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
				 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
	html_text(body, title);
	buffer_append_text(body, " – understudy</title>\n<link rel=\"stylesheet\" href=\"/assets/understudy.css\">\n"
				 "</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n<header>\n"
				 "<p class=\"mark\">understudy</p>\n<nav aria-label=\"Pages\">");
	write_link(page, "/", "Overview");
	write_link(page, "/drift", "Contract drift");
	write_link(page, "/incidents", "Incidents");
	write_link(page, "/dead-letters", "Dead letters");
	buffer_append_text(body, "</nav>\n</header>\n<main id=\"main\">\n<h1>");
	html_text(body, title);
	buffer_append_text(body, "</h1>\n");
}

void html_end(struct page *page)
{
	struct buffer *body = &page->body;
	buffer_append_text(body, "</main>\n<footer><p>As of ");
	html_time(body, clock_now());
	buffer_append_text(body, ". <a href=\"\">Reload</a></p><p>understudy " UNDERSTUDY_VERSION
				 ", read-only</p></footer>\n</body>\n</html>\n");
}

void html_text(struct buffer *body, const char *text)
{
	text_write_html(body, span_of(text));
}

void html_number(struct buffer *body, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0) {
			buffer_append_text(body, "\u202f");
		}
		buffer_append_byte(body, digits[i]);
	}
}

void html_share(struct buffer *body, uint64_t part, uint64_t of)
{
	if (of == 0) {
		buffer_append_text(body, "–");
		return;
	}
	double percent = 100.0 * (double)part / (double)of;
	if (part > 0 && percent < 0.01) {
		buffer_append_text(body, "&lt;\u202f0.01\u202f%");
	} else if (part < of && percent > 99.99) {
		buffer_append_text(body, "&gt;\u202f99.99\u202f%");
	} else {
		buffer_append_format(body, "%.2f\u202f%%", percent);
	}
}

void html_time(struct buffer *body, int64_t time)
{
	char text[CLOCK_TEXT_SIZE];
	clock_format(time, text);
	const char *point = strchr(text, '.');
	const char *between = strchr(text, 'T');
	if (point == NULL || between == NULL) {
		html_text(body, text);
		return;
	}
	buffer_append_format(body, "<time datetime=\"%s\">%.*s %.*s UTC</time>", text, (int)(between - text), text,
			     (int)(point - between - 1), between + 1);
}

void html_age(struct buffer *body, int64_t time)
{
	static const struct {
		int64_t seconds;
		const char *unit;
	} STEPS[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};
	int64_t seconds = (clock_now() - time) / CLOCK_SECOND;
	for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
		if (seconds >= 2 * STEPS[i].seconds) {
			buffer_append_format(body, "%lld %s ago", (long long)(seconds / STEPS[i].seconds),
					     STEPS[i].unit);
			return;
		}
	}
	buffer_append_format(body, "%lld s ago", (long long)(seconds > 0 ? seconds : 0));
}

void decimal_nano(struct buffer *body, int64_t nano)
{
	uint64_t size = nano < 0 ? 0 - (uint64_t)nano : (uint64_t)nano;
	buffer_append_format(body, "%s%llu.%09llu", nano < 0 ? "-" : "", (unsigned long long)(size / 1000000000),
			     (unsigned long long)(size % 1000000000));
}

/* Small sums keep the digits that say something. */
void html_money(struct buffer *body, int64_t nano, const char *currency)
{
	double amount = (double)nano / 1e9;
	double size = amount < 0 ? -amount : amount;
	int places = 2;
	for (double least = 1.0; places < 6 && size > 0 && size < least; least /= 10) {
		places++;
	}
	buffer_append_format(body, "%.*f", places, amount);
	if (currency != NULL) {
		buffer_append_text(body, "\u202f");
		html_text(body, currency);
	}
}

void html_count_row(struct buffer *body, const char *heading, const char *note, uint64_t number)
{
	buffer_append_text(body, number > 0 ? "<tr><th scope=\"row\">" : "<tr class=\"zero\"><th scope=\"row\">");
	html_text(body, heading);
	if (note != NULL) {
		buffer_append_text(body, " <small>");
		html_text(body, note);
		buffer_append_text(body, "</small>");
	}
	buffer_append_text(body, "</th><td>");
	html_number(body, number);
	buffer_append_text(body, "</td></tr>\n");
}

void html_check(struct buffer *body, int64_t difference)
{
	if (difference == 0) {
		buffer_append_text(body, "<span class=\"check good\">✓ ties out</span>");
		return;
	}
	uint64_t size = difference < 0 ? 0 - (uint64_t)difference : (uint64_t)difference;
	buffer_append_text(body, "<span class=\"check bad\">✗ ");
	html_number(body, size);
	buffer_append_text(body, difference > 0 ? " unaccounted for</span>" : " counted too often</span>");
}

void html_bar(struct buffer *body, const struct html_part *parts, size_t count)
{
	enum { WIDTH = 1000 };
	uint64_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += parts[i].count;
	}
	buffer_append_text(body, "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" "
				 "aria-hidden=\"true\"><rect class=\"none\" width=\"1000\" height=\"10\"/>");
	double from = 0;
	for (size_t i = 0; i < count && sum > 0; i++) {
		double width = WIDTH * (double)parts[i].count / (double)sum;
		/* One in a million is still seen. */
		double shown = parts[i].count > 0 && width < 4 ? 4 : width;
		shown = from + shown > WIDTH ? WIDTH - from : shown;
		if (parts[i].count > 0 && shown > 0) {
			buffer_append_format(body, "<rect class=\"%s\" x=\"%.2f\" width=\"%.2f\" height=\"10\"/>",
					     parts[i].style, from, shown);
			from += shown;
		}
	}
	buffer_append_text(body, "</svg>\n");
}

/* --- whole pages --- */

void page_message(struct page *page, unsigned status, const char *title, const char *text)
{
	buffer_clear(&page->body);
	page->status = status;
	page->content_type = HTML_TYPE;
	html_begin(page, title);
	buffer_append_text(&page->body, "<p class=\"message\">");
	html_text(&page->body, text);
	buffer_append_text(&page->body, "</p>\n");
	html_end(page);
}

void page_without_store(struct page *page, unsigned status)
{
	const struct error *why = page->store_error;
	bool is_missing = why->code == ERROR_MISSING;
	buffer_clear(&page->body);
	page->status = status;
	html_begin(page, is_missing ? "Nothing captured yet" : "The store cannot be read");
	if (is_missing) {
		buffer_append_text(
			&page->body,
			"<p class=\"message\">The store does not exist yet. It appears with the first "
			"exchange that a worker reads; then reload this page.</p>\n"
			"<p>To begin: <code>understudy run -c understudy.yaml</code> in front of live "
			"traffic, or <code>understudy replay</code> with recorded messages.</p>\n<p><small>");
	} else {
		buffer_append_text(&page->body, "<p class=\"message\">This page will work again as soon as the store "
						"does.</p>\n<p><small>");
	}
	html_text(&page->body, why->message);
	buffer_append_text(&page->body, "</small></p>\n");
	html_end(page);
}
