/* Layer 2, private to harness/paths. The providers that the table in provider.c names. */
#ifndef UNDERSTUDY_PATHS_PROVIDER_LIST_H
#define UNDERSTUDY_PATHS_PROVIDER_LIST_H

#include "harness/paths/provider.h"

extern const struct provider provider_openai;
extern const struct provider provider_openai_compatible;
extern const struct provider provider_recorded;

#endif
