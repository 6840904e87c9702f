-- Version 3: a turn is taken by one prepared statement.

-- Waits for the turn to append, and answers where the log ends. The end is read after the lock is there, in a picture of its own. The
-- lock is the session's: "turns" as a number.
CREATE FUNCTION auroch.take_turn() RETURNS bigint LANGUAGE plpgsql VOLATILE SET lock_timeout = '1s' AS $$
BEGIN
    PERFORM pg_advisory_lock(x'7475726e73'::bigint);
    RETURN (SELECT position FROM auroch.head);
END $$;
