/* Documents that references may name. */
#include "evaluators/schema/keywords.h"
#include "evaluators/schema/uri.h"

#include <stdlib.h>

struct entry {
	char *uri; /* owned */
	size_t length;
	const struct json_node *document;
};

struct schema_registry {
	struct entry *entries;
	size_t count;
	size_t capacity;
	struct schema_names names;
};

struct schema_registry *schema_registry_create(void)
{
	return calloc(1, sizeof(struct schema_registry));
}

static struct entry *add_entry(struct schema_registry *registry, struct span uri, const struct json_node *document)
{
	struct entry *grown =
		schema_grow(registry->entries, registry->count, &registry->capacity, sizeof(*registry->entries));
	char *copy = grown != NULL ? malloc(uri.length + 1) : NULL;
	if (grown != NULL) {
		registry->entries = grown;
	}
	if (copy == NULL) {
		return NULL;
	}
	memcpy(copy, uri.data, uri.length);
	copy[uri.length] = 0;
	grown[registry->count] = (struct entry){copy, uri.length, document};
	return &grown[registry->count++];
}

bool schema_registry_add(struct schema_registry *registry, struct span uri, const struct json_node *document,
			 struct error *err)
{
	struct span fragment;
	uri_cut_fragment(&uri, &fragment);
	int shown = (int)(uri.length < 200 ? uri.length : 200);
	if (!uri_is_absolute(uri) || fragment.length > 0) {
		return error_set(err, ERROR_CONFIG,
				 "\"%.*s\" is no absolute URI without a fragment; a document is registered under one",
				 shown, uri.data);
	}
	uint32_t there = 0;
	if (schema_names_find(&registry->names, 0, uri, &there)) {
		return error_set(err, ERROR_CONFIG, "the URI %.*s is registered already; remove one of the documents",
				 shown, uri.data);
	}
	struct entry *entry = add_entry(registry, uri, document);
	if (entry == NULL || !schema_names_add(&registry->names, 0, (struct span){entry->uri, entry->length},
					       (uint32_t)registry->count - 1)) {
		return error_set(err, ERROR_MEMORY, "no memory for the registered schemas");
	}
	return true;
}

void schema_registry_destroy(struct schema_registry *registry)
{
	if (registry == NULL) {
		return;
	}
	for (size_t i = 0; i < registry->count; i++) {
		free(registry->entries[i].uri);
	}
	free(registry->entries);
	schema_names_finish(&registry->names);
	free(registry);
}

const struct json_node *schema_registry_find(const struct schema_registry *registry, struct span uri)
{
	uint32_t number = 0;
	if (registry == NULL || !schema_names_find(&registry->names, 0, uri, &number)) {
		return NULL;
	}
	return registry->entries[number].document;
}

size_t schema_registry_count(const struct schema_registry *registry)
{
	return registry != NULL ? registry->count : 0;
}

const struct json_node *schema_registry_at(const struct schema_registry *registry, size_t index, struct span *ret_uri)
{
	*ret_uri = (struct span){registry->entries[index].uri, registry->entries[index].length};
	return registry->entries[index].document;
}
