-- What is done with facts, and with what is read for them, by name. Kinds, roles and endings are
-- numbers here; see the code.

-- name: add_fact
INSERT INTO facts (user_id, id, seq, session, text, at, utc_offset, recorded_at, metadata, imported,
                   kind, attribute, stated_by, confidence, valid_from, valid_from_offset, valid_until,
                   valid_until_offset, stated_until, stated_until_offset)
VALUES (:user_id, :id, :seq, :session, :text, :at, :utc_offset, :recorded_at, :metadata, :imported,
        :kind, :attribute, :stated_by, :confidence, :valid_from, :valid_from_offset, :valid_until,
        :valid_until_offset, :valid_until, :valid_until_offset);

-- name: source
-- The number of an episode by its id, whose words it is, and whether it comes from a file.
SELECT p.seq, e.role, p.imported
FROM episodes AS p
JOIN entries AS e ON e.user_id = p.user_id AND e.seq = p.seq
WHERE p.user_id = :user_id AND p.id = :id;

-- name: add_source
-- Who says it once more, by better authority, counts.
INSERT INTO fact_sources (user_id, fact, source, stated_by, drawn)
VALUES (:user_id, :fact, :source, :stated_by, :drawn)
ON CONFLICT (user_id, fact, source)
    DO UPDATE SET stated_by = min(stated_by, :stated_by), drawn = max(drawn, :drawn);

-- name: drop_all_sources
DELETE FROM fact_sources WHERE user_id = :user_id;

-- name: left_without_sources
-- Facts that rest on some of these episodes and on no other.
SELECT DISTINCT s.fact
FROM fact_sources AS s
WHERE s.user_id = :user_id
  AND s.source IN (SELECT value FROM json_each(:numbers))
  AND NOT EXISTS (SELECT 1 FROM fact_sources AS o
                  WHERE o.user_id = s.user_id AND o.fact = s.fact
                    AND o.source NOT IN (SELECT value FROM json_each(:numbers)));

-- name: left_with_sources
-- Facts that rest on some of these episodes, and stay.
SELECT DISTINCT s.fact
FROM fact_sources AS s
WHERE s.user_id = :user_id
  AND s.source IN (SELECT value FROM json_each(:numbers))
  AND s.fact NOT IN (SELECT value FROM json_each(:numbers));

-- name: fact_by_id
-- The number of a fact, and whether it was superseded.
SELECT seq, superseded_at IS NOT NULL FROM facts WHERE user_id = :user_id AND id = :id;

-- name: last_fact
SELECT coalesce(max(seq), 0) FROM facts WHERE user_id = :user_id;

-- name: supersede
UPDATE facts
SET superseded_at = :superseded_at, superseded_by = :superseded_by, ending = :ending,
    valid_until = CASE WHEN :valid_until IS NULL THEN valid_until ELSE :valid_until END,
    valid_until_offset = CASE WHEN :valid_until IS NULL THEN valid_until_offset
                              ELSE :valid_until_offset END
WHERE user_id = :user_id AND seq = :seq;

-- name: superseded_by_doomed
-- Facts that stay, with the number of the one that goes and had superseded them.
SELECT f.seq, f.superseded_by
FROM facts AS f
WHERE f.user_id = :user_id AND f.superseded_by IN (SELECT value FROM json_each(:numbers))
  AND f.seq NOT IN (SELECT value FROM json_each(:numbers));

-- name: supersession
-- What became of a fact.
SELECT superseded_at, superseded_by, ending, valid_until, valid_until_offset
FROM facts
WHERE user_id = :user_id AND seq = :seq;

-- name: hand_down
-- What became of the fact that had superseded this one becomes of this one.
UPDATE facts
SET superseded_at = :superseded_at, superseded_by = :superseded_by, ending = :ending,
    valid_until = CASE WHEN :ending = 1 THEN :valid_until ELSE stated_until END,
    valid_until_offset = CASE WHEN :ending = 1 THEN :valid_until_offset
                              ELSE stated_until_offset END
WHERE user_id = :user_id AND seq = :seq;

-- name: facts_at
-- Whole facts by number, with the sources and the authority that they had at a time. The authority is
-- twice the number of the role, and one more for what comes from a file: of the episodes that a fact
-- was drawn from, any decides that; one that says the same again speaks for itself.
SELECT f.seq, s.agent_id, s.session_id,
       f.id, f.text, f.at, f.utc_offset, f.recorded_at, f.metadata,
       (SELECT group_concat(lower(hex(o.id)), ' ' ORDER BY n.seq)
        FROM fact_sources AS r
        JOIN entries AS n ON n.user_id = r.user_id AND n.seq = r.source
        JOIN episodes AS o ON o.item = n.item
        WHERE r.user_id = f.user_id AND r.fact = f.seq
          AND (:known_at IS NULL OR n.recorded_at <= :known_at)),
       f.kind, f.attribute,
       coalesce((SELECT min(2 * r.stated_by + CASE r.drawn WHEN 1 THEN f.imported
                                                           ELSE o.imported END)
                 FROM fact_sources AS r
                 JOIN entries AS n ON n.user_id = r.user_id AND n.seq = r.source
                 JOIN episodes AS o ON o.item = n.item
                 WHERE r.user_id = f.user_id AND r.fact = f.seq
                   AND (:known_at IS NULL OR n.recorded_at <= :known_at)),
                2 * coalesce(f.stated_by, 0) + f.imported),
       f.confidence, f.valid_from, f.valid_from_offset, f.valid_until, f.valid_until_offset,
       f.stated_until, f.stated_until_offset, f.superseded_at,
       (SELECT b.id FROM facts AS b WHERE b.user_id = f.user_id AND b.seq = f.superseded_by),
       f.ending
FROM facts AS f
JOIN sessions AS s ON s.user_id = f.user_id AND s.number = f.session
WHERE f.user_id = :user_id AND f.seq IN (SELECT value FROM json_each(:numbers));

-- name: facts
-- Numbers of the facts that a query asks for.
SELECT f.seq
FROM facts AS f
JOIN sessions AS s ON s.user_id = f.user_id AND s.number = f.session
WHERE f.user_id = :user_id AND f.seq > :after
  AND (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id
       OR EXISTS (SELECT 1
                  FROM fact_sources AS r
                  JOIN entries AS n ON n.user_id = r.user_id AND n.seq = r.source
                  JOIN sessions AS t ON t.user_id = r.user_id AND t.number = n.session
                  WHERE r.user_id = f.user_id AND r.fact = f.seq AND t.session_id = :session_id))
  AND (:since IS NULL OR f.at >= :since)
  AND (:until IS NULL OR f.at < :until)
  AND (:kinds IS NULL OR f.kind IN (SELECT value FROM json_each(:kinds)))
  AND (:attributes IS NULL OR f.attribute IN (SELECT value FROM json_each(:attributes)))
  AND (:known_at IS NULL OR f.recorded_at <= :known_at)
  AND CASE WHEN f.superseded_at IS NULL OR f.superseded_at > :known_at
           THEN :as_of IS NULL OR f.stated_until IS NULL OR f.stated_until > :as_of
           WHEN :as_of IS NULL THEN f.ending = 1 AND f.valid_until > :now
           ELSE f.ending = 1 AND (f.valid_until IS NULL OR f.valid_until > :as_of) END
  AND (:as_of IS NULL OR coalesce(f.valid_from, f.at) <= :as_of
       OR (f.valid_from IS NULL AND f.stated_until <= f.at))
ORDER BY f.seq
LIMIT :limit;

-- name: line
-- Ids of a fact, of all that led to it, and of all that came of it.
WITH RECURSIVE line (seq) AS (
    SELECT seq FROM facts WHERE user_id = :user_id AND id = :id
    UNION
    SELECT f.superseded_by
    FROM line AS l
    JOIN facts AS f ON f.user_id = :user_id AND f.seq = l.seq
    WHERE f.superseded_by IS NOT NULL
    UNION
    SELECT f.seq
    FROM line AS l
    JOIN facts AS f ON f.user_id = :user_id AND f.superseded_by = l.seq
)
SELECT f.id FROM line AS l JOIN facts AS f ON f.user_id = :user_id AND f.seq = l.seq;

-- name: unextracted
-- What comes next in a session: episodes that wait (1), or that were passed over (2).
SELECT p.seq, p.position
FROM sessions AS s
JOIN episodes AS p ON p.user_id = s.user_id AND p.session = s.number
    AND p.extraction > 0 AND p.extraction = :extraction
WHERE s.user_id = :user_id AND s.agent_id = :agent_id AND s.session_id = :session_id
ORDER BY p.seq
LIMIT :limit;

-- name: said_before
SELECT p.seq
FROM sessions AS s
JOIN episodes AS p ON p.user_id = s.user_id AND p.session = s.number AND p.position < :position
WHERE s.user_id = :user_id AND s.agent_id = :agent_id AND s.session_id = :session_id
  AND p.role <> 'system'
ORDER BY p.position DESC
LIMIT :limit;

-- name: extraction
SELECT extraction FROM episodes WHERE user_id = :user_id AND id = :id;

-- name: set_extraction
UPDATE episodes SET extraction = :extraction WHERE user_id = :user_id AND id = :id;

-- name: enlist
UPDATE episodes SET extraction = 1
WHERE user_id = :user_id AND extraction = 0 AND role <> 'system'
  AND session IN (SELECT number FROM sessions
                  WHERE user_id = :user_id
                    AND (:agent_id IS NULL OR agent_id = :agent_id)
                    AND (:session_id IS NULL OR session_id = :session_id))
  AND (:since IS NULL OR at >= :since)
  AND (:until IS NULL OR at < :until);

-- name: sessions_waiting
SELECT s.agent_id, s.session_id
FROM sessions AS s
WHERE s.user_id = :user_id
  AND (:agent_id IS NULL OR s.agent_id = :agent_id)
  AND (:session_id IS NULL OR s.session_id = :session_id)
  AND EXISTS (SELECT 1 FROM episodes AS p
              WHERE p.user_id = s.user_id AND p.session = s.number
                AND p.extraction > 0 AND p.extraction = 1)
ORDER BY s.number
LIMIT :limit;

-- name: count_unextracted
SELECT count(*) FROM episodes WHERE extraction > 0;

-- name: spend
UPDATE expense
SET calls = calls + :calls, input_tokens = input_tokens + :input_tokens,
    output_tokens = output_tokens + :output_tokens
WHERE id = 1;

-- name: spent
SELECT calls, input_tokens, output_tokens FROM expense WHERE id = 1;
