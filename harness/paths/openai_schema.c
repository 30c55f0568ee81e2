#include "harness/paths/openai.h"

#include "harness/contract/strict_output.h"

bool openai_schema_is_strict(const struct json_node *schema)
{
	return strict_output_gaps(schema, NULL, 0) == 0;
}
