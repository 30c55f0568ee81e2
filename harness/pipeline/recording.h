/* Layer 3. Recorded traffic, whatever wrote it, as one `struct recorded` after another.
 *
 * To add a format: write harness/pipeline/recording_NAME.c with a `const struct recording_format recording_NAME`,
 * declare it below, and add it to the table in recording.c. A format reads through a recording_source
 * (recording_source.h, which undoes gzip), holds a bounded part of the input in memory, and leaves nothing out
 * silently: what it cannot use it hands over with `skip` set, and the caller counts it. */
#ifndef UNDERSTUDY_PIPELINE_RECORDING_H
#define UNDERSTUDY_PIPELINE_RECORDING_H

#include "harness/base/json.h"
#include "harness/base/vocabulary.h"
#include "harness/pipeline/recording_source.h"

/* One exchange. Spans are valid until the next one is read. Bodies are without transfer coding; a content coding that
 * the head names is kept. */
struct recorded {
	int skip;                 /* enum replay_skip: why it cannot be replayed; -1: it can */
	const char *detail;       /* with `skip`: what exactly is wrong; NULL: nothing to add. Valid as the spans */
	struct span method;       /* empty where the recording has none */
	struct span target;       /* request target with path and query; likewise */
	struct span request_head; /* header fields, CRLF after each; may be empty */
	struct span request_body;
	const struct json_node *message; /* the body as JSON where the format has read it already; else NULL */
	int64_t captured_at;             /* UTC us; RECORDED_NO_TIME: unknown */
	bool has_reply;
	struct span reply_head; /* as request_head */
	struct span reply_body;
	int32_t legacy_status;       /* HTTP status; 0: none */
	int32_t legacy_outcome;      /* enum legacy_outcome; -1: to be read off the status */
	int64_t legacy_latency_us;   /* -1: unknown */
	struct span candidate_reply; /* recorded reply of the LLM path; may be empty */
	struct span interface;       /* that it says it is of; empty where it says nothing */
	struct span correlation_key; /* both as in struct spool_exchange */
	struct span idempotency_key;
	uint64_t place; /* where it begins in the input: a byte from 0, or a line from 1 */
};

#define RECORDED_NO_TIME INT64_MIN
#define RECORDED_INIT                                                                                                  \
	{                                                                                                              \
		.skip = -1, .method = SPAN(""), .target = SPAN(""), .request_head = SPAN(""),                          \
		.request_body = SPAN(""), .captured_at = RECORDED_NO_TIME, .reply_head = SPAN(""),                     \
		.reply_body = SPAN(""), .legacy_outcome = -1, .legacy_latency_us = -1, .candidate_reply = SPAN(""),    \
		.interface = SPAN(""), .correlation_key = SPAN(""), .idempotency_key = SPAN(""),                       \
	}

enum recording_read { RECORDING_READ, RECORDING_END, RECORDING_FAILED };

struct recording_format {
	const char *name;      /* for --format */
	const char *suffix;    /* of file names, before ".gz" */
	bool whole_traffic;    /* it holds whatever passed, so tap.match says what is meant */
	bool places_are_lines; /* `place` counts lines */
	/* Is this the beginning of such a recording? At least RECORDING_BEGINNING bytes, or all there are. NULL:
	 * nothing in the content tells. */
	bool (*recognise)(struct span beginning);
	/* The source is borrowed. NULL without memory. */
	void *(*create)(struct recording_source *source, struct error *err);
	enum recording_read (*next)(void *reader, struct recorded *ret_recorded, struct error *err);
	void (*destroy)(void *reader);
};

enum {
	RECORDING_BEGINNING = 4096,
	RECORDING_BODY_MAX = 64 * 1024 * 1024,    /* of one body */
	RECORDING_ENTRY_MAX = 192 * 1024 * 1024,  /* input bytes of one exchange, or of one side of it */
	RECORDING_MEMORY_MAX = 512 * 1024 * 1024, /* decoded */
};

extern const struct recording_format recording_jsonl;
extern const struct recording_format recording_har;
extern const struct recording_format recording_gor;

/* NULL where no format is called so. */
const struct recording_format *recording_format_named(struct span name);
/* "jsonl, har or gor" */
const char *recording_format_names(void);

struct recording;

/* `format` NULL: told by the content, else by the name, else JSON Lines. `name` is for that. Reads the
 * beginning. NULL: ERROR_SYSTEM or ERROR_FORMAT (gzip). close accepts NULL. */
struct recording *recording_open(struct recording_input input, const char *name, const struct recording_format *format,
				 struct error *err);
void recording_close(struct recording *recording);
const struct recording_format *recording_format_of(const struct recording *recording);
/* RECORDING_FAILED: the input cannot be read on; err says the place (and, in formats of lines, err->line). */
enum recording_read recording_next(struct recording *recording, struct recorded *ret_recorded, struct error *err);

#endif
