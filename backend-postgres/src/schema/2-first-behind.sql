-- Version 2: the search for a position takes any log, also one whose revisions have gaps. Databases of version 1 have a function of
-- this name that does not, or this one.

-- The lowest revision whose commit is behind a position. Positions ascend with revisions, so it is a binary search; revisions of
-- rows that were compacted or never there are passed over.
CREATE OR REPLACE FUNCTION auroch.first_behind(after bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := coalesce((SELECT revision FROM auroch.commits ORDER BY revision DESC LIMIT 1), -1) + 1;
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
