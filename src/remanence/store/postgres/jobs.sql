-- What is done with jobs, by name. States: 0 pending, 1 leased, 2 parked, 3 done.

-- name: job_by_key
SELECT id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at, due_at,
       error_kind, error
FROM remanence.jobs
WHERE user_id = :user_id AND destination = :destination AND key = :key;

-- name: follow_job
-- If one of its kind waits in its lane, that is put off: until :put_off_until, which is :wait from when the new
-- one was put in, unless that was NULL. It is held, so that no worker takes it before it can see what is
-- written now. If none does, it is put in.
WITH waiting AS MATERIALIZED (
    SELECT number FROM remanence.jobs
    WHERE destination = :destination AND user_id = :user_id AND agent_id = :agent_id
      AND session_id = :session_id AND state < 2 AND state = 0 AND kind = :kind
    ORDER BY number
    LIMIT 1
    FOR UPDATE
),
put_off AS (
    UPDATE remanence.jobs AS j
    SET due_at = greatest(j.due_at, least(:put_off_until, j.created_at + 10 * :wait))
    FROM waiting AS w
    WHERE j.number = w.number AND j.user_id = :user_id
      AND :put_off_until IS NOT NULL AND j.tried = 0 AND j.attempts = 0
),
added (number) AS (
    INSERT INTO remanence.jobs
        (id, kind, destination, user_id, agent_id, session_id, key, state, attempts, tried, due_at,
         created_at, payload_bytes)
    SELECT :id, :kind, :destination, :user_id, :agent_id, :session_id, :key, 0, 0, 0, :due_at,
           :created_at, :payload_bytes
    WHERE NOT EXISTS (SELECT 1 FROM waiting)
    RETURNING number
)
INSERT INTO remanence.job_payloads (job, user_id, payload)
SELECT number, :user_id, :payload FROM added;

-- name: add_job
INSERT INTO remanence.jobs (id, kind, destination, user_id, agent_id, session_id, key, state, attempts, tried,
                  due_at, created_at, payload_bytes)
VALUES (:id, :kind, :destination, :user_id, :agent_id, :session_id, :key, 0, 0, 0, :due_at,
        :created_at, :payload_bytes)
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at,
          due_at, error_kind, error;

-- name: add_payload
INSERT INTO remanence.job_payloads (job, user_id, payload)
VALUES (currval('remanence.job_numbers'), :user_id, :payload);

-- name: waiting
-- How much counts against the quota of a destination.
SELECT count(*), coalesce(sum(payload_bytes), 0)::bigint FROM remanence.jobs
WHERE destination = :destination AND state < 3;

-- name: due_jobs
-- The first of each lane, if it is due and none of its lane is in somebody's hands (as when a parked one is
-- tried again while a later one is being delivered). What lies beyond the horizon was written before the
-- clock was set back. Users take turns: how many of a user's are in hands or come before it is a job's turn.
-- Each lane is held to the end of the transaction, so that nobody else takes another of it meanwhile.
-- The jobs are read once, and sorted: planning for each partition takes as long as a short queue, and what is
-- joined to itself takes for ever where a queue has just grown and nothing knows its size. Of many, as many
-- are looked at as others may be holding just now.
WITH held (id) AS (SELECT unnest(translate(:held, '[]', '{}')::uuid[])),
waiting AS (
    SELECT number, id, user_id, agent_id, session_id, state, due_at, owner,
           state = 1 AND (id IN (SELECT id FROM held)
                          OR (owner <> :owner AND due_at > :now AND due_at <= :horizon)) AS taken
    FROM remanence.jobs
    WHERE destination = :destination AND state < 2
),
lanes AS (
    SELECT number, id, user_id, state, due_at, owner, taken,
           row_number() OVER (lane ORDER BY number) AS place,
           count(*) FILTER (WHERE taken) OVER lane AS taken_in_lane,
           count(*) FILTER (WHERE state = 1) OVER (PARTITION BY user_id) AS hands
    FROM waiting
    WINDOW lane AS (PARTITION BY user_id, agent_id, session_id)
),
turns AS MATERIALIZED (
    SELECT number, user_id, row_number() OVER (PARTITION BY user_id ORDER BY number) + hands AS turn
    FROM lanes
    WHERE place = 1 AND taken_in_lane = CASE WHEN taken THEN 1 ELSE 0 END
      AND id NOT IN (SELECT id FROM held)
      AND (due_at <= :now OR due_at > :horizon OR (state = 1 AND owner = :owner))
    ORDER BY turn, number
    LIMIT 1000 + :limit
),
picked AS MATERIALIZED (
    SELECT j.number, j.tried, j.state, j.destination, j.user_id, j.agent_id, j.session_id, t.turn
    FROM turns AS t
    JOIN remanence.jobs AS j ON j.number = t.number AND j.user_id = t.user_id
    WHERE j.state < 2
      AND (j.due_at <= :now OR j.due_at > :horizon OR (j.state = 1 AND j.owner = :owner))
    ORDER BY t.turn, t.number
    LIMIT :limit
    FOR UPDATE OF j SKIP LOCKED
)
SELECT number, CASE WHEN tried = 1 OR state = 1 THEN 1 ELSE 0 END
FROM picked
WHERE pg_try_advisory_xact_lock(
    hashtextextended(
        destination || chr(1) || user_id || chr(1) || agent_id || chr(1) || session_id, 0))
ORDER BY turn, number;

-- name: lease_job
-- Unless one of its lane was taken just before the lane was held.
UPDATE remanence.jobs AS j SET state = 1, owner = :owner, due_at = :until, tried = :tried
WHERE j.number = :number
  AND NOT EXISTS (
      SELECT 1 FROM remanence.jobs AS o
      WHERE o.state = 1 AND o.destination = j.destination AND o.user_id = j.user_id
        AND o.agent_id = j.agent_id AND o.session_id = j.session_id AND o.number <> j.number
        AND o.owner <> :owner AND o.due_at > :now AND o.due_at <= :horizon
  )
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts + 1, created_at,
          due_at, error_kind, error;

-- name: payload
SELECT payload FROM remanence.job_payloads WHERE job = :number AND user_id = :user_id;

-- name: extend_lease
UPDATE remanence.jobs SET due_at = :until WHERE id = :id AND state = 1 AND owner = :owner RETURNING number;

-- name: finish_job
UPDATE remanence.jobs
SET state = 3, owner = NULL, due_at = :now, payload_bytes = 0, error_kind = NULL, error = NULL
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number, user_id;

-- name: postpone_job
UPDATE remanence.jobs
SET state = 0, owner = NULL, due_at = :until, attempts = attempts + :counted, tried = 1,
    error_kind = :error_kind, error = :error
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number;

-- name: give_back_job
UPDATE remanence.jobs SET state = 0, owner = NULL, due_at = :now, tried = greatest(tried, :tried)
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number;

-- name: give_back_all
UPDATE remanence.jobs SET state = 0, owner = NULL, due_at = :now, tried = greatest(tried, :tried)
WHERE state = 1 AND owner = :owner
RETURNING id;

-- name: park_job
UPDATE remanence.jobs
SET state = 2, owner = NULL, due_at = :now, attempts = attempts + 1, tried = 1,
    error_kind = :error_kind, error = :error
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number;

-- name: job
SELECT id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at, due_at,
       error_kind, error
FROM remanence.jobs
WHERE id = :id;

-- name: list_jobs
SELECT id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at, due_at,
       error_kind, error
FROM remanence.jobs
WHERE (:destination IS NULL OR destination = :destination)
  AND (:user_id IS NULL OR user_id = :user_id)
  AND (:states IS NULL OR state = ANY (translate(:states, '[]', '{}')::bigint[]))
  AND (:after IS NULL OR number > (SELECT number FROM remanence.jobs WHERE id = :after::uuid))
ORDER BY number
LIMIT :limit;

-- name: count_jobs
SELECT destination, count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1),
       count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state = 3),
       sum(payload_bytes)::bigint, min(created_at) FILTER (WHERE state < 3)
FROM remanence.jobs
GROUP BY destination
ORDER BY destination;

-- name: next_due
SELECT min(due_at)
FROM (SELECT DISTINCT ON (user_id, agent_id, session_id) due_at FROM remanence.jobs
      WHERE destination = :destination AND state < 2
      ORDER BY user_id, agent_id, session_id, number) AS heads;

-- name: lane_head
SELECT h.id, h.kind, h.destination, h.user_id, h.agent_id, h.session_id, h.key, h.state, h.attempts,
       h.created_at, h.due_at, h.error_kind, h.error
FROM remanence.jobs AS j
JOIN remanence.jobs AS h ON h.destination = j.destination AND h.user_id = j.user_id
    AND h.agent_id = j.agent_id AND h.session_id = j.session_id AND h.state < 2
WHERE j.id = :id
ORDER BY h.number
LIMIT 1;

-- name: hasten_jobs
UPDATE remanence.jobs SET due_at = :now
WHERE destination = :destination AND state < 2 AND state = 0 AND tried = 0 AND attempts = 0
  AND due_at > :now AND (:user_id IS NULL OR user_id = :user_id)
RETURNING number;

-- name: retry_job
UPDATE remanence.jobs
SET state = 0, owner = NULL, due_at = :now, attempts = 0, tried = CASE WHEN tried = 1 OR state = 1 THEN 1 ELSE 0 END,
    error_kind = NULL, error = NULL
WHERE id = :id AND (state IN (0, 2) OR (state = 1 AND due_at <= :now))
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at,
          due_at, error_kind, error;

-- name: drop_job
DELETE FROM remanence.jobs
WHERE id = :id AND (state <> 1 OR due_at <= :now)
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at,
          due_at, error_kind, error, number;

-- name: drop_payload
DELETE FROM remanence.job_payloads WHERE job = :number AND user_id = :user_id;

-- name: prune_jobs
-- They carry nothing any more.
WITH old (number, user_id) AS (
    SELECT number, user_id FROM remanence.jobs
    WHERE state = 3 AND due_at < :before AND destination = :destination
    LIMIT :limit
)
DELETE FROM remanence.jobs AS j USING old AS o
WHERE j.number = o.number AND j.user_id = o.user_id
RETURNING j.number;

-- name: erase_jobs
DELETE FROM remanence.jobs
WHERE user_id = :user_id
  AND (:agent_id IS NULL OR agent_id = :agent_id)
  AND (:session_id IS NULL OR session_id = :session_id)
  AND (:since IS NULL OR created_at >= :since)
  AND (:until IS NULL OR created_at < :until)
RETURNING number, user_id;
