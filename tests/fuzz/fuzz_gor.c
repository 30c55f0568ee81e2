/* Recordings from anywhere: the .gor reader (gzip undone before it) never crashes and always ends; the same bytes in
 * other pieces give the same exchanges; spans are readable. Links pipeline and what pipeline needs. */
#include "harness/pipeline/recording.h"
#include "tests/pipeline/memory_input.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* FNV-1a, 64 bits. */
static uint64_t mix(uint64_t digest, const void *bytes, size_t length)
{
	const unsigned char *byte = bytes;
	for (size_t i = 0; i < length; i++) {
		digest = (digest ^ byte[i]) * UINT64_C(1099511628211);
	}
	return digest;
}

static uint64_t mix_span(uint64_t digest, struct span text)
{
	return mix(mix(digest, &text.length, sizeof(text.length)), text.data, text.length);
}

static uint64_t mix_recorded(uint64_t digest, const struct recorded *recorded)
{
	if (recorded->skip >= REPLAY_SKIP_COUNT || (recorded->skip >= 0 && replay_skip_name(recorded->skip) == NULL)) {
		abort();
	}
	digest = mix(digest, &recorded->skip, sizeof(recorded->skip));
	digest = mix(digest, &recorded->place, sizeof(recorded->place));
	digest = mix(digest, &recorded->captured_at, sizeof(recorded->captured_at));
	digest = mix(digest, &recorded->legacy_latency_us, sizeof(recorded->legacy_latency_us));
	digest = mix(digest, &recorded->legacy_status, sizeof(recorded->legacy_status));
	const struct span parts[] = {recorded->method,       recorded->target,     recorded->request_head,
				     recorded->request_body, recorded->reply_head, recorded->reply_body};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		digest = mix_span(digest, parts[i]);
	}
	return digest;
}

/* Digest of all exchanges. No record is shorter than one byte of input, so there are not more than those. */
static uint64_t read_all(struct span bytes, size_t step)
{
	struct memory_input memory = {.bytes = bytes, .step = step};
	struct error err = ERROR_INIT;
	struct recorded recorded;
	uint64_t digest = UINT64_C(14695981039346656037);
	struct recording *recording = recording_open(memory_input_read(&memory), "fuzz.gor", &recording_gor, &err);
	if (recording == NULL) {
		return digest; /* damaged gzip */
	}
	enum recording_read read;
	while ((read = recording_next(recording, &recorded, &err)) == RECORDING_READ) {
		digest = mix_recorded(digest, &recorded);
	}
	recording_close(recording);
	return mix(digest, &read, sizeof(read));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = {(const char *)data, size};
	bool gzip = size > 2 && data[0] == 0x1f && data[1] == 0x8b; /* damage is met sooner or later with the pieces */
	uint64_t whole = read_all(bytes, 0);
	uint64_t pieces = read_all(bytes, 1 + size % 7);
	if (!gzip && whole != pieces) {
		abort();
	}
	return 0;
}
