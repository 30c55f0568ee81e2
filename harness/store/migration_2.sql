-- From version 1 to 2: late legacy answers and their versions, idempotency keys, draws for shadow work. What is made here
-- is as in schema.sql, which explains it; a test holds the two together.
CREATE TEMP TABLE former_count AS SELECT * FROM delivery_count;
DROP TABLE delivery_count;
CREATE TABLE delivery_count (
	stream TEXT NOT NULL,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	stored INTEGER NOT NULL,
	duplicate INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	outcome INTEGER NOT NULL,
	outcome_duplicate INTEGER NOT NULL,
	outcome_joined INTEGER NOT NULL,
	outcome_unpaired INTEGER NOT NULL,
	outcome_closed INTEGER NOT NULL,
	outcome_returned INTEGER NOT NULL,
	PRIMARY KEY (stream, interface_id)
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_count (stream, interface_id, stored, duplicate, revision, outcome, outcome_duplicate, outcome_joined,
	outcome_unpaired, outcome_closed, outcome_returned)
SELECT stream, interface_id, stored, duplicate, revision, 0, 0, 0, 0, 0, 0 FROM former_count;
DROP TABLE former_count;
DROP INDEX evaluation_open;
CREATE INDEX evaluation_open ON evaluation (candidate_id, exchange_id) WHERE state = 0 AND reason IS NULL;
CREATE TABLE legacy_answer (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	ordinal INTEGER NOT NULL,
	legacy_outcome INTEGER NOT NULL,
	legacy_status INTEGER NOT NULL,
	answered_at INTEGER NOT NULL,
	seen_at INTEGER NOT NULL,
	readable INTEGER NOT NULL,
	digest BLOB,
	encoding INTEGER NOT NULL,
	reply_size INTEGER NOT NULL,
	body BLOB,
	PRIMARY KEY (exchange_id, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER legacy_answer_is_append_only BEFORE UPDATE OF exchange_id, ordinal, legacy_outcome, legacy_status,
	answered_at, seen_at, readable, digest ON legacy_answer
BEGIN SELECT RAISE (ABORT, 'legacy answers are append-only'); END;
CREATE TABLE legacy_counting (
	exchange_id INTEGER PRIMARY KEY REFERENCES exchange (id),
	ordinal INTEGER NOT NULL
) STRICT;
CREATE TABLE correlation (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	key BLOB NOT NULL,
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	PRIMARY KEY (interface_id, key, exchange_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE awaited (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	captured_at INTEGER NOT NULL,
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	PRIMARY KEY (interface_id, captured_at, exchange_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE waiting_outcome (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	key BLOB NOT NULL,
	stream TEXT NOT NULL,
	legacy_outcome INTEGER NOT NULL,
	legacy_status INTEGER NOT NULL,
	answered_at INTEGER NOT NULL,
	seen_at INTEGER NOT NULL,
	readable INTEGER NOT NULL,
	digest BLOB NOT NULL,
	encoding INTEGER NOT NULL,
	reply_size INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE INDEX waiting_outcome_by_key ON waiting_outcome (interface_id, key);
CREATE INDEX waiting_outcome_by_time ON waiting_outcome (interface_id, seen_at);
CREATE TABLE idempotency_key (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	key BLOB NOT NULL,
	stored_at INTEGER NOT NULL,
	PRIMARY KEY (interface_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_key_by_time ON idempotency_key (interface_id, stored_at);
CREATE TABLE shadow_draw (
	exchange_id INTEGER PRIMARY KEY REFERENCES exchange (id),
	pi_ppm INTEGER NOT NULL,
	rule INTEGER NOT NULL,
	chosen INTEGER NOT NULL
) STRICT;
CREATE TABLE shadow_minute (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	minute INTEGER NOT NULL,
	operation BLOB NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (interface_id, minute, operation)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_shadow (
	interface_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	rule INTEGER NOT NULL,
	pi_ppm INTEGER NOT NULL,
	count INTEGER NOT NULL,
	chosen INTEGER NOT NULL,
	PRIMARY KEY (interface_id, week, test, rule, pi_ppm)
) STRICT, WITHOUT ROWID;
CREATE VIEW v_legacy_answer AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, e.week, e.test, a.ordinal AS version,
	a.legacy_outcome, a.legacy_status, a.answered_at, a.seen_at, a.ordinal IS c.ordinal AS counts
FROM legacy_answer a JOIN exchange e ON e.id = a.exchange_id JOIN interface i ON i.id = e.interface_id
LEFT JOIN legacy_counting c ON c.exchange_id = a.exchange_id;
