-- Erasures, and who asked for what, by name.

-- name: ask_erasure
WITH asked AS (
    INSERT INTO remanence.erasures
        (user_id, agent_id, session_id, since, until, ids, upto, action, asked_by, asked_at)
    VALUES (:user_id, :agent_id, :session_id, :since, :until, :ids,
            coalesce((SELECT seq FROM remanence.users WHERE user_id = :user_id), 0),
            :action, :asked_by, :asked_at)
    RETURNING number
),
marked AS (UPDATE remanence.users SET erasing = 1 WHERE user_id = :user_id)
SELECT number FROM asked;

-- name: erasures_asked
-- What was asked for and whose rows may still be there, of one user or of all.
SELECT number, user_id
FROM remanence.erasures
WHERE rows_gone = 0 AND (:user_id IS NULL OR user_id = :user_id)
ORDER BY number;

-- name: erasures_of_user
-- The same for one user, as fast as can be.
SELECT 1 FROM remanence.erasures WHERE user_id = :user_id AND rows_gone = 0 LIMIT 1;

-- name: erasure
SELECT user_id, agent_id, session_id, since, until, ids, upto, action, asked_by
FROM remanence.erasures
WHERE number = :number AND rows_gone = 0;

-- name: rows_gone
UPDATE remanence.erasures SET rows_gone = 1, result = :result
WHERE number = :number AND user_id = :user_id;
UPDATE remanence.users
SET erasing = CASE WHEN EXISTS (SELECT 1 FROM remanence.erasures
                                WHERE user_id = :user_id AND rows_gone = 0) THEN 1 ELSE 0 END
WHERE user_id = :user_id;

-- name: erasures_to_scrub
-- With those that nobody has come for.
SELECT number, result
FROM remanence.erasures
WHERE rows_gone = 1 OR (rows_gone = 2 AND asked_at < :before)
ORDER BY number;

-- name: erasure_result
SELECT rows_gone, result FROM remanence.erasures WHERE number = :number;

-- name: erasures_scrubbed
UPDATE remanence.erasures SET rows_gone = 2 WHERE rows_gone = 1;

-- name: drop_erasure
DELETE FROM remanence.erasures WHERE number = :number AND rows_gone = 2;

-- name: drawn_from
-- Facts that were drawn from some of these episodes.
SELECT DISTINCT fact
FROM remanence.fact_sources
WHERE user_id = :user_id AND drawn = 1
  AND source IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));

-- name: read_again
-- Episodes that stay, of which facts that go were drawn, and which a model has read.
UPDATE remanence.episodes SET extraction = 1
WHERE user_id = :user_id AND extraction = -1
  AND seq IN (SELECT source FROM remanence.fact_sources
              WHERE user_id = :user_id AND fact IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[])))
  AND seq <> ALL (translate(:numbers, '[]', '{}')::bigint[])
RETURNING session;

-- name: sessions_named
SELECT agent_id, session_id
FROM remanence.sessions
WHERE user_id = :user_id AND number IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));

-- name: expired
-- Users of whom something happened before a time.
SELECT DISTINCT user_id
FROM remanence.entries
WHERE at < :until AND (:user_id IS NULL OR user_id = :user_id);

-- name: referring
-- How many rows still refer to these ids, or to these numbers.
SELECT (SELECT count(*) FROM remanence.episodes
        WHERE user_id = :user_id AND id = ANY (translate(:ids, '[]', '{}')::uuid[]))
     + (SELECT count(*) FROM remanence.facts
        WHERE user_id = :user_id AND id = ANY (translate(:ids, '[]', '{}')::uuid[]))
     + (SELECT count(*) FROM remanence.entries
        WHERE user_id = :user_id AND seq IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[])))
     + (SELECT count(*) FROM remanence.fact_sources
        WHERE user_id = :user_id AND (source IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]))
                                      OR fact IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]))))
     + (SELECT count(*) FROM remanence.facts
        WHERE user_id = :user_id AND superseded_by IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[])));

-- name: record_audit
INSERT INTO remanence.audit (at, action, user_id, asked_by, counts)
VALUES (:at, :action, :user_id, :asked_by, :counts);

-- name: audit_entries
SELECT number, at, action, user_id, asked_by, counts
FROM remanence.audit
WHERE number > :after AND (:user_id IS NULL OR user_id = :user_id)
ORDER BY number
LIMIT :limit;
