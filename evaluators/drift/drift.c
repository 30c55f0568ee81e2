#include "evaluators/drift/drift.h"

#include "evaluators/drift/recover.h"
#include "evaluators/drift/text.h"
#include "harness/base/text.h"

/* What the parts of one reading share. */
struct reading {
	const struct drift_contract *contract;
	struct arena *arena;
	struct drift_report *report;
	const struct json_node *document; /* that is held to the schema; NULL: none */
	size_t offset;                    /* of the document's text in the reply's; SIZE_MAX: not known */
};

static const size_t OFFSET_UNKNOWN = SIZE_MAX;

static void add(struct drift_report *report, const struct drift_deviation *deviation)
{
	uint32_t bit = UINT32_C(1) << deviation->drift;
	report->classes |= bit;
	report->declared |= deviation->strict_only ? 0 : bit;
	report->total++;
	if (report->count < DRIFT_DEVIATIONS_MAX) {
		report->list[report->count++] = *deviation;
	}
}

static void add_text(struct drift_report *report, enum drift_class drift, bool strict_only, const char *sentence)
{
	struct drift_deviation deviation = {
		.drift = drift,
		.strict_only = strict_only,
		.instance = "",
		.keyword = "",
		.schema = "",
		.sentence = sentence,
	};
	add(report, &deviation);
}

/* --- currencies and units --- */

bool drift_is_unit_name(struct span name)
{
	static const char *const names[] = {"currency", "currencycode", "curr",          "waers",     "waerk", "uom",
					    "unit",     "units",        "unitcode",      "meins",     "vrkme", "bstme",
					    "gewei",    "voleh",        "unitofmeasure", "priceunit", "unece"};
	char plain[32];
	size_t length = 0;
	for (size_t i = 0; i < name.length; i++) {
		if (name.data[i] == '_' || name.data[i] == '-' || name.data[i] == '.') {
			continue;
		}
		if (length == sizeof(plain)) {
			return false;
		}
		plain[length++] = text_lower(name.data[i]);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_is((struct span){plain, length}, names[i])) {
			return true;
		}
	}
	return false;
}

/* Token by token; "*" in the rule stands for any. */
static bool pointer_fits(const char *rule, const char *pointer)
{
	while (*rule == '/' && *pointer == '/') {
		size_t of_rule = strcspn(rule + 1, "/");
		size_t of_pointer = strcspn(pointer + 1, "/");
		bool any = of_rule == 1 && rule[1] == '*';
		if (!any && (of_rule != of_pointer || memcmp(rule + 1, pointer + 1, of_rule) != 0)) {
			return false;
		}
		rule += 1 + of_rule;
		pointer += 1 + of_pointer;
	}
	return *rule == '\0' && *pointer == '\0';
}

static bool is_unit(const struct drift_contract *contract, const char *pointer)
{
	for (size_t i = 0; i < contract->unit_count; i++) {
		if (pointer_fits(contract->units[i], pointer)) {
			return true;
		}
	}
	const char *last = strrchr(pointer, '/');
	return contract->unit_count == 0 && last != NULL && drift_is_unit_name(span_of(last + 1));
}

static enum drift_class class_of(const struct drift_contract *contract, const struct schema_violation *violation)
{
	bool value = violation->drift == DRIFT_ENUM || violation->drift == DRIFT_FORMAT;
	return value && is_unit(contract, violation->instance) ? DRIFT_UNIT : violation->drift;
}

/* --- the schema --- */

static void add_violation(const struct reading *reading, const struct schema_violation *violation)
{
	size_t offset = reading->offset == OFFSET_UNKNOWN ? 0 : reading->offset + violation->offset;
	struct drift_deviation deviation = {
		.drift = class_of(reading->contract, violation),
		.strict_only = violation->open,
		.instance = violation->instance,
		.keyword = violation->keyword,
		.schema = violation->schema,
		.sentence = violation->sentence,
		.offset = (uint32_t)offset,
	};
	add(reading->report, &deviation);
}

/* What the list had no room for is known by its class alone. */
static void add_rest(struct drift_report *report, const struct schema_report *violations, size_t kept, size_t kept_open)
{
	size_t declared = 0;
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		declared += violations->by_class[i];
	}
	for (int i = 0; declared > kept && i < DRIFT_CLASS_COUNT; i++) {
		uint32_t bit = violations->by_class[i] > 0 ? UINT32_C(1) << i : 0;
		report->classes |= bit;
		report->declared |= bit;
	}
	report->classes |= violations->undeclared_open > kept_open ? UINT32_C(1) << DRIFT_UNDECLARED_FIELD : 0;
	report->total += declared - kept + (violations->undeclared_open - kept_open);
}

/* The one place that asks the schema's validator. Violations in branches of anyOf and oneOf explain one that is told.
 */
static void hold_to_schema(const struct reading *reading)
{
	enum { VIOLATIONS_MAX = 100 };
	struct schema_report violations;
	size_t kept = 0;
	size_t kept_open = 0;
	schema_report_init(&violations, reading->arena, VIOLATIONS_MAX);
	violations.strict = true;
	bool valid = schema_validate(reading->contract->schema, reading->document, &violations);
	for (size_t i = 0; i < violations.count; i++) {
		const struct schema_violation *violation = &violations.list[i];
		if (!violation->branch) {
			add_violation(reading, violation);
			kept_open += violation->open;
			kept += !violation->open;
		}
	}
	add_rest(reading->report, &violations, kept, kept_open);
	if (!valid && reading->report->declared == 0) {
		add_text(reading->report, DRIFT_OTHER, false, "the reply deviates from its schema");
	}
}

/* --- the text --- */

static void add_recovery(struct drift_report *report, const struct recovery *recovery)
{
	if (recovery->prose || recovery->fenced) {
		add_text(report, DRIFT_PROSE, false,
			 recovery->prose ? "text stands around the JSON" : "a code fence stands around the JSON");
	}
	if (recovery->several) {
		add_text(report, DRIFT_SYNTAX, false, "the reply has several JSON values that differ");
	} else if (recovery->repaired) {
		add_text(report, DRIFT_SYNTAX, false, "the JSON has faults that a lenient reader can mend");
	} else if (recovery->marks && !recovery->prose && !recovery->fenced) {
		add_text(report, DRIFT_SYNTAX, false, "other characters stand around the JSON");
	}
	if (recovery->cut && (report->classes & (UINT32_C(1) << DRIFT_TRUNCATION)) == 0) {
		add_text(report, DRIFT_TRUNCATION, false, "the JSON ends before it is complete");
	}
}

/* The text is no strict JSON, whatever its encoding. */
static void read_broken(struct reading *reading, const struct drift_text *text, bool cut)
{
	struct drift_report *report = reading->report;
	struct recovery recovery;
	uint32_t before = report->classes;
	recover_json(text->text, reading->arena, &recovery);
	report->recovered = recovery.root;
	if (recovery.root != NULL || recovery.several) {
		add_recovery(report, &recovery);
	}
	bool untold = report->classes == before && !cut;
	if (untold || (recovery.root == NULL && (report->classes & (UINT32_C(1) << DRIFT_SYNTAX)) == 0)) {
		bool empty = text_trim(text->text).length == 0;
		add_text(report, DRIFT_SYNTAX, false, empty ? "the reply is empty" : "the reply is not JSON");
	}
	reading->document = recovery.cut ? NULL : recovery.root;
	bool placed = recovery.verbatim && !text->moved;
	reading->offset = placed ? (size_t)(recovery.payload.data - text->text.data) : OFFSET_UNKNOWN;
}

/* What a good reader makes of the bytes; sets reading->document where there is something to hold to the schema. */
static void read_text(struct reading *reading, struct span bytes, bool cut)
{
	struct drift_report *report = reading->report;
	struct drift_text text;
	const struct json_node *root = NULL;
	drift_text_read(bytes, reading->arena, &text);
	if (text.fault != NULL) {
		add_text(report, DRIFT_ENCODING, false, text.fault);
		reading->offset = OFFSET_UNKNOWN;
		if (json_parse(reading->arena, text.text, NULL, &root, NULL)) {
			report->recovered = root;
			reading->document = root;
			return;
		}
	}
	read_broken(reading, &text, cut);
}

static void parse(struct reading *reading, struct span bytes)
{
	struct error why = ERROR_INIT;
	if (json_parse(reading->arena, bytes, NULL, &reading->report->root, &why)) {
		reading->document = reading->report->root;
		return;
	}
	const char *words = arena_copy(reading->arena, span_of(why.message));
	reading->report->unreadable = words != NULL ? words : "the reply is not JSON";
}

/* --- the whole --- */

static void conclude(struct drift_report *report)
{
	report->contract_drift = report->declared != 0;
	report->strict_drift = report->classes != 0;
	report->severity = DRIFT_LOW;
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		enum drift_severity severity = drift_class_severity((enum drift_class)i);
		if ((report->declared & (UINT32_C(1) << i)) != 0 && severity > report->severity) {
			report->severity = severity;
		}
	}
}

void drift_read(const struct drift_contract *contract, struct span text, enum drift_ending ending, struct arena *arena,
		struct drift_report *ret_report)
{
	struct reading reading = {.contract = contract, .arena = arena, .report = ret_report};
	*ret_report = (struct drift_report){0};
	parse(&reading, text);
	if (ending == DRIFT_CUT) {
		add_text(ret_report, DRIFT_TRUNCATION, false, "the reply was cut at the token limit");
	}
	if (ret_report->root == NULL) {
		read_text(&reading, text, ending == DRIFT_CUT);
	}
	if (reading.document != NULL) {
		hold_to_schema(&reading);
	}
	if (ending == DRIFT_DECLINED && ret_report->declared == 0) {
		add_text(ret_report, DRIFT_OTHER, false, "the model declined to answer");
	}
	if (ret_report->root != NULL && drift_text_is_garbled(text)) {
		add_text(ret_report, DRIFT_ENCODING, true, "characters look garbled");
	}
	conclude(ret_report);
}

void drift_add(struct drift_report *report, enum drift_class drift, const char *sentence)
{
	add_text(report, drift, false, sentence);
	conclude(report);
}
