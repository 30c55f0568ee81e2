-- The store's tables, version 3. One comment for every table and column; docs and `understudy db schema` print this file.
-- All times are UTC microseconds; weeks are ISO year * 100 + week in the installation's zone; money is nano-units of
-- the contract's currency; probabilities are parts per million. Word lists are numbered as in harness/base/vocabulary.h.
-- Columns that mean the same everywhere and are not explained again: id (number of the row); X_id (number of the row in
-- table X; exchange_id of the exchange table itself is its hash); key (of a record within its exchange); week; test (1:
-- not production); stream (name of a tap's spool); count and the other sums of a rollup, which are named as the columns
-- that they add up; at, started_at, labelled_at (when); verdict, outcome, state (the word lists).

-- A business message flow, by the name in its contract.
CREATE TABLE interface (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE            -- contract: interface
) STRICT;

-- One LLM path of an interface.
CREATE TABLE candidate (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	name TEXT NOT NULL,                  -- contract: candidates[].name
	UNIQUE (interface_id, name)
) STRICT;

-- An evaluation period: everything that the evidence depends on stayed the same (STATISTICS.md section 0).
CREATE TABLE epoch (
	id INTEGER PRIMARY KEY,
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	ordinal INTEGER NOT NULL,            -- 1, 2, ... for each candidate
	hash BLOB NOT NULL,                  -- SHA-256 of the canonical description
	description TEXT NOT NULL,           -- the canonical list as JSON
	started_at INTEGER NOT NULL,
	UNIQUE (candidate_id, ordinal)
) STRICT;

-- Versions of contracts.
-- A version once used keeps its content: what messages, records, fields, schemas, limits and the like say.
CREATE TABLE contract_version (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	version TEXT NOT NULL,               -- contract: version
	hash BLOB NOT NULL,                  -- SHA-256 of content
	content TEXT NOT NULL,               -- canonical JSON
	first_used_at INTEGER NOT NULL,      -- by a worker, with this content
	PRIMARY KEY (interface_id, version)
) STRICT, WITHOUT ROWID;

-- A field that records are compared on.
CREATE TABLE field (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	name TEXT NOT NULL,                  -- contract: fields[].name
	UNIQUE (interface_id, name)
) STRICT;

-- Where reading of each spool stream goes on; written in the transaction that stored what was read.
CREATE TABLE spool_position (
	stream TEXT PRIMARY KEY,
	segment INTEGER NOT NULL,            -- number of the segment file, from 1
	offset INTEGER NOT NULL,             -- bytes into it
	sequence INTEGER NOT NULL            -- last exchange read
) STRICT, WITHOUT ROWID;

-- First ledger, the tap's side: running counts of one interface in one stream, as of `at`. A ring that was lost (a
-- reboot) counts from nothing again, under another origin: the ledger is the sum over the origins.
CREATE TABLE tap_account (
	stream TEXT NOT NULL,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	origin INTEGER NOT NULL,             -- of the ring that counted; 0: no ring
	at INTEGER NOT NULL,
	seen INTEGER NOT NULL,
	committed INTEGER NOT NULL,          -- handed to the spool
	in_flight INTEGER NOT NULL,
	PRIMARY KEY (stream, interface_id, origin)
) STRICT, WITHOUT ROWID;

-- First ledger: seen and not handed to the spool, by reason.
CREATE TABLE tap_drop (
	stream TEXT NOT NULL,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	origin INTEGER NOT NULL,
	reason INTEGER NOT NULL,             -- enum drop_reason
	count INTEGER NOT NULL,
	PRIMARY KEY (stream, interface_id, origin, reason)
) STRICT, WITHOUT ROWID;

-- First ledger, the worker's side: what became of each delivery that was read from the spool. Late legacy answers:
-- outcome = outcome_joined + outcome_unpaired + outcome_duplicate + the rows of waiting_outcome.
CREATE TABLE delivery_count (
	stream TEXT NOT NULL,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	stored INTEGER NOT NULL,             -- new exchanges
	duplicate INTEGER NOT NULL,          -- exchanges delivered again: counted, not processed again
	revision INTEGER NOT NULL,           -- of the stored: same identity, other content
	outcome INTEGER NOT NULL,            -- late legacy answers
	outcome_duplicate INTEGER NOT NULL,  -- of these: delivered again
	outcome_joined INTEGER NOT NULL,     -- of these: a version of an exchange's answer
	outcome_unpaired INTEGER NOT NULL,   -- of these: no exchange came within the window
	outcome_closed INTEGER NOT NULL,     -- of the joined: kept as a version only, because the week was closed
	outcome_returned INTEGER NOT NULL,   -- of the joined: brought an exchange back that was unpaired
	PRIMARY KEY (stream, interface_id)
) STRICT, WITHOUT ROWID;

-- One captured message with the legacy path's reply.
CREATE TABLE exchange (
	id INTEGER PRIMARY KEY,
	exchange_id BLOB NOT NULL CHECK (length(exchange_id) = 16), -- SHA-256 prefix of interface, identity, content
	identity BLOB,                       -- SHA-256 prefix (16 bytes) of interface and message identity; NULL: id none
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	revision_of INTEGER REFERENCES exchange (id), -- the former exchange of the same identity
	event_time INTEGER NOT NULL,         -- business time of the message
	captured_at INTEGER NOT NULL,        -- when the tap saw its first byte
	week INTEGER NOT NULL,               -- of event_time
	test INTEGER NOT NULL,               -- 1: not production; never in production figures
	legacy_outcome INTEGER NOT NULL,     -- enum legacy_outcome, of the answer that counts; awaited: there is none yet
	legacy_status INTEGER NOT NULL,      -- its HTTP status, 0 where there is none
	legacy_latency_us INTEGER NOT NULL   -- of the answer that came with the message; -1: unknown
) STRICT;
CREATE UNIQUE INDEX exchange_by_id ON exchange (exchange_id);
-- Six bytes find an identity among millions (look at the whole of it afterwards) and make the index half as large, which
-- counts: hashes come in no order, so every transaction touches most of its pages.
CREATE INDEX exchange_by_identity ON exchange (substr(identity, 1, 6)) WHERE identity IS NOT NULL;

-- What payloads of an interface share, for zstd: the shape of its first JSON message and reply, names without values.
-- Rows are never changed or removed while a payload refers to them.
CREATE TABLE dictionary (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id), -- the newest row is the one that is written with
	content BLOB NOT NULL
) STRICT;

-- Message of an exchange and the legacy reply that came with it, apart from the rows that statistics need; purging it
-- changes no number.
CREATE TABLE payload (
	id INTEGER PRIMARY KEY,              -- exchange.id
	encoding INTEGER NOT NULL,           -- 0: plain, 1: zstd, above: zstd with dictionary.id = encoding - 1
	request_size INTEGER NOT NULL,       -- bytes of the message; the legacy reply follows it
	reply_size INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;

-- Answers of the legacy path to one exchange, in the order in which they came: append-only. While the answer that came
-- with the message is the only one, there is no row: exchange and payload hold it. Only a reply may be purged.
CREATE TABLE legacy_answer (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	ordinal INTEGER NOT NULL,            -- version, from 1
	legacy_outcome INTEGER NOT NULL,     -- enum legacy_outcome, never awaited
	legacy_status INTEGER NOT NULL,      -- HTTP status, 0 where there is none
	answered_at INTEGER NOT NULL,        -- when it was made, as its sender says; else seen_at
	seen_at INTEGER NOT NULL,            -- when it was captured
	readable INTEGER NOT NULL,           -- 0: its reply cannot be compared; it counts where there is no other
	digest BLOB,                         -- SHA-256 prefix (16 bytes) of what was said; NULL: came with the message
	encoding INTEGER NOT NULL,           -- of body, as in payload
	reply_size INTEGER NOT NULL,         -- bytes of the reply
	body BLOB,                           -- the reply; NULL: the one in payload
	PRIMARY KEY (exchange_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER legacy_answer_is_append_only BEFORE UPDATE OF exchange_id, ordinal, legacy_outcome, legacy_status,
	answered_at, seen_at, readable, digest ON legacy_answer
BEGIN SELECT RAISE (ABORT, 'legacy answers are append-only'); END;

-- Which version counts (contract: legacy.counts), where legacy_answer has rows and one of them does.
CREATE TABLE legacy_counting (
	exchange_id INTEGER PRIMARY KEY REFERENCES exchange (id),
	ordinal INTEGER NOT NULL             -- legacy_answer.ordinal
) STRICT;

-- What a late answer finds its exchange by, where that is not the one value of the message's identity.
CREATE TABLE correlation (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	key BLOB NOT NULL,                   -- SHA-256 prefix (16 bytes) of the correlation key
	exchange_id INTEGER NOT NULL REFERENCES exchange (id), -- the newest one of a key is joined
	PRIMARY KEY (interface_id, key, exchange_id)
) STRICT, WITHOUT ROWID;

-- Exchanges without any answer that counts, until one comes or the window is over.
CREATE TABLE awaited (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	captured_at INTEGER NOT NULL,        -- of the exchange; the window counts from here
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	PRIMARY KEY (interface_id, captured_at, exchange_id)
) STRICT, WITHOUT ROWID;

-- Late answers whose exchange has not come, until it does or the window is over. Columns as in legacy_answer.
CREATE TABLE waiting_outcome (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	key BLOB NOT NULL,                   -- as in correlation
	stream TEXT NOT NULL,
	legacy_outcome INTEGER NOT NULL,
	legacy_status INTEGER NOT NULL,
	answered_at INTEGER NOT NULL,
	seen_at INTEGER NOT NULL,            -- the window counts from here
	readable INTEGER NOT NULL,
	digest BLOB NOT NULL,
	encoding INTEGER NOT NULL,
	reply_size INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE INDEX waiting_outcome_by_key ON waiting_outcome (interface_id, key);
CREATE INDEX waiting_outcome_by_time ON waiting_outcome (interface_id, seen_at);

-- Senders' own marks of deliveries, for as long as a delivery may be repeated.
CREATE TABLE idempotency_key (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	key BLOB NOT NULL,                   -- SHA-256 prefix (16 bytes) of kind (exchange, outcome) and key
	stored_at INTEGER NOT NULL,          -- by the worker's clock; removed by it
	PRIMARY KEY (interface_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_key_by_time ON idempotency_key (interface_id, stored_at);

-- How an exchange was chosen for shadow work, or was not. No row: all exchanges were, at that time.
CREATE TABLE shadow_draw (
	exchange_id INTEGER PRIMARY KEY REFERENCES exchange (id),
	pi_ppm INTEGER NOT NULL,             -- probability, fixed before the coin was drawn
	rule INTEGER NOT NULL,               -- enum shadow_rule: share, floor
	chosen INTEGER NOT NULL              -- 1: evaluated; 0: sampled_out
) STRICT;

-- How many exchanges of an operation were chosen by the floor in one minute.
CREATE TABLE shadow_minute (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	minute INTEGER NOT NULL,             -- of captured_at, since 1970
	operation BLOB NOT NULL,             -- SHA-256 prefix (8 bytes) of method and path
	count INTEGER NOT NULL,
	PRIMARY KEY (interface_id, minute, operation)
) STRICT, WITHOUT ROWID;

-- Where one candidate's work on one exchange stands, and what came out. The second ledger.
CREATE TABLE evaluation (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	state INTEGER NOT NULL,              -- enum evaluation
	reason INTEGER,                      -- enum not_evaluated or, of pending, enum pending_reason; NULL: none
	epoch_id INTEGER REFERENCES epoch (id),
	outcome INTEGER,                     -- enum outcome
	verdict INTEGER,                     -- enum verdict, the worst of its records
	contract_drift INTEGER,              -- 1: the reply as first received deviates from the schema; NULL: no reply
	latency_us INTEGER,                  -- first byte sent to last byte received, all attempts and waits
	attempts INTEGER,
	tokens_input INTEGER,                -- uncached
	tokens_cache_read INTEGER,
	tokens_cache_write INTEGER,
	tokens_output INTEGER,               -- with reasoning
	cost_nano INTEGER,                   -- all attempts
	detail TEXT,                         -- one sentence on a failure, or why it is a dead letter
	reply BLOB,                          -- the model's text as first received: a byte 0 and plain, or 1 and zstd
	PRIMARY KEY (exchange_id, candidate_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluation_open ON evaluation (candidate_id, exchange_id) WHERE state = 0 AND reason IS NULL;
CREATE INDEX evaluation_dead ON evaluation (candidate_id, exchange_id) WHERE state = 3;

-- What each candidate cost on each UTC day of calling, for the budget: survives restarts.
CREATE TABLE spend (
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	day INTEGER NOT NULL,                -- days since 1970
	cost_nano INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, day)
) STRICT, WITHOUT ROWID;

-- One comparable business object of an exchange, as one candidate compared: the unit of accuracy.
CREATE TABLE record (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	key TEXT NOT NULL,                   -- '' where the document is the record; else its key, or +n
	verdict INTEGER NOT NULL,            -- enum verdict, the worst of its fields
	side INTEGER NOT NULL,               -- stratum: 0 agree, 1 disagree, 2 invalid
	pi_ppm INTEGER NOT NULL,             -- probability of review, fixed before the coin is looked at; see docs/store.md
	sampled INTEGER NOT NULL,            -- 1: chosen for review
	PRIMARY KEY (exchange_id, candidate_id, key)
) STRICT, WITHOUT ROWID;

-- Fields of a record whose verdict is not `agree`. Week and test mark stand here too: a report reads this table alone.
CREATE TABLE field_difference (
	exchange_id INTEGER NOT NULL,
	candidate_id INTEGER NOT NULL,
	key TEXT NOT NULL,
	field_id INTEGER NOT NULL REFERENCES field (id),
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	legacy_value TEXT,                   -- JSON; NULL: absent
	llm_value TEXT,                      -- JSON; NULL: absent
	PRIMARY KEY (exchange_id, candidate_id, key, field_id)
) STRICT, WITHOUT ROWID;

-- A record chosen for review: one task, whatever number of candidates it counts for.
CREATE TABLE review_item (
	id INTEGER PRIMARY KEY,
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	key TEXT NOT NULL,
	week INTEGER NOT NULL,
	overlap INTEGER NOT NULL,            -- 1: judged by every reviewer, by a coin of its own
	status INTEGER NOT NULL,             -- 0 open, 1 conflict, 2 final, 3 unlabelable
	UNIQUE (exchange_id, key)
) STRICT;

-- The values that each path gave for a record under review.
CREATE TABLE review_value (
	item_id INTEGER NOT NULL REFERENCES review_item (id),
	path INTEGER NOT NULL,               -- 0: legacy path, else candidate.id
	field_id INTEGER NOT NULL REFERENCES field (id),
	value TEXT,                          -- JSON; NULL: absent
	PRIMARY KEY (item_id, path, field_id)
) STRICT, WITHOUT ROWID;

-- One reviewer's judgement of one record. Append-only: a later row of the same reviewer supersedes.
CREATE TABLE label (
	id INTEGER PRIMARY KEY,
	item_id INTEGER NOT NULL REFERENCES review_item (id),
	reviewer TEXT NOT NULL,
	adjudication INTEGER NOT NULL,       -- 1: settles a conflict
	cannot_tell INTEGER NOT NULL,        -- 1: the reviewer could not judge it
	labelled_at INTEGER NOT NULL,
	comment TEXT
) STRICT;
CREATE INDEX label_by_item ON label (item_id);
CREATE TRIGGER label_is_append_only BEFORE UPDATE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only'); END;
CREATE TRIGGER label_is_kept BEFORE DELETE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only'); END;

-- The correct values that a label gives.
CREATE TABLE label_value (
	label_id INTEGER NOT NULL REFERENCES label (id),
	field_id INTEGER NOT NULL REFERENCES field (id),
	value TEXT,                          -- JSON; NULL: the field should be absent
	PRIMARY KEY (label_id, field_id)
) STRICT, WITHOUT ROWID;

-- Derived from the labels of a final item: whether each path was right. Recomputed when labels change.
CREATE TABLE judgement (
	item_id INTEGER NOT NULL REFERENCES review_item (id),
	path INTEGER NOT NULL,               -- 0: legacy path, else candidate.id
	field_id INTEGER NOT NULL,           -- 0: the whole record
	correct INTEGER NOT NULL,
	PRIMARY KEY (item_id, path, field_id)
) STRICT, WITHOUT ROWID;

-- Rollups: kept up with every write, so that a report scans no history. Production figures only; test = 1 apart.
-- How many deliveries of each candidate stand in each state.
CREATE TABLE rollup_state (
	candidate_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	state INTEGER NOT NULL,
	reason INTEGER NOT NULL,             -- -1 where the state has none
	count INTEGER NOT NULL,              -- 0 where all have moved on
	PRIMARY KEY (candidate_id, week, test, state, reason)
) STRICT, WITHOUT ROWID;

-- Legacy outcomes by week.
CREATE TABLE rollup_legacy (
	interface_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	legacy_outcome INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (interface_id, week, test, legacy_outcome)
) STRICT, WITHOUT ROWID;

-- Compared transactions of one week: sums.
CREATE TABLE rollup_transaction (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	compared INTEGER NOT NULL,
	replies INTEGER NOT NULL,            -- the contract drift rate's denominator
	contract_drift INTEGER NOT NULL,     -- replies that deviate from the schema
	attempts INTEGER NOT NULL,
	tokens_input INTEGER NOT NULL,
	tokens_cache_read INTEGER NOT NULL,
	tokens_cache_write INTEGER NOT NULL,
	tokens_output INTEGER NOT NULL,
	cost_nano INTEGER NOT NULL,
	cost_nano_max INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test)
) STRICT, WITHOUT ROWID;

-- Outcomes of one week.
CREATE TABLE rollup_outcome (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	outcome INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test, outcome)
) STRICT, WITHOUT ROWID;

-- Records by stratum and probability: the N of every estimate.
CREATE TABLE rollup_record (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	side INTEGER NOT NULL,
	pi_ppm INTEGER NOT NULL,
	count INTEGER NOT NULL,
	sampled INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test, side, pi_ppm)
) STRICT, WITHOUT ROWID;

-- Field verdicts.
CREATE TABLE rollup_field (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	field_id INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test, field_id, verdict)
) STRICT, WITHOUT ROWID;

-- Cost per transaction in steps of one thousandth of the contract's limit, rounded up: the gate's cells.
CREATE TABLE rollup_cost (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	step INTEGER NOT NULL,               -- 0 to 1000
	count INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test, step)
) STRICT, WITHOUT ROWID;

-- Latency histograms, log-linear with 7 sub-bucket bits (STATISTICS.md section 10).
CREATE TABLE rollup_latency (
	interface_id INTEGER NOT NULL,
	path INTEGER NOT NULL,               -- 0: legacy path, else candidate.id
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	bucket INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (interface_id, path, week, test, bucket)
) STRICT, WITHOUT ROWID;

-- Exchanges for which a draw for shadow work was made.
CREATE TABLE rollup_shadow (
	interface_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	rule INTEGER NOT NULL,               -- enum shadow_rule
	pi_ppm INTEGER NOT NULL,
	count INTEGER NOT NULL,
	chosen INTEGER NOT NULL,
	PRIMARY KEY (interface_id, week, test, rule, pi_ppm)
) STRICT, WITHOUT ROWID;

-- That a report was published, and the digest of its JSON.
CREATE TABLE published_report (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	from_week INTEGER NOT NULL,
	to_week INTEGER NOT NULL,
	as_of INTEGER NOT NULL,
	digest BLOB NOT NULL
) STRICT;

-- Incidents.
-- Something that its owner has to look at. Of one subject at most one is unresolved.
CREATE TABLE incident (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	candidate_id INTEGER REFERENCES candidate (id), -- NULL: not about a candidate
	kind INTEGER NOT NULL,               -- enum incident_kind
	subject TEXT NOT NULL,               -- what of that kind: a JSON Pointer of a message, a class; '' where there is one only
	severity INTEGER NOT NULL,           -- enum drift_severity
	state INTEGER NOT NULL,              -- enum incident_state
	began_at INTEGER NOT NULL,           -- when what it is about began, as estimated; detected_at - began_at: time to detect
	detected_at INTEGER NOT NULL,
	acknowledged_at INTEGER,             -- NULL: not yet
	resolved_at INTEGER,                 -- NULL: not yet; resolved_at - detected_at: time to resolve
	evidence TEXT NOT NULL               -- JSON object: figures, first exchanges, what else changed at that time
) STRICT;
CREATE UNIQUE INDEX incident_unresolved ON incident (interface_id, ifnull(candidate_id, 0), kind, subject) WHERE state < 2;

-- What people did about an incident. Append-only.
CREATE TABLE incident_action (
	id INTEGER PRIMARY KEY,
	incident_id INTEGER NOT NULL REFERENCES incident (id),
	at INTEGER NOT NULL,
	state INTEGER NOT NULL,              -- enum incident_state that it led to
	actor TEXT NOT NULL,                 -- who, as given
	note TEXT NOT NULL                   -- why; '' where nothing was said
) STRICT;
CREATE INDEX incident_action_by_incident ON incident_action (incident_id);

-- Series of contract drift.
-- What the series are cut by: a combination that replies came with.
CREATE TABLE reply_source (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	path INTEGER NOT NULL,               -- 0: legacy path, else candidate.id
	contract_version TEXT NOT NULL,      -- contract: version
	model TEXT NOT NULL,                 -- as its provider reports it; of the legacy path: legacy.version; '': not told
	prompt BLOB NOT NULL,                -- SHA-256 of the template; empty: none
	service_version TEXT NOT NULL,       -- of what stands before the model; '': not told
	first_seen_at INTEGER NOT NULL,      -- captured_at of its first reply
	UNIQUE (interface_id, path, contract_version, model, prompt, service_version)
) STRICT;

-- From which exchange on legacy replies have a source. An answer that counts instead of another leaves the series that the
-- other one is in.
CREATE TABLE legacy_source (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	from_exchange INTEGER NOT NULL,      -- exchange.id
	source_id INTEGER NOT NULL REFERENCES reply_source (id),
	held INTEGER NOT NULL,               -- 1: replies are held to a schema and counted; 0: the contract has none for them
	PRIMARY KEY (interface_id, from_exchange)
) STRICT, WITHOUT ROWID;

-- A reply that deviates, be it in the strict reading only. Of the others there is no row.
CREATE TABLE deviating_reply (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	path INTEGER NOT NULL,               -- 0: legacy path, else candidate.id
	source_id INTEGER NOT NULL REFERENCES reply_source (id),
	hour INTEGER NOT NULL,               -- of captured_at, since 1970, UTC
	classes INTEGER NOT NULL,            -- strict reading: sum of 1 << enum drift_class
	declared INTEGER NOT NULL,           -- of these: as declared; 0: no contract drift
	severity INTEGER NOT NULL,           -- enum drift_severity
	recovered INTEGER NOT NULL,          -- 1: no JSON, but a lenient reader makes it out
	total INTEGER NOT NULL,              -- deviations, those without a row included
	PRIMARY KEY (exchange_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX deviating_reply_by_source ON deviating_reply (source_id, hour);

-- The first deviations of such a reply. No value of the reply is quoted.
CREATE TABLE deviation (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	path INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,            -- 0, 1, ... in the order of the reply
	class INTEGER NOT NULL,              -- enum drift_class
	strict INTEGER NOT NULL,             -- 1: in the strict reading only
	instance TEXT NOT NULL,              -- JSON Pointer; '': the reply as a whole
	keyword TEXT NOT NULL,               -- of the schema; '': about the text
	schema TEXT NOT NULL,                -- JSON Pointer of the keyword; '' likewise
	sentence TEXT NOT NULL,
	PRIMARY KEY (exchange_id, path, ordinal)
) STRICT, WITHOUT ROWID;

-- Replies of a source by hour. Days and weeks are sums of these.
CREATE TABLE rollup_drift (
	source_id INTEGER NOT NULL,
	hour INTEGER NOT NULL,               -- of captured_at, since 1970, UTC
	week INTEGER NOT NULL,               -- of event_time: by it the series tie out with rollup_transaction
	test INTEGER NOT NULL,
	replies INTEGER NOT NULL,
	contract_drift INTEGER NOT NULL,     -- that deviate as declared
	strict_drift INTEGER NOT NULL,       -- that deviate in the strict reading
	recovered INTEGER NOT NULL,          -- of contract_drift: no JSON, but a lenient reader makes it out
	high INTEGER NOT NULL,               -- of strict_drift, by enum drift_severity
	medium INTEGER NOT NULL,
	low INTEGER NOT NULL,
	PRIMARY KEY (source_id, hour, week, test)
) STRICT, WITHOUT ROWID;

-- Of these: replies that have a class. One reply may have several.
CREATE TABLE rollup_drift_class (
	source_id INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	class INTEGER NOT NULL,              -- enum drift_class
	deviating INTEGER NOT NULL,          -- strict reading
	declared INTEGER NOT NULL,           -- as declared
	PRIMARY KEY (source_id, hour, week, test, class)
) STRICT, WITHOUT ROWID;

-- What watches the contract drift rate of one path (evaluators/drift/monitor.h), written with the replies that it counted.
CREATE TABLE drift_monitor (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	path INTEGER NOT NULL,               -- 0: legacy path, else candidate.id
	phase INTEGER NOT NULL,              -- 0 reference, 1 watch, 2 alarm
	reference_replies INTEGER NOT NULL,  -- counted so far; 0 where the contract gives the rate
	reference_events INTEGER NOT NULL,   -- of these: with contract drift
	reference_from INTEGER NOT NULL,     -- captured_at, earliest and latest
	reference_until INTEGER NOT NULL,
	p0 REAL NOT NULL,                    -- the rate that counts as usual; 0 in the reference
	run_length REAL NOT NULL,            -- mean number of replies to a false alarm; 0 in the reference
	replies_per_day REAL NOT NULL,       -- of the reference; run_length / replies_per_day: the same in days
	replies INTEGER NOT NULL,            -- since the watch began
	events INTEGER NOT NULL,
	incident_id INTEGER REFERENCES incident (id), -- in alarm: its incident
	PRIMARY KEY (interface_id, path)
) STRICT, WITHOUT ROWID;

-- Its detectors, for twice, four and eight times the usual rate.
CREATE TABLE drift_detector (
	interface_id INTEGER NOT NULL,
	path INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,            -- 0 to 2
	p1 REAL NOT NULL,
	cusum REAL NOT NULL,
	log_sr REAL NOT NULL,                -- log M; -Inf: nothing counted yet
	began_at INTEGER NOT NULL,           -- captured_at of the first reply after cusum was last at 0; 0: none yet
	replies INTEGER NOT NULL,            -- since then
	events INTEGER NOT NULL,
	PRIMARY KEY (interface_id, path, ordinal),
	FOREIGN KEY (interface_id, path) REFERENCES drift_monitor (interface_id, path)
) STRICT, WITHOUT ROWID;

-- The data teams' API: columns stay.
CREATE VIEW v_exchange AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, e.event_time, e.captured_at, e.week, e.test,
	lower(hex(r.exchange_id)) AS revision_of, e.legacy_outcome, e.legacy_status, e.legacy_latency_us
FROM exchange e JOIN interface i ON i.id = e.interface_id LEFT JOIN exchange r ON r.id = e.revision_of;

CREATE VIEW v_outcome AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, c.name AS candidate, e.week, e.test, v.state,
	v.reason, p.ordinal AS epoch, v.outcome, v.verdict, v.contract_drift, v.latency_us, v.attempts, v.tokens_input,
	v.tokens_cache_read, v.tokens_cache_write, v.tokens_output, v.cost_nano, v.detail
FROM evaluation v JOIN exchange e ON e.id = v.exchange_id JOIN candidate c ON c.id = v.candidate_id
JOIN interface i ON i.id = c.interface_id LEFT JOIN epoch p ON p.id = v.epoch_id;

CREATE VIEW v_diff AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, c.name AS candidate, e.week, e.test, d.key,
	f.name AS field, d.verdict, d.legacy_value, d.llm_value
FROM field_difference d JOIN exchange e ON e.id = d.exchange_id JOIN candidate c ON c.id = d.candidate_id
JOIN interface i ON i.id = c.interface_id JOIN field f ON f.id = d.field_id;

CREATE VIEW v_label AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, e.week, t.key, l.reviewer, l.adjudication,
	l.cannot_tell, l.labelled_at, f.name AS field, lv.value, t.status, l.comment
FROM label l JOIN review_item t ON t.id = l.item_id JOIN exchange e ON e.id = t.exchange_id
JOIN interface i ON i.id = e.interface_id LEFT JOIN label_value lv ON lv.label_id = l.id
LEFT JOIN field f ON f.id = lv.field_id;

CREATE VIEW v_weekly AS
SELECT i.name AS interface, c.name AS candidate, p.ordinal AS epoch, t.week, t.test, t.compared, t.replies,
	t.contract_drift, t.attempts, t.tokens_input, t.tokens_cache_read, t.tokens_cache_write, t.tokens_output,
	t.cost_nano, t.cost_nano_max
FROM rollup_transaction t JOIN candidate c ON c.id = t.candidate_id JOIN interface i ON i.id = c.interface_id
JOIN epoch p ON p.id = t.epoch_id;

CREATE VIEW v_legacy_answer AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, e.week, e.test, a.ordinal AS version,
	a.legacy_outcome, a.legacy_status, a.answered_at, a.seen_at, a.ordinal IS c.ordinal AS counts
FROM legacy_answer a JOIN exchange e ON e.id = a.exchange_id JOIN interface i ON i.id = e.interface_id
LEFT JOIN legacy_counting c ON c.exchange_id = a.exchange_id;

CREATE VIEW v_incident AS
SELECT n.id, i.name AS interface, c.name AS candidate, n.kind, n.subject, n.severity, n.state, n.began_at, n.detected_at,
	n.acknowledged_at, n.resolved_at, n.evidence
FROM incident n JOIN interface i ON i.id = n.interface_id LEFT JOIN candidate c ON c.id = n.candidate_id;

CREATE VIEW v_drift AS
SELECT i.name AS interface, coalesce(c.name, 'legacy') AS candidate, s.contract_version, s.model,
	lower(hex(s.prompt)) AS prompt, d.hour, d.week, d.test, k.class, d.replies, coalesce(k.deviating, 0) AS deviating,
	coalesce(k.declared, 0) AS declared, d.contract_drift, d.strict_drift
FROM rollup_drift d JOIN reply_source s ON s.id = d.source_id JOIN interface i ON i.id = s.interface_id
LEFT JOIN candidate c ON c.id = s.path LEFT JOIN rollup_drift_class k ON k.source_id = d.source_id AND k.hour = d.hour
	AND k.week = d.week AND k.test = d.test;

CREATE VIEW v_deviation AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, coalesce(c.name, 'legacy') AS candidate, e.week,
	e.test, r.severity, d.class, d.strict, d.instance, d.keyword, d.schema, d.sentence
FROM deviation d JOIN deviating_reply r ON r.exchange_id = d.exchange_id AND r.path = d.path
JOIN exchange e ON e.id = d.exchange_id JOIN interface i ON i.id = e.interface_id LEFT JOIN candidate c ON c.id = d.path;
