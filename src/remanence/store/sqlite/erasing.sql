-- Erasures, and who asked for what, by name.

-- name: ask_erasure
INSERT INTO erasures (user_id, agent_id, session_id, since, until, ids, upto, action, asked_by,
                      asked_at)
VALUES (:user_id, :agent_id, :session_id, :since, :until, :ids,
        coalesce((SELECT max(seq_floor,
                             coalesce((SELECT max(seq) FROM entries WHERE user_id = :user_id), 0))
                  FROM users WHERE user_id = :user_id), 0),
        :action, :asked_by, :asked_at)
RETURNING number;

-- name: erasures_asked
-- What was asked for and whose rows may still be there, of one user or of all.
SELECT number, user_id
FROM erasures
WHERE rows_gone = 0 AND (:user_id IS NULL OR user_id = :user_id)
ORDER BY number;

-- name: erasures_of_user
-- The same for one user, as fast as can be.
SELECT 1 FROM erasures WHERE user_id = :user_id AND rows_gone = 0 LIMIT 1;

-- name: erasure
SELECT user_id, agent_id, session_id, since, until, ids, upto, action, asked_by
FROM erasures
WHERE number = :number AND rows_gone = 0;

-- name: rows_gone
UPDATE erasures SET rows_gone = 1, result = :result WHERE number = :number;

-- name: erasures_to_scrub
-- With those that nobody has come for.
SELECT number, result
FROM erasures
WHERE rows_gone = 1 OR (rows_gone = 2 AND asked_at < :before)
ORDER BY number;

-- name: erasure_result
SELECT rows_gone, result FROM erasures WHERE number = :number;

-- name: erasures_scrubbed
UPDATE erasures SET rows_gone = 2 WHERE rows_gone = 1;

-- name: drop_erasure
DELETE FROM erasures WHERE number = :number AND rows_gone = 2;

-- name: drawn_from
-- Facts that were drawn from some of these episodes.
SELECT DISTINCT fact
FROM fact_sources
WHERE user_id = :user_id AND drawn = 1
  AND source IN (SELECT value FROM json_each(:numbers));

-- name: read_again
-- Episodes that stay, of which facts that go were drawn, and which a model has read.
UPDATE episodes SET extraction = 1
WHERE user_id = :user_id AND extraction = -1
  AND seq IN (SELECT source FROM fact_sources
              WHERE user_id = :user_id AND fact IN (SELECT value FROM json_each(:numbers)))
  AND seq NOT IN (SELECT value FROM json_each(:numbers))
RETURNING session;

-- name: sessions_named
SELECT agent_id, session_id
FROM sessions
WHERE user_id = :user_id AND number IN (SELECT value FROM json_each(:numbers));

-- name: expired
-- Users of whom something happened before a time.
SELECT DISTINCT user_id
FROM entries
WHERE at < :until AND (:user_id IS NULL OR user_id = :user_id);

-- name: referring
-- How many rows still refer to these ids, or to these numbers.
SELECT (SELECT count(*) FROM episodes
        WHERE user_id = :user_id AND lower(hex(id)) IN (SELECT value FROM json_each(:ids)))
     + (SELECT count(*) FROM facts
        WHERE user_id = :user_id AND lower(hex(id)) IN (SELECT value FROM json_each(:ids)))
     + (SELECT count(*) FROM entries
        WHERE user_id = :user_id AND seq IN (SELECT value FROM json_each(:numbers)))
     + (SELECT count(*) FROM fact_sources
        WHERE user_id = :user_id AND (source IN (SELECT value FROM json_each(:numbers))
                                      OR fact IN (SELECT value FROM json_each(:numbers))))
     + (SELECT count(*) FROM facts
        WHERE user_id = :user_id AND superseded_by IN (SELECT value FROM json_each(:numbers)));

-- name: record_audit
INSERT INTO audit (at, action, user_id, asked_by, counts)
VALUES (:at, :action, :user_id, :asked_by, :counts);

-- name: audit_entries
SELECT number, at, action, user_id, asked_by, counts
FROM audit
WHERE number > :after AND (:user_id IS NULL OR user_id = :user_id)
ORDER BY number
LIMIT :limit;
