-- Every statement the store runs, by name. Parameters are named; an absent filter is NULL.

-- name: user
-- A user's counters.
SELECT max(u.seq_floor, coalesce((SELECT max(e.seq) FROM entries AS e
                                  WHERE e.user_id = :user_id), 0)),
       u.epoch, u.rebuild_epoch, u.sessions
FROM users AS u
WHERE u.user_id = :user_id;

-- name: head
-- What every search begins with.
SELECT max(u.seq_floor, coalesce((SELECT max(e.seq) FROM entries AS e
                                  WHERE e.user_id = :user_id), 0)),
       u.epoch,
       coalesce((SELECT m.seq FROM embedded AS m
                 WHERE m.user_id = :user_id AND m.embedder = :embedder), 0),
       EXISTS (SELECT 1 FROM erasures AS x WHERE x.user_id = :user_id AND x.rows_gone = 0)
FROM users AS u
WHERE u.user_id = :user_id;

-- name: next_epoch
-- An epoch nobody had before.
UPDATE counters SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch;

-- name: add_user
UPDATE counters SET epoch = epoch + 1 WHERE id = 1;
INSERT INTO users (user_id, seq_floor, epoch, rebuild_epoch, sessions)
SELECT :user_id, seq_floor, epoch, epoch, 0 FROM counters WHERE id = 1;

-- name: raise_floor
-- Before a user goes: nobody gets their numbers again.
UPDATE counters SET seq_floor = max(seq_floor, :seq) WHERE id = 1;

-- name: count_sessions
UPDATE users SET sessions = :sessions WHERE user_id = :user_id;

-- name: raise_epoch
UPDATE users
SET epoch = :epoch,
    rebuild_epoch = coalesce(:rebuild_epoch, rebuild_epoch),
    seq_floor = coalesce(:seq_floor, seq_floor)
WHERE user_id = :user_id;

-- name: session
SELECT number FROM sessions
WHERE user_id = :user_id AND agent_id = :agent_id AND session_id = :session_id;

-- name: place
-- Where writing to a session begins: the user's last number, how many sessions the user ever had, and the
-- session's own number and next position, if it is there.
SELECT max(u.seq_floor, coalesce((SELECT max(e.seq) FROM entries AS e
                              WHERE e.user_id = :user_id), 0)),
       u.sessions, s.number, s.next_position
FROM users AS u
LEFT JOIN sessions AS s
    ON s.user_id = :user_id AND s.agent_id = :agent_id AND s.session_id = :session_id
WHERE u.user_id = :user_id;

-- name: add_session
INSERT INTO sessions (user_id, agent_id, session_id, number, next_position, items)
VALUES (:user_id, :agent_id, :session_id, :number, 0, 0);

-- name: advance_session
UPDATE sessions SET next_position = :next_position, items = items + :added
WHERE user_id = :user_id AND agent_id = :agent_id AND session_id = :session_id;

-- name: episodes_by_message
-- The episodes that carry these message ids in a session.
SELECT id, position, role, name, content, at, utc_offset, recorded_at, message_id, metadata, imported
FROM episodes
WHERE user_id = :user_id AND session = :session AND message_id IN (SELECT value FROM json_each(:message_ids));

-- name: ids_by_message
-- Episodes that carry these message ids, and those of their parts: ids that go on with '#', which
-- are all that sorts from there up to '$', the character after it. The cross joins keep the order as
-- written: from the few ids to what they name.
WITH wanted (number, message_id) AS (
    SELECT s.number, m.value
    FROM sessions AS s CROSS JOIN json_each(:message_ids) AS m
    WHERE s.user_id = :user_id AND s.agent_id = :agent_id AND s.session_id = :session_id
)
SELECT p.id
FROM wanted AS w CROSS JOIN episodes AS p
    ON p.user_id = :user_id AND p.session = w.number AND p.message_id = w.message_id
UNION
SELECT p.id
FROM wanted AS w CROSS JOIN episodes AS p
    ON p.user_id = :user_id AND p.session = w.number
    AND p.message_id >= w.message_id || '#' AND p.message_id < w.message_id || '$'
WHERE w.message_id <> '';

-- name: add_episode
INSERT INTO episodes (user_id, id, seq, session, position, role, name, content, at, utc_offset,
                      recorded_at, message_id, metadata, imported, extraction)
VALUES (:user_id, :id, :seq, :session, :position, :role, :name, :content, :at, :utc_offset,
        :recorded_at, :message_id, :metadata, :imported, :extraction);

-- name: add_entry
INSERT INTO entries (user_id, seq, origin, item, session, at, recorded_at, role, speaker, asks,
                     terms, analyzer)
VALUES (:user_id, :seq, :origin, last_insert_rowid(), :session, :at, :recorded_at, :role, :speaker,
        :asks, :terms, :analyzer);

-- name: entries_after
-- What an index loads, by number.
SELECT e.seq, e.origin, e.session, s.agent_id, s.session_id, e.at, e.role, e.speaker, e.terms,
       e.asks, e.analyzer, e.recorded_at,
       CASE e.origin WHEN 1 THEN (SELECT group_concat(o.source, ' ') FROM fact_sources AS o
                                  WHERE o.user_id = e.user_id AND o.fact = e.seq) END,
       CASE WHEN f.valid_from IS NULL AND f.stated_until <= f.at THEN NULL
            ELSE coalesce(f.valid_from, f.at) END,
       f.valid_until, f.stated_until, f.superseded_at, f.ending,
       CASE e.origin WHEN 1 THEN coalesce((SELECT min(o.stated_by) FROM fact_sources AS o
                                           WHERE o.user_id = e.user_id AND o.fact = e.seq),
                                          f.stated_by) END
FROM entries AS e
JOIN sessions AS s ON s.user_id = e.user_id AND s.number = e.session
LEFT JOIN facts AS f ON e.origin = 1 AND f.item = e.item
WHERE e.user_id = :user_id AND e.seq > :seq
ORDER BY e.seq
LIMIT :limit;

-- name: entries_at
-- The same for some that it has loaded.
SELECT e.seq, e.origin, e.session, s.agent_id, s.session_id, e.at, e.role, e.speaker, e.terms,
       e.asks, e.analyzer, e.recorded_at,
       CASE e.origin WHEN 1 THEN (SELECT group_concat(o.source, ' ') FROM fact_sources AS o
                                  WHERE o.user_id = e.user_id AND o.fact = e.seq) END,
       CASE WHEN f.valid_from IS NULL AND f.stated_until <= f.at THEN NULL
            ELSE coalesce(f.valid_from, f.at) END,
       f.valid_until, f.stated_until, f.superseded_at, f.ending,
       CASE e.origin WHEN 1 THEN coalesce((SELECT min(o.stated_by) FROM fact_sources AS o
                                           WHERE o.user_id = e.user_id AND o.fact = e.seq),
                                          f.stated_by) END
FROM entries AS e
JOIN sessions AS s ON s.user_id = e.user_id AND s.number = e.session
LEFT JOIN facts AS f ON e.origin = 1 AND f.item = e.item
WHERE e.user_id = :user_id AND e.seq IN (SELECT value FROM json_each(:numbers))
ORDER BY e.seq;

-- name: removed_since
SELECT seq FROM removals
WHERE user_id = :user_id AND epoch > :epoch AND seq <= :seq
ORDER BY seq;

-- name: amended_since
SELECT DISTINCT seq FROM amendments
WHERE user_id = :user_id AND epoch > :epoch AND seq <= :seq
ORDER BY seq;

-- name: episodes_at
-- Whole episodes by number.
SELECT e.seq, s.agent_id, s.session_id,
       p.id, p.position, p.role, p.name, p.content, p.at, p.utc_offset, p.recorded_at,
       p.message_id, p.metadata, p.imported
FROM entries AS e
JOIN episodes AS p ON p.item = e.item
JOIN sessions AS s ON s.user_id = e.user_id AND s.number = e.session
WHERE e.user_id = :user_id AND e.origin = 0
  AND e.seq IN (SELECT value FROM json_each(:numbers));

-- name: page
-- Numbers of the items that a filter sees.
SELECT e.seq
FROM entries AS e
JOIN sessions AS s ON s.user_id = e.user_id AND s.number = e.session
WHERE e.user_id = :user_id AND e.seq > :after
  AND (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR e.at >= :since)
  AND (:until IS NULL OR e.at < :until)
  AND (:origin IS NULL OR e.origin = :origin)
ORDER BY e.seq
LIMIT :limit;

-- name: numbers_of_ids
-- Numbers of the items with these ids (given in hexadecimal), as far as a filter sees them. The
-- cross joins keep the order as written: from the few ids to what they name.
WITH wanted (id) AS (SELECT unhex(value) FROM json_each(:ids)),
found (seq) AS (
    SELECT p.seq FROM wanted AS w CROSS JOIN episodes AS p ON p.user_id = :user_id AND p.id = w.id
    UNION ALL
    SELECT f.seq FROM wanted AS w CROSS JOIN facts AS f ON f.user_id = :user_id AND f.id = w.id
)
SELECT e.seq
FROM found AS o
CROSS JOIN entries AS e ON e.user_id = :user_id AND e.seq = o.seq
JOIN sessions AS s ON s.user_id = e.user_id AND s.number = e.session
WHERE (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR e.at >= :since)
  AND (:until IS NULL OR e.at < :until)
ORDER BY e.seq;

-- name: doomed
-- What an erasure is about to remove.
SELECT e.seq, e.origin, e.session, coalesce(p.id, f.id)
FROM entries AS e
LEFT JOIN episodes AS p ON e.origin = 0 AND p.item = e.item
LEFT JOIN facts AS f ON e.origin = 1 AND f.item = e.item
WHERE e.user_id = :user_id AND e.seq IN (SELECT value FROM json_each(:numbers));

-- name: drop_items
-- Items with their terms, and what rests on them or they rest on.
DELETE FROM episodes
WHERE user_id = :user_id
  AND item IN (SELECT item FROM entries
               WHERE user_id = :user_id AND origin = 0
                 AND seq IN (SELECT value FROM json_each(:numbers)));
DELETE FROM facts
WHERE user_id = :user_id
  AND item IN (SELECT item FROM entries
               WHERE user_id = :user_id AND origin = 1
                 AND seq IN (SELECT value FROM json_each(:numbers)));
DELETE FROM entries WHERE user_id = :user_id AND seq IN (SELECT value FROM json_each(:numbers));
DELETE FROM fact_sources
WHERE user_id = :user_id
  AND (fact IN (SELECT value FROM json_each(:numbers))
       OR source IN (SELECT value FROM json_each(:numbers)));

-- name: shrink_session
UPDATE sessions SET items = items - :gone WHERE user_id = :user_id AND number = :number;

-- name: drop_empty_sessions
DELETE FROM sessions WHERE user_id = :user_id AND items = 0 RETURNING number;

-- name: any_entry
SELECT 1 FROM entries WHERE user_id = :user_id LIMIT 1;

-- name: drop_user
DELETE FROM users WHERE user_id = :user_id;

-- name: drop_sessions
DELETE FROM sessions WHERE user_id = :user_id;

-- name: drop_removals
DELETE FROM removals WHERE user_id = :user_id;

-- name: add_removal
INSERT INTO removals (user_id, epoch, seq) VALUES (:user_id, :epoch, :seq);

-- name: drop_amendments
DELETE FROM amendments WHERE user_id = :user_id;

-- name: add_amendment
INSERT INTO amendments (user_id, epoch, seq) VALUES (:user_id, :epoch, :seq);

-- name: count_changes
-- How much indexes that are behind would have to read.
SELECT (SELECT count(*) FROM removals WHERE user_id = :user_id)
     + (SELECT count(*) FROM amendments WHERE user_id = :user_id);

-- name: stale
-- Items read by an older analyser, with their texts.
SELECT e.seq, coalesce(p.content, f.text)
FROM entries AS e
LEFT JOIN episodes AS p ON e.origin = 0 AND p.item = e.item
LEFT JOIN facts AS f ON e.origin = 1 AND f.item = e.item
WHERE e.user_id = :user_id AND e.analyzer < :version
ORDER BY e.seq
LIMIT :limit;

-- name: replace_terms
UPDATE entries SET terms = :terms, asks = :asks, analyzer = :analyzer
WHERE user_id = :user_id AND seq = :seq;

-- name: count
-- How much a filter sees.
SELECT count(DISTINCT e.user_id), count(DISTINCT e.session) FILTER (WHERE e.origin = 0),
       count(*) FILTER (WHERE e.origin = 0), count(*) FILTER (WHERE e.origin = 1),
       min(e.at), max(e.at)
FROM entries AS e
JOIN sessions AS s ON s.user_id = e.user_id AND s.number = e.session
WHERE e.user_id = :user_id
  AND (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR e.at >= :since)
  AND (:until IS NULL OR e.at < :until);

-- name: count_all
-- How much there is.
SELECT (SELECT count(*) FROM users),
       (SELECT count(*) FROM sessions AS s
        WHERE EXISTS (SELECT 1 FROM episodes AS p
                      WHERE p.user_id = s.user_id AND p.session = s.number)),
       count(*) FILTER (WHERE origin = 0), count(*) FILTER (WHERE origin = 1), min(at), max(at)
FROM entries;

-- name: around
-- Episodes (given by their ids, in hexadecimal) and those within some places of them in their session,
-- by number and place, as far as a filter sees both. The cross joins keep the order as written: from
-- the few ids to what is around them.
WITH wanted (id) AS (SELECT DISTINCT unhex(value) FROM json_each(:ids))
SELECT p.id, n.seq
FROM wanted AS w
CROSS JOIN episodes AS p ON p.user_id = :user_id AND p.id = w.id
CROSS JOIN sessions AS s ON s.user_id = :user_id AND s.number = p.session
CROSS JOIN episodes AS n
    ON n.user_id = :user_id AND n.session = p.session
    AND n.position BETWEEN p.position - :before AND p.position + :after
WHERE (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND (:since IS NULL OR (p.at >= :since AND n.at >= :since))
  AND (:until IS NULL OR (p.at < :until AND n.at < :until))
ORDER BY p.seq, n.position;
