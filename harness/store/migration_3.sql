-- From version 2 to 3: incidents, versions of contracts, series of contract drift, profiles of fields. What is made here is as
-- in schema.sql, which explains it; a test holds the two together.
-- Incidents.
CREATE TABLE incident (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	candidate_id INTEGER REFERENCES candidate (id),
	kind INTEGER NOT NULL,
	subject TEXT NOT NULL,
	severity INTEGER NOT NULL,
	state INTEGER NOT NULL,
	began_at INTEGER NOT NULL,
	detected_at INTEGER NOT NULL,
	acknowledged_at INTEGER,
	resolved_at INTEGER,
	evidence TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX incident_unresolved ON incident (interface_id, ifnull(candidate_id, 0), kind, subject) WHERE state < 2;
CREATE TABLE incident_action (
	id INTEGER PRIMARY KEY,
	incident_id INTEGER NOT NULL REFERENCES incident (id),
	at INTEGER NOT NULL,
	state INTEGER NOT NULL,
	actor TEXT NOT NULL,
	note TEXT NOT NULL
) STRICT;
CREATE INDEX incident_action_by_incident ON incident_action (incident_id);
CREATE VIEW v_incident AS
SELECT n.id, i.name AS interface, c.name AS candidate, n.kind, n.subject, n.severity, n.state, n.began_at, n.detected_at,
	n.acknowledged_at, n.resolved_at, n.evidence
FROM incident n JOIN interface i ON i.id = n.interface_id LEFT JOIN candidate c ON c.id = n.candidate_id;
-- Versions of contracts.
CREATE TABLE contract_version (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	version TEXT NOT NULL,
	hash BLOB NOT NULL,
	content TEXT NOT NULL,
	first_used_at INTEGER NOT NULL,
	PRIMARY KEY (interface_id, version)
) STRICT, WITHOUT ROWID;
-- Series of contract drift.
CREATE TABLE reply_source (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	path INTEGER NOT NULL,
	contract_version TEXT NOT NULL,
	model TEXT NOT NULL,
	prompt BLOB NOT NULL,
	service_version TEXT NOT NULL,
	first_seen_at INTEGER NOT NULL,
	UNIQUE (interface_id, path, contract_version, model, prompt, service_version)
) STRICT;
CREATE TABLE legacy_source (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	from_exchange INTEGER NOT NULL,
	source_id INTEGER NOT NULL REFERENCES reply_source (id),
	held INTEGER NOT NULL,
	PRIMARY KEY (interface_id, from_exchange)
) STRICT, WITHOUT ROWID;
CREATE TABLE deviating_reply (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	path INTEGER NOT NULL,
	source_id INTEGER NOT NULL REFERENCES reply_source (id),
	hour INTEGER NOT NULL,
	classes INTEGER NOT NULL,
	declared INTEGER NOT NULL,
	severity INTEGER NOT NULL,
	recovered INTEGER NOT NULL,
	total INTEGER NOT NULL,
	PRIMARY KEY (exchange_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX deviating_reply_by_source ON deviating_reply (source_id, hour);
CREATE TABLE deviation (
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	path INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	class INTEGER NOT NULL,
	strict INTEGER NOT NULL,
	instance TEXT NOT NULL,
	keyword TEXT NOT NULL,
	schema TEXT NOT NULL,
	sentence TEXT NOT NULL,
	PRIMARY KEY (exchange_id, path, ordinal)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_drift (
	source_id INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	replies INTEGER NOT NULL,
	contract_drift INTEGER NOT NULL,
	strict_drift INTEGER NOT NULL,
	recovered INTEGER NOT NULL,
	high INTEGER NOT NULL,
	medium INTEGER NOT NULL,
	low INTEGER NOT NULL,
	PRIMARY KEY (source_id, hour, week, test)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_drift_class (
	source_id INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	class INTEGER NOT NULL,
	deviating INTEGER NOT NULL,
	declared INTEGER NOT NULL,
	PRIMARY KEY (source_id, hour, week, test, class)
) STRICT, WITHOUT ROWID;
CREATE TABLE drift_monitor (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	path INTEGER NOT NULL,
	phase INTEGER NOT NULL,
	reference_replies INTEGER NOT NULL,
	reference_events INTEGER NOT NULL,
	reference_from INTEGER NOT NULL,
	reference_until INTEGER NOT NULL,
	p0 REAL NOT NULL,
	run_length REAL NOT NULL,
	replies_per_day REAL NOT NULL,
	replies INTEGER NOT NULL,
	events INTEGER NOT NULL,
	incident_id INTEGER REFERENCES incident (id),
	PRIMARY KEY (interface_id, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE drift_detector (
	interface_id INTEGER NOT NULL,
	path INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	p1 REAL NOT NULL,
	cusum REAL NOT NULL,
	log_sr REAL NOT NULL,
	began_at INTEGER NOT NULL,
	replies INTEGER NOT NULL,
	events INTEGER NOT NULL,
	PRIMARY KEY (interface_id, path, ordinal),
	FOREIGN KEY (interface_id, path) REFERENCES drift_monitor (interface_id, path)
) STRICT, WITHOUT ROWID;
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
-- The ledger: deliveries without a contract, drops by week, answers that come with a duplicate, and many answers to one
-- exchange.
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
	duplicate_answered INTEGER NOT NULL,
	PRIMARY KEY (stream, interface_id)
) STRICT, WITHOUT ROWID;
INSERT INTO delivery_count (stream, interface_id, stored, duplicate, revision, outcome, outcome_duplicate, outcome_joined,
	outcome_unpaired, outcome_closed, outcome_returned, duplicate_answered)
SELECT stream, interface_id, stored, duplicate, revision, outcome, outcome_duplicate, outcome_joined, outcome_unpaired,
	outcome_closed, outcome_returned, 0 FROM former_count;
DROP TABLE former_count;
CREATE TABLE unclaimed_delivery (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	stream TEXT NOT NULL,
	encoding INTEGER NOT NULL,
	size INTEGER NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE INDEX unclaimed_delivery_by_interface ON unclaimed_delivery (interface_id);
CREATE TABLE tap_drop_week (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	week INTEGER NOT NULL,
	reason INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (interface_id, week, reason)
) STRICT, WITHOUT ROWID;
CREATE INDEX legacy_answer_by_digest ON legacy_answer (exchange_id, digest);
CREATE INDEX legacy_answer_by_time ON legacy_answer (exchange_id, readable, answered_at);
CREATE INDEX waiting_outcome_by_digest ON waiting_outcome (interface_id, key, digest);
-- Input gates.
CREATE TABLE input_mark (
	exchange_id INTEGER PRIMARY KEY REFERENCES exchange (id),
	gate INTEGER NOT NULL,
	detail TEXT NOT NULL
) STRICT;
CREATE TABLE input_release (
	id INTEGER PRIMARY KEY,
	exchange_id INTEGER NOT NULL REFERENCES exchange (id),
	at INTEGER NOT NULL,
	gate INTEGER NOT NULL,
	actor TEXT NOT NULL,
	note TEXT NOT NULL
) STRICT;
CREATE INDEX input_release_by_exchange ON input_release (exchange_id);
CREATE TRIGGER input_release_is_append_only BEFORE UPDATE ON input_release
BEGIN SELECT RAISE (ABORT, 'releases are append-only'); END;
CREATE TRIGGER input_release_is_kept BEFORE DELETE ON input_release
BEGIN SELECT RAISE (ABORT, 'releases are append-only'); END;
CREATE TABLE rollup_input (
	interface_id INTEGER NOT NULL,
	day INTEGER NOT NULL,
	test INTEGER NOT NULL,
	messages INTEGER NOT NULL,
	deviating INTEGER NOT NULL,
	unreadable INTEGER NOT NULL,
	warned INTEGER NOT NULL,
	held_invalid INTEGER NOT NULL,
	held_changed INTEGER NOT NULL,
	dead_letter INTEGER NOT NULL,
	PRIMARY KEY (interface_id, day, test)
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluation_held ON evaluation (candidate_id, exchange_id) WHERE state = 0 AND reason > 0;
-- Profiles of fields.
CREATE TABLE profile_field (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	side INTEGER NOT NULL,
	pointer TEXT NOT NULL,
	is_map INTEGER NOT NULL,
	is_open INTEGER NOT NULL,
	UNIQUE (interface_id, side, pointer)
) STRICT;
CREATE TABLE profile_value (
	field_id INTEGER NOT NULL REFERENCES profile_field (id),
	token INTEGER NOT NULL,
	value TEXT,
	PRIMARY KEY (field_id, token)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollup_profile (
	field_id INTEGER NOT NULL,
	week INTEGER NOT NULL,
	test INTEGER NOT NULL,
	measure INTEGER NOT NULL,
	bin INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (field_id, week, test, measure, bin)
) STRICT, WITHOUT ROWID;
CREATE TABLE profile_reference (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	side INTEGER NOT NULL,
	from_week INTEGER NOT NULL,
	to_week INTEGER NOT NULL,
	messages INTEGER NOT NULL,
	hash BLOB NOT NULL,
	frozen_at INTEGER NOT NULL,
	actor TEXT NOT NULL,
	note TEXT NOT NULL
) STRICT;
CREATE INDEX profile_reference_by_side ON profile_reference (interface_id, side);
CREATE TRIGGER profile_reference_is_append_only BEFORE UPDATE ON profile_reference
BEGIN SELECT RAISE (ABORT, 'references are append-only'); END;
CREATE TRIGGER profile_reference_is_kept BEFORE DELETE ON profile_reference
BEGIN SELECT RAISE (ABORT, 'references are append-only'); END;
CREATE TABLE profile_reference_count (
	reference_id INTEGER NOT NULL REFERENCES profile_reference (id),
	field_id INTEGER NOT NULL REFERENCES profile_field (id),
	measure INTEGER NOT NULL,
	bin INTEGER NOT NULL,
	count INTEGER NOT NULL,
	PRIMARY KEY (reference_id, field_id, measure, bin)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER profile_reference_count_is_frozen BEFORE UPDATE ON profile_reference_count
BEGIN SELECT RAISE (ABORT, 'references are append-only'); END;
CREATE TRIGGER profile_reference_count_is_kept BEFORE DELETE ON profile_reference_count
BEGIN SELECT RAISE (ABORT, 'references are append-only'); END;
CREATE TABLE profile_week (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	side INTEGER NOT NULL,
	week INTEGER NOT NULL,
	reference_id INTEGER NOT NULL REFERENCES profile_reference (id),
	messages INTEGER NOT NULL,
	tests INTEGER NOT NULL,
	tested_at INTEGER NOT NULL,
	PRIMARY KEY (interface_id, side, week)
) STRICT, WITHOUT ROWID;
CREATE TABLE profile_finding (
	interface_id INTEGER NOT NULL,
	side INTEGER NOT NULL,
	week INTEGER NOT NULL,
	field_id INTEGER NOT NULL REFERENCES profile_field (id),
	check_id INTEGER NOT NULL,
	statistic REAL NOT NULL,
	p REAL NOT NULL,
	adjusted REAL NOT NULL,
	effect REAL NOT NULL,
	psi REAL,
	js REAL,
	reference_share REAL,
	week_share REAL,
	sentence TEXT NOT NULL,
	PRIMARY KEY (interface_id, side, week, field_id, check_id),
	FOREIGN KEY (interface_id, side, week) REFERENCES profile_week (interface_id, side, week)
) STRICT, WITHOUT ROWID;
CREATE VIEW v_input AS
SELECT lower(hex(e.exchange_id)) AS exchange_id, i.name AS interface, e.week, e.test, m.gate, m.detail,
	(SELECT max(r.at) FROM input_release r WHERE r.exchange_id = e.id) AS released_at
FROM input_mark m JOIN exchange e ON e.id = m.exchange_id JOIN interface i ON i.id = e.interface_id;
CREATE VIEW v_data_drift AS
SELECT i.name AS interface, CASE f.side WHEN -1 THEN 'message' WHEN 0 THEN 'legacy' ELSE c.name END AS side, f.week,
	p.pointer, f.check_id, f.statistic, f.p, f.adjusted, f.effect, f.psi, f.js, f.reference_share, f.week_share, f.sentence
FROM profile_finding f JOIN profile_field p ON p.id = f.field_id JOIN interface i ON i.id = f.interface_id
LEFT JOIN candidate c ON c.id = f.side;
