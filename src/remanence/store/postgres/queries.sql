-- Every statement the store runs, by name. Parameters are named; an absent filter is NULL.

-- name: lock_user
-- Nobody else writes for the user until the transaction ends; what is read next is what others left.
SELECT 1 FROM remanence.users WHERE user_id = :user_id FOR UPDATE;

-- name: user
-- A user's counters.
SELECT seq, epoch, rebuild_epoch, sessions FROM remanence.users WHERE user_id = :user_id;

-- name: head
-- What every search begins with.
SELECT u.seq, u.epoch,
       CASE WHEN :embedder IS NULL THEN 0
            ELSE coalesce((SELECT m.seq FROM remanence.embedded AS m
                           WHERE m.user_id = :user_id AND m.embedder = :embedder), 0) END,
       u.erasing
FROM remanence.users AS u
WHERE u.user_id = :user_id;

-- name: next_epoch
-- An epoch nobody had before.
SELECT nextval('remanence.epochs');

-- name: add_user
-- An epoch nobody had before, and a number nobody had who is gone.
INSERT INTO remanence.users (user_id, seq, epoch, rebuild_epoch, sessions)
SELECT :user_id, c.seq_floor, n.epoch, n.epoch, 0
FROM remanence.counters AS c, (SELECT nextval('remanence.epochs') AS epoch) AS n
WHERE c.id = 1
ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id;

-- name: raise_floor
-- Before a user goes: nobody gets their numbers again.
UPDATE remanence.counters SET seq_floor = greatest(seq_floor, :seq) WHERE id = 1;

-- name: count_sessions
UPDATE remanence.users SET sessions = :sessions WHERE user_id = :user_id;

-- name: raise_epoch
UPDATE remanence.users
SET epoch = :epoch, rebuild_epoch = coalesce(:rebuild_epoch, rebuild_epoch)
WHERE user_id = :user_id;

-- name: session
SELECT number FROM remanence.sessions
WHERE user_id = :user_id AND agent_id = :agent_id AND session_id = :session_id;

-- name: place
-- Where writing to a session begins: the user's last number, how many sessions the user ever had, and the
-- session's own number and next position, if it is there.
SELECT u.seq, u.sessions, s.number, s.next_position
FROM remanence.users AS u
LEFT JOIN remanence.sessions AS s
    ON s.user_id = :user_id AND s.agent_id = :agent_id AND s.session_id = :session_id
WHERE u.user_id = :user_id;

-- name: add_session
INSERT INTO remanence.sessions (user_id, agent_id, session_id, number, next_position, items)
VALUES (:user_id, :agent_id, :session_id, :number, 0, 0);

-- name: advance_session
UPDATE remanence.sessions SET next_position = :next_position, items = items + :added
WHERE user_id = :user_id AND agent_id = :agent_id AND session_id = :session_id;
UPDATE remanence.users SET seq = greatest(seq, :seq) WHERE user_id = :user_id;

-- name: episodes_by_message
-- The episodes that carry these message ids in a session.
SELECT id, position, role, name, content, at, utc_offset, recorded_at, message_id, metadata, imported
FROM remanence.episodes
WHERE user_id = :user_id AND session = :session AND message_id = ANY (ARRAY(SELECT json_array_elements_text(:message_ids::json)));

-- name: ids_by_message
-- Episodes that carry these message ids, and those of their parts: ids that go on with '#', which
-- are all that sorts from there up to '$', the character after it.
WITH wanted (number, message_id) AS (
    SELECT s.number, m.value
    FROM remanence.sessions AS s CROSS JOIN json_array_elements_text(:message_ids::json) AS m (value)
    WHERE s.user_id = :user_id AND s.agent_id = :agent_id AND s.session_id = :session_id
)
SELECT p.id
FROM wanted AS w JOIN remanence.episodes AS p
    ON p.user_id = :user_id AND p.session = w.number AND p.message_id = w.message_id
UNION
SELECT p.id
FROM wanted AS w JOIN remanence.episodes AS p
    ON p.user_id = :user_id AND p.session = w.number
    AND p.message_id >= w.message_id || '#' AND p.message_id < w.message_id || '$'
WHERE w.message_id <> '';

-- name: add_episode
INSERT INTO remanence.episodes (user_id, id, seq, session, position, role, name, content, at, utc_offset,
                      recorded_at, message_id, metadata, imported, extraction)
VALUES (:user_id, :id, :seq, :session, :position, :role, :name, :content, :at, :utc_offset,
        :recorded_at, :message_id, :metadata, :imported, :extraction);

-- name: add_entry
INSERT INTO remanence.entries (user_id, seq, origin, session, at, recorded_at, role, speaker, asks,
                     terms, analyzer)
VALUES (:user_id, :seq, :origin, :session, :at, :recorded_at, :role, :speaker,
        :asks, :terms, :analyzer);

-- name: entries_after
-- What an index loads, by number.
SELECT e.seq, e.origin, e.session, s.agent_id, s.session_id, e.at, e.role, e.speaker, e.terms,
       e.asks, e.analyzer, e.recorded_at,
       CASE e.origin WHEN 1 THEN (SELECT string_agg(o.source::text, ' ') FROM remanence.fact_sources AS o
                                  WHERE o.user_id = :user_id AND o.fact = e.seq) END,
       CASE WHEN f.valid_from IS NULL AND f.stated_until <= f.at THEN NULL
            ELSE coalesce(f.valid_from, f.at) END,
       f.valid_until, f.stated_until, f.superseded_at, f.ending,
       CASE e.origin WHEN 1 THEN coalesce((SELECT min(o.stated_by) FROM remanence.fact_sources AS o
                                           WHERE o.user_id = :user_id AND o.fact = e.seq),
                                          f.stated_by) END
FROM remanence.entries AS e
JOIN remanence.sessions AS s ON s.user_id = :user_id AND s.number = e.session
LEFT JOIN remanence.facts AS f ON e.origin = 1 AND f.user_id = :user_id AND f.seq = e.seq
WHERE e.user_id = :user_id AND e.seq > :seq
ORDER BY e.seq
LIMIT nullif(:limit, -1);

-- name: entries_at
-- The same for some that it has loaded.
SELECT e.seq, e.origin, e.session, s.agent_id, s.session_id, e.at, e.role, e.speaker, e.terms,
       e.asks, e.analyzer, e.recorded_at,
       CASE e.origin WHEN 1 THEN (SELECT string_agg(o.source::text, ' ') FROM remanence.fact_sources AS o
                                  WHERE o.user_id = :user_id AND o.fact = e.seq) END,
       CASE WHEN f.valid_from IS NULL AND f.stated_until <= f.at THEN NULL
            ELSE coalesce(f.valid_from, f.at) END,
       f.valid_until, f.stated_until, f.superseded_at, f.ending,
       CASE e.origin WHEN 1 THEN coalesce((SELECT min(o.stated_by) FROM remanence.fact_sources AS o
                                           WHERE o.user_id = :user_id AND o.fact = e.seq),
                                          f.stated_by) END
FROM remanence.entries AS e
JOIN remanence.sessions AS s ON s.user_id = :user_id AND s.number = e.session
LEFT JOIN remanence.facts AS f ON e.origin = 1 AND f.user_id = :user_id AND f.seq = e.seq
WHERE e.user_id = :user_id AND e.seq = ANY (translate(:numbers, '[]', '{}')::bigint[])
ORDER BY e.seq;

-- name: removed_since
SELECT seq FROM remanence.removals
WHERE user_id = :user_id AND epoch > :epoch AND seq <= :seq
ORDER BY seq;

-- name: amended_since
SELECT DISTINCT seq FROM remanence.amendments
WHERE user_id = :user_id AND epoch > :epoch AND seq <= :seq
ORDER BY seq;

-- name: episodes_at
-- Whole episodes by number.
SELECT p.seq, s.agent_id, s.session_id,
       p.id, p.position, p.role, p.name, p.content, p.at, p.utc_offset, p.recorded_at,
       p.message_id, p.metadata, p.imported
FROM remanence.episodes AS p
JOIN remanence.sessions AS s ON s.user_id = :user_id AND s.number = p.session
WHERE p.user_id = :user_id AND p.seq = ANY (translate(:numbers, '[]', '{}')::bigint[]);

-- name: page
-- Numbers of the items that a filter sees.
SELECT e.seq
FROM remanence.entries AS e
JOIN remanence.sessions AS s ON s.user_id = :user_id AND s.number = e.session
WHERE e.user_id = :user_id AND e.seq > :after
  AND (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR e.at >= :since)
  AND (:until IS NULL OR e.at < :until)
  AND (:origin IS NULL OR e.origin = :origin)
ORDER BY e.seq
LIMIT nullif(:limit, -1);

-- name: numbers_of_ids
-- Numbers of the items with these ids (given in hexadecimal), as far as a filter sees them.
WITH wanted (id) AS (SELECT unnest(translate(:ids, '[]', '{}')::uuid[])),
found (seq) AS (
    SELECT p.seq FROM wanted AS w JOIN remanence.episodes AS p ON p.user_id = :user_id AND p.id = w.id
    UNION ALL
    SELECT f.seq FROM wanted AS w JOIN remanence.facts AS f ON f.user_id = :user_id AND f.id = w.id
)
SELECT e.seq
FROM found AS o
JOIN remanence.entries AS e ON e.user_id = :user_id AND e.seq = o.seq
JOIN remanence.sessions AS s ON s.user_id = :user_id AND s.number = e.session
WHERE (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR e.at >= :since)
  AND (:until IS NULL OR e.at < :until)
ORDER BY e.seq;

-- name: doomed
-- What an erasure is about to remove.
SELECT e.seq, e.origin, e.session, coalesce(p.id, f.id)
FROM remanence.entries AS e
LEFT JOIN remanence.episodes AS p ON e.origin = 0 AND p.user_id = :user_id AND p.seq = e.seq
LEFT JOIN remanence.facts AS f ON e.origin = 1 AND f.user_id = :user_id AND f.seq = e.seq
WHERE e.user_id = :user_id AND e.seq IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));

-- name: drop_items
-- Items with their terms, and what rests on them or they rest on.
DELETE FROM remanence.episodes
WHERE user_id = :user_id
  AND seq IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));
DELETE FROM remanence.facts
WHERE user_id = :user_id
  AND seq IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));
DELETE FROM remanence.entries
WHERE user_id = :user_id
  AND seq IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));
DELETE FROM remanence.fact_sources
WHERE user_id = :user_id
  AND fact IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));
DELETE FROM remanence.fact_sources
WHERE user_id = :user_id
  AND source IN (SELECT unnest(translate(:numbers, '[]', '{}')::bigint[]));

-- name: shrink_session
UPDATE remanence.sessions SET items = items - :gone WHERE user_id = :user_id AND number = :number;

-- name: drop_empty_sessions
DELETE FROM remanence.sessions WHERE user_id = :user_id AND items = 0 RETURNING number;

-- name: any_entry
SELECT 1 FROM remanence.entries WHERE user_id = :user_id LIMIT 1;

-- name: drop_user
DELETE FROM remanence.users WHERE user_id = :user_id;

-- name: drop_sessions
DELETE FROM remanence.sessions WHERE user_id = :user_id;

-- name: drop_removals
DELETE FROM remanence.removals WHERE user_id = :user_id;

-- name: add_removal
INSERT INTO remanence.removals (user_id, epoch, seq) VALUES (:user_id, :epoch, :seq);

-- name: drop_amendments
DELETE FROM remanence.amendments WHERE user_id = :user_id;

-- name: add_amendment
INSERT INTO remanence.amendments (user_id, epoch, seq) VALUES (:user_id, :epoch, :seq);

-- name: count_changes
-- How much indexes that are behind would have to read.
SELECT (SELECT count(*) FROM remanence.removals WHERE user_id = :user_id)
     + (SELECT count(*) FROM remanence.amendments WHERE user_id = :user_id);

-- name: stale
-- Items read by an older analyser, with their texts.
SELECT e.seq, coalesce(p.content, f.text)
FROM remanence.entries AS e
LEFT JOIN remanence.episodes AS p ON e.origin = 0 AND p.user_id = :user_id AND p.seq = e.seq
LEFT JOIN remanence.facts AS f ON e.origin = 1 AND f.user_id = :user_id AND f.seq = e.seq
WHERE e.user_id = :user_id AND e.analyzer < :version
ORDER BY e.seq
LIMIT nullif(:limit, -1);

-- name: replace_terms
UPDATE remanence.entries SET terms = :terms, asks = :asks, analyzer = :analyzer
WHERE user_id = :user_id AND seq = :seq;

-- name: count
-- How much a filter sees.
SELECT count(DISTINCT e.user_id), count(DISTINCT e.session) FILTER (WHERE e.origin = 0),
       count(*) FILTER (WHERE e.origin = 0), count(*) FILTER (WHERE e.origin = 1),
       min(e.at), max(e.at)
FROM remanence.entries AS e
JOIN remanence.sessions AS s ON s.user_id = :user_id AND s.number = e.session
WHERE e.user_id = :user_id
  AND (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR e.at >= :since)
  AND (:until IS NULL OR e.at < :until);

-- name: count_all
-- How much there is.
SELECT (SELECT count(*) FROM remanence.users),
       (SELECT count(*) FROM remanence.sessions AS s
        WHERE EXISTS (SELECT 1 FROM remanence.episodes AS p
                      WHERE p.user_id = s.user_id AND p.session = s.number)),
       count(*) FILTER (WHERE origin = 0), count(*) FILTER (WHERE origin = 1), min(at), max(at)
FROM remanence.entries;

-- name: around
-- Episodes (given by their ids, in hexadecimal) and those within some places of them in their session,
-- by number and place, as far as a filter sees both. The cross joins keep the order as written: from
-- the few ids to what is around them.
WITH wanted (id) AS (SELECT DISTINCT unnest(translate(:ids, '[]', '{}')::uuid[]))
SELECT p.id, n.seq
FROM wanted AS w
JOIN remanence.episodes AS p ON p.user_id = :user_id AND p.id = w.id
JOIN remanence.sessions AS s ON s.user_id = :user_id AND s.number = p.session
JOIN remanence.episodes AS n
    ON n.user_id = :user_id AND n.session = p.session
    AND n.position BETWEEN p.position - :before AND p.position + :after
WHERE (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR (p.at >= :since AND n.at >= :since))
  AND (:until IS NULL OR (p.at < :until AND n.at < :until))
ORDER BY p.seq, n.position;
