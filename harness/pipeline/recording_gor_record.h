/* Layer 3, private to harness/pipeline. One record of a GoReplay file after the other: a line
 * "TYPE ID TIME-NS [LATENCY-NS]", an HTTP message as it was sent, and a separator line. Records that are damaged are
 * passed over up to the next separator that a record follows. */
#ifndef UNDERSTUDY_PIPELINE_RECORDING_GOR_RECORD_H
#define UNDERSTUDY_PIPELINE_RECORDING_GOR_RECORD_H

#include "harness/pipeline/recording.h"

enum { GOR_ID_MAX = 40 };

enum gor_type { GOR_REQUEST = '1', GOR_REPLY = '2', GOR_REPLAYED_REPLY = '3' };

struct gor_record {
	struct gor_record *next; /* for whoever owns it */
	enum gor_type type;
	size_t id_length;
	char id[GOR_ID_MAX];
	int64_t time_ns;    /* since 1970, of the first packet */
	int64_t latency_ns; /* first to last packet, in old replies since the request; -1: not known */
	uint64_t place;     /* byte of the input */
	bool torn;          /* the file ends inside it, as far as can be told */
	size_t length;
	char bytes[];
};

enum gor_read { GOR_RECORD, GOR_SKIPPED, GOR_END, GOR_FAILED };

/* GOR_RECORD: *ret_record is the caller's, freed with free. GOR_SKIPPED: `recorded` says what was left out and where.
 * Replies of an earlier replay are left out here. */
enum gor_read gor_record_read(struct recording_source *source, struct gor_record **ret_record,
			      struct recorded *recorded, struct error *err);
/* Does a record stand there? */
bool gor_record_begins(struct span beginning);

#endif
