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
