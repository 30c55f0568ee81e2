-- From version 2 to 3. What is made here is as in schema.sql, which explains it; a test holds the two together.

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
