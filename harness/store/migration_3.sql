-- From version 2 to 3. What is made here is as in schema.sql, which explains it; a test holds the two together.
-- Versions of contracts.
CREATE TABLE contract_version (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	version TEXT NOT NULL,
	hash BLOB NOT NULL,
	content TEXT NOT NULL,
	first_used_at INTEGER NOT NULL,
	PRIMARY KEY (interface_id, version)
) STRICT, WITHOUT ROWID;
