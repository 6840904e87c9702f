-- What the first version made. It is never edited: databases like it are out there.
CREATE SCHEMA IF NOT EXISTS auroch;
CREATE TABLE auroch.schema_version (version integer NOT NULL);
CREATE TABLE auroch.head (one boolean PRIMARY KEY DEFAULT true CHECK (one), position bigint NOT NULL, revision bigint NOT NULL)
    WITH (fillfactor = 10);
CREATE TABLE auroch.commits (revision bigint PRIMARY KEY, position bigint NOT NULL, data bytea NOT NULL);
ALTER TABLE auroch.commits ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE auroch.control_log (position bigint PRIMARY KEY, revision bigint NOT NULL, data bytea NOT NULL);
CREATE TABLE auroch.control (key bytea PRIMARY KEY, value bytea NOT NULL);
CREATE TABLE auroch.servers (id bigint PRIMARY KEY, name text NOT NULL, peer_urls text[] NOT NULL, client_urls text[] NOT NULL,
    seen_at timestamptz NOT NULL);
CREATE TABLE auroch.leader (one boolean PRIMARY KEY DEFAULT true CHECK (one), id bigint NOT NULL, seen_at timestamptz NOT NULL);
INSERT INTO auroch.head (position, revision) VALUES (0, 1);
INSERT INTO auroch.schema_version VALUES (1);
CREATE FUNCTION auroch.first_behind(after bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := after + 2;
    middle bigint;
    entry record;
BEGIN
    WHILE low < high LOOP
        middle := low + (high - low) / 2;
        SELECT revision, position INTO entry FROM auroch.commits WHERE revision >= middle ORDER BY revision LIMIT 1;
        IF FOUND AND entry.position <= after THEN
            low := entry.revision + 1;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END $$;
