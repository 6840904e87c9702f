-- Version 1: the tables. Each column is described in the crate's documentation.

CREATE TABLE auroch.schema_version (version integer NOT NULL);
INSERT INTO auroch.schema_version VALUES (1);

-- The page has room for the row's next versions, so that moving the head never touches an index.
CREATE TABLE auroch.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    position bigint NOT NULL,
    revision bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO auroch.head (position, revision) VALUES (0, 1);

CREATE TABLE auroch.commits (revision bigint PRIMARY KEY, position bigint NOT NULL, data bytea NOT NULL);
-- Kept as it is: who writes it compresses it already, or has reasons not to.
ALTER TABLE auroch.commits ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE auroch.control_log (position bigint PRIMARY KEY, revision bigint NOT NULL, data bytea NOT NULL);
CREATE TABLE auroch.control (key bytea PRIMARY KEY, value bytea NOT NULL);

CREATE TABLE auroch.servers (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    peer_urls text[] NOT NULL,
    client_urls text[] NOT NULL,
    seen_at timestamptz NOT NULL
);
CREATE TABLE auroch.leader (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    id bigint NOT NULL,
    seen_at timestamptz NOT NULL
);
