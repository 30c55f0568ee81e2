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
