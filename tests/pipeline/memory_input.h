/* A recording in memory, handed out in steps of any size. */
#ifndef UNDERSTUDY_TESTS_PIPELINE_MEMORY_INPUT_H
#define UNDERSTUDY_TESTS_PIPELINE_MEMORY_INPUT_H

#include "harness/pipeline/recording_source.h"

struct memory_input {
	struct span bytes;
	size_t step; /* bytes of one read; 0: as many as are asked for */
	size_t position;
};

static inline ssize_t memory_input_step(void *context, char *target, size_t size)
{
	struct memory_input *memory = context;
	size_t length = memory->bytes.length - memory->position;
	length = length < size ? length : size;
	length = memory->step > 0 && memory->step < length ? memory->step : length;
	memcpy(target, memory->bytes.data + memory->position, length);
	memory->position += length;
	return (ssize_t)length;
}

static inline struct recording_input memory_input_read(struct memory_input *memory)
{
	return (struct recording_input){.read = memory_input_step, .context = memory};
}

#endif
