#include "harness/paths/provider_list.h"

static const struct provider *const PROVIDERS[] = {
	&provider_openai,
	&provider_openai_compatible,
	&provider_recorded,
};

const struct provider *provider_find(const char *name)
{
	for (size_t i = 0; i < sizeof(PROVIDERS) / sizeof(PROVIDERS[0]); i++) {
		if (strcmp(PROVIDERS[i]->name, name) == 0) {
			return PROVIDERS[i];
		}
	}
	return NULL;
}

const char *provider_names(void)
{
	return "openai, openai-compatible, recorded";
}
