-- The schema of version 1 as it was released, for the test of the migration.
CREATE TABLE interface (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
) STRICT;
CREATE TABLE candidate (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	name TEXT NOT NULL,
	UNIQUE (interface_id, name)
) STRICT;
CREATE TABLE epoch (
	id INTEGER PRIMARY KEY,
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	ordinal INTEGER NOT NULL,
	hash BLOB NOT NULL,
	description TEXT NOT NULL,
	started_at INTEGER NOT NULL,
	UNIQUE (candidate_id, ordinal)
) STRICT;
CREATE TABLE field (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	name TEXT NOT NULL,
	UNIQUE (interface_id, name)
) STRICT;
CREATE TABLE spool_position (
	stream TEXT PRIMARY KEY,
	segment INTEGER NOT NULL,
	offset INTEGER NOT NULL,
	sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tap_account (
	stream TEXT NOT NULL,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	origin INTEGER NOT NULL,
	at INTEGER NOT NULL,
	seen INTEGER NOT NULL,
	committed INTEGER NOT NULL,
	in_flight INTEGER NOT NULL,
	PRIMARY KEY (stream, interface_id, origin)
) STRICT, WITHOUT ROWID;
CREATE TABLE tap_drop (
	stream TEXT NOT NULL,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	origin INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (stream, interface_id, origin, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE delivery_count (
	stream TEXT NOT NULL,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	stored INTEGER NOT NULL,
	duplicate INTEGER NOT NULL,
	revision INTEGER NOT NULL,
	PRIMARY KEY (stream, interface_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE exchange (
	id INTEGER PRIMARY KEY,
	exchange_id BLOB NOT NULL CHECK (length(exchange_id) = 16),
	identity BLOB,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	revision_of INTEGER REFERENCES exchange (id),
	event_time INTEGER NOT NULL,
	captured_at INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	legacy_outcome INTEGER NOT NULL,
	legacy_status INTEGER NOT NULL,
	legacy_latency_us INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX exchange_by_id ON exchange (exchange_id);
CREATE INDEX exchange_by_identity ON exchange (substr(identity, 1, 6)) WHERE identity IS NOT NULL;
CREATE TABLE dictionary (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	content BLOB NOT NULL
) STRICT;
CREATE TABLE payload (
	id INTEGER PRIMARY KEY,
	encoding INTEGER NOT NULL,
	request_size INTEGER NOT NULL,
	reply_size INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE TABLE evaluation (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	state INTEGER NOT NULL,
	reason INTEGER,
	epoch_id INTEGER REFERENCES epoch (id),
	outcome INTEGER,
	verdict INTEGER,
	contract_drift INTEGER,
	latency_us INTEGER,
	attempts INTEGER,
	tokens_input INTEGER,
	tokens_cache_read INTEGER,
	tokens_cache_write INTEGER,
	tokens_output INTEGER,
	cost_nano INTEGER,
	detail TEXT,
	reply BLOB,
	PRIMARY KEY (exchange_id, candidate_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluation_open ON evaluation (candidate_id, exchange_id) WHERE state = 0;
CREATE INDEX evaluation_dead ON evaluation (candidate_id, exchange_id) WHERE state = 3;
CREATE TABLE spend (
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	day INTEGER NOT NULL,
	cost_nano INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE record (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	candidate_id INTEGER NOT NULL REFERENCES candidate (id),
	key TEXT NOT NULL,
	verdict INTEGER NOT NULL,
	side INTEGER NOT NULL,
	pi_ppm INTEGER NOT NULL,
	sampled INTEGER NOT NULL,
	PRIMARY KEY (exchange_id, candidate_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE field_difference (
	exchange_id INTEGER NOT NULL,
	candidate_id INTEGER NOT NULL,
	key TEXT NOT NULL,
	field_id INTEGER NOT NULL REFERENCES field (id),
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	verdict INTEGER NOT NULL,
	legacy_value TEXT,
	llm_value TEXT,
	PRIMARY KEY (exchange_id, candidate_id, key, field_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE review_item (
	id INTEGER PRIMARY KEY,
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	key TEXT NOT NULL,
	week INTEGER NOT NULL,
	overlap INTEGER NOT NULL,
	status INTEGER NOT NULL,
	UNIQUE (exchange_id, key)
) STRICT;
CREATE TABLE review_value (
	item_id INTEGER NOT NULL REFERENCES review_item (id),
	path INTEGER NOT NULL,
	field_id INTEGER NOT NULL REFERENCES field (id),
	value TEXT,
	PRIMARY KEY (item_id, path, field_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE label (
	id INTEGER PRIMARY KEY,
	item_id INTEGER NOT NULL REFERENCES review_item (id),
	reviewer TEXT NOT NULL,
	adjudication INTEGER NOT NULL,
	cannot_tell INTEGER NOT NULL,
	labelled_at INTEGER NOT NULL,
	comment TEXT
) STRICT;
CREATE INDEX label_by_item ON label (item_id);
CREATE TRIGGER label_is_append_only BEFORE UPDATE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only'); END;
CREATE TRIGGER label_is_kept BEFORE DELETE ON label BEGIN SELECT RAISE (ABORT, 'labels are append-only'); END;
CREATE TABLE label_value (
	label_id INTEGER NOT NULL REFERENCES label (id),
	field_id INTEGER NOT NULL REFERENCES field (id),
	value TEXT,
	PRIMARY KEY (label_id, field_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE judgement (
	item_id INTEGER NOT NULL REFERENCES review_item (id),
	path INTEGER NOT NULL,
	field_id INTEGER NOT NULL,
	correct INTEGER NOT NULL,
	PRIMARY KEY (item_id, path, field_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_state (
	candidate_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	state INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, week, test, state, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_legacy (
	interface_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	legacy_outcome INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (interface_id, week, test, legacy_outcome)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_transaction (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	compared INTEGER NOT NULL,
	replies INTEGER NOT NULL,
	contract_drift INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	tokens_input INTEGER NOT NULL,
	tokens_cache_read INTEGER NOT NULL,
	tokens_cache_write INTEGER NOT NULL,
	tokens_output INTEGER NOT NULL,
	cost_nano INTEGER NOT NULL,
	cost_nano_max INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_outcome (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	outcome INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test, outcome)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE rollup_cost (
	candidate_id INTEGER NOT NULL,
	epoch_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	step INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (candidate_id, epoch_id, week, test, step)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_latency (
	interface_id INTEGER NOT NULL,
	path INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	bucket INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (interface_id, path, week, test, bucket)
) STRICT, WITHOUT ROWID;
CREATE TABLE published_report (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	from_week INTEGER NOT NULL,
	to_week INTEGER NOT NULL,
	as_of INTEGER NOT NULL,
	digest BLOB NOT NULL
) STRICT;
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
