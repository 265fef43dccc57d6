-- What leaves with all of a user's memory, and comes in with it, by name.

-- name: archived_sessions
SELECT agent_id, session_id, next_position FROM sessions WHERE user_id = :user_id ORDER BY number;

-- name: archived_episodes
-- The next episodes, by number. The joins keep the order as written: along the user's numbers.
SELECT e.seq, p.id, s.agent_id, s.session_id, p.position, p.role, p.name, p.content, p.at,
       p.utc_offset, p.recorded_at, p.message_id, p.metadata, p.imported, p.extraction
FROM entries AS e
CROSS JOIN episodes AS p ON p.item = e.item
CROSS JOIN sessions AS s ON s.user_id = e.user_id AND s.number = e.session
WHERE e.user_id = :user_id AND e.seq > :after AND e.origin = 0
ORDER BY e.seq
LIMIT :limit;

-- name: archived_facts
-- The next facts, by number.
SELECT f.seq, f.id, s.agent_id, s.session_id, f.text, f.at, f.utc_offset, f.recorded_at, f.metadata,
       f.imported, f.kind, f.attribute, f.stated_by, f.confidence, f.valid_from,
       f.valid_from_offset, f.valid_until, f.valid_until_offset, f.stated_until,
       f.stated_until_offset, f.superseded_at,
       (SELECT b.id FROM facts AS b WHERE b.user_id = f.user_id AND b.seq = f.superseded_by),
       f.ending
FROM facts AS f
JOIN sessions AS s ON s.user_id = f.user_id AND s.number = f.session
WHERE f.user_id = :user_id AND f.seq > :after
ORDER BY f.seq
LIMIT :limit;

-- name: archived_sources
-- What facts of these numbers rest on, by fact and number.
SELECT r.fact, o.id, r.stated_by, r.drawn
FROM fact_sources AS r
JOIN episodes AS o ON o.item = (SELECT e.item FROM entries AS e
                                WHERE e.user_id = r.user_id AND e.seq = r.source)
WHERE r.user_id = :user_id AND r.fact BETWEEN :first AND :last
ORDER BY r.fact, r.source;

-- name: episode_there
SELECT p.seq, s.agent_id, s.session_id, p.role, p.name, p.content, p.at, p.utc_offset,
       p.recorded_at, p.message_id, p.metadata
FROM episodes AS p
JOIN sessions AS s ON s.user_id = p.user_id AND s.number = p.session
WHERE p.user_id = :user_id AND p.id = :id;

-- name: fact_there
SELECT f.seq, s.agent_id, s.session_id, f.text, f.at, f.utc_offset, f.recorded_at, f.kind,
       f.attribute, f.stated_by, f.confidence, f.valid_from, f.valid_from_offset, f.stated_until,
       f.stated_until_offset, f.metadata
FROM facts AS f
JOIN sessions AS s ON s.user_id = f.user_id AND s.number = f.session
WHERE f.user_id = :user_id AND f.id = :id;

-- name: message_there
-- The episode that carries a message id in a session.
SELECT seq, role, content, id FROM episodes
WHERE user_id = :user_id AND session = :session AND message_id = :message_id;

-- name: take_in_episode
INSERT INTO episodes (user_id, id, seq, session, position, role, name, content, at, utc_offset,
                      recorded_at, message_id, metadata, imported, extraction)
VALUES (:user_id, :id, :seq, :session, :position, :role, :name, :content, :at, :utc_offset,
        :recorded_at, :message_id, :metadata, :imported, :extraction);

-- name: take_in_fact
-- What superseded it may come later.
INSERT INTO facts (user_id, id, seq, session, text, at, utc_offset, recorded_at, metadata, imported,
                   kind, attribute, stated_by, confidence, valid_from, valid_from_offset,
                   valid_until, valid_until_offset, stated_until, stated_until_offset,
                   superseded_at, ending)
VALUES (:user_id, :id, :seq, :session, :text, :at, :utc_offset, :recorded_at, :metadata, :imported,
        :kind, :attribute, :stated_by, :confidence, :valid_from, :valid_from_offset,
        :valid_until, :valid_until_offset, :stated_until, :stated_until_offset,
        :superseded_at, :ending);

-- name: take_in_source
INSERT INTO fact_sources (user_id, fact, source, stated_by, drawn)
VALUES (:user_id, :fact, :source, :stated_by, :drawn)
ON CONFLICT (user_id, fact, source) DO NOTHING
RETURNING source;

-- name: take_in_successor
UPDATE facts SET superseded_by = :superseded_by WHERE user_id = :user_id AND seq = :seq;

-- name: take_in_end
-- For a fact that was there, and has none.
UPDATE facts
SET superseded_at = :superseded_at, superseded_by = :superseded_by, ending = :ending,
    valid_until = :valid_until, valid_until_offset = :valid_until_offset
WHERE user_id = :user_id AND seq = :seq AND superseded_at IS NULL
RETURNING seq;

-- name: successor
SELECT superseded_by FROM facts WHERE user_id = :user_id AND seq = :seq;
