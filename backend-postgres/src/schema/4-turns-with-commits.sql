-- Version 4: a turn comes with what others have appended. Servers of version 3 go on taking theirs without.

-- Waits for the turn to append. Answers where the log ends in a row without data, and then in order the commits behind the place
-- (position, revision) that the caller knows, as many as a scan would. All is read after the lock is there, in pictures of its own.
CREATE FUNCTION auroch.take_turn(known_position bigint, known_revision bigint, most_commits bigint, most_bytes bigint)
RETURNS TABLE (place bigint, at_revision bigint, content bytea) LANGUAGE plpgsql VOLATILE SET lock_timeout = '1s' AS $$
BEGIN
    PERFORM pg_advisory_lock(x'7475726e73'::bigint);
    RETURN QUERY SELECT position, revision, NULL::bytea FROM auroch.head;
    RETURN QUERY
        SELECT position, revision, data FROM (
            SELECT *, sum(length(data)) OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
            FROM (
                (SELECT position, revision, data FROM auroch.commits
                 WHERE revision > known_revision ORDER BY revision LIMIT most_commits)
                UNION ALL
                (SELECT position, revision, data FROM auroch.control_log
                 WHERE position > known_position ORDER BY position LIMIT most_commits)
            ) AS log
        ) AS log
        WHERE before IS NULL OR before < most_bytes ORDER BY position LIMIT most_commits;
END $$;
