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
