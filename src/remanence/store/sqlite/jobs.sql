-- What is done with jobs, by name. States: 0 pending, 1 leased, 2 parked, 3 done; written out, as an
-- index of some rows only is used for a condition that stands there word for word.

-- name: job_by_key
SELECT id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at, due_at,
       error_kind, error
FROM jobs
WHERE user_id = :user_id AND destination = :destination AND key = :key;

-- name: follow_job
-- If one of its kind waits in its lane, that is put off: until :put_off_until, which is :wait from when the new
-- one was put in, unless that was NULL. If none does, it is put in.
UPDATE jobs SET due_at = max(due_at, min(:put_off_until, created_at + 10 * :wait))
WHERE :put_off_until IS NOT NULL AND tried = 0 AND attempts = 0
  AND number = (SELECT min(number) FROM jobs
                WHERE destination = :destination AND user_id = :user_id AND agent_id = :agent_id
                  AND session_id = :session_id AND state < 2 AND state = 0 AND kind = :kind);
INSERT INTO jobs (id, kind, destination, user_id, agent_id, session_id, key, state, attempts, tried,
                  due_at, created_at, payload_bytes)
SELECT :id, :kind, :destination, :user_id, :agent_id, :session_id, :key, 0, 0, 0, :due_at,
       :created_at, :payload_bytes
WHERE NOT EXISTS (SELECT 1 FROM jobs
                  WHERE destination = :destination AND user_id = :user_id AND agent_id = :agent_id
                    AND session_id = :session_id AND state < 2 AND state = 0 AND kind = :kind);
INSERT INTO job_payloads (job, user_id, payload)
SELECT number, user_id, :payload FROM jobs WHERE id = :id;

-- name: add_job
INSERT INTO jobs (id, kind, destination, user_id, agent_id, session_id, key, state, attempts, tried,
                  due_at, created_at, payload_bytes)
VALUES (:id, :kind, :destination, :user_id, :agent_id, :session_id, :key, 0, 0, 0, :due_at,
        :created_at, :payload_bytes)
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at,
          due_at, error_kind, error;

-- name: add_payload
INSERT INTO job_payloads (job, user_id, payload) VALUES (last_insert_rowid(), :user_id, :payload);

-- name: waiting
-- How much counts against the quota of a destination.
SELECT count(*), coalesce(sum(payload_bytes), 0) FROM jobs
WHERE destination = :destination AND state < 3;

-- name: due_jobs
-- The first of each lane, if it is due and none of its lane is in somebody's hands (as when a parked
-- one is tried again while a later one is being delivered). What lies beyond the horizon was written
-- before the clock was set back. Users take turns: how many of a user's are in hands or come before it is
-- a job's turn.
WITH heads (number) AS (
    SELECT min(number) FROM jobs
    WHERE destination = :destination AND state < 2
    GROUP BY user_id, agent_id, session_id
),
held (id) AS (SELECT unhex(value) FROM json_each(:held))
SELECT j.number, j.tried OR j.state = 1
FROM heads AS h
CROSS JOIN jobs AS j ON j.number = h.number
WHERE j.id NOT IN (SELECT id FROM held)
  AND (j.due_at <= :now OR j.due_at > :horizon OR (j.state = 1 AND j.owner = :owner))
  AND NOT EXISTS (
      SELECT 1 FROM jobs AS o
      WHERE o.state = 1 AND o.destination = j.destination AND o.user_id = j.user_id
        AND o.agent_id = j.agent_id AND o.session_id = j.session_id AND o.number <> j.number
        AND (o.id IN (SELECT id FROM held)
             OR (o.owner <> :owner AND o.due_at > :now AND o.due_at <= :horizon))
  )
ORDER BY row_number() OVER (PARTITION BY j.user_id ORDER BY j.number)
         + (SELECT count(*) FROM jobs AS b
            WHERE b.state = 1 AND b.destination = j.destination AND b.user_id = j.user_id),
         j.number
LIMIT :limit;

-- name: lease_job
UPDATE jobs SET state = 1, owner = :owner, due_at = :until, tried = :tried WHERE number = :number
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts + 1, created_at,
          due_at, error_kind, error;

-- name: payload
SELECT payload FROM job_payloads WHERE job = :number AND user_id = :user_id;

-- name: extend_lease
UPDATE jobs SET due_at = :until WHERE id = :id AND state = 1 AND owner = :owner RETURNING number;

-- name: finish_job
UPDATE jobs
SET state = 3, owner = NULL, due_at = :now, payload_bytes = 0, error_kind = NULL, error = NULL
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number, user_id;

-- name: postpone_job
UPDATE jobs
SET state = 0, owner = NULL, due_at = :until, attempts = attempts + :counted, tried = 1,
    error_kind = :error_kind, error = :error
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number;

-- name: give_back_job
UPDATE jobs SET state = 0, owner = NULL, due_at = :now, tried = max(tried, :tried)
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number;

-- name: give_back_all
UPDATE jobs SET state = 0, owner = NULL, due_at = :now, tried = max(tried, :tried)
WHERE state = 1 AND owner = :owner
RETURNING id;

-- name: park_job
UPDATE jobs
SET state = 2, owner = NULL, due_at = :now, attempts = attempts + 1, tried = 1,
    error_kind = :error_kind, error = :error
WHERE id = :id AND state = 1 AND owner = :owner
RETURNING number;

-- name: job
SELECT id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at, due_at,
       error_kind, error
FROM jobs
WHERE id = :id;

-- name: list_jobs
SELECT id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at, due_at,
       error_kind, error
FROM jobs
WHERE (:destination IS NULL OR destination = :destination)
  AND (:user_id IS NULL OR user_id = :user_id)
  AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
  AND (:after IS NULL OR number > (SELECT number FROM jobs WHERE id = unhex(:after)))
ORDER BY number
LIMIT :limit;

-- name: count_jobs
SELECT destination, count(*) FILTER (WHERE state = 0), count(*) FILTER (WHERE state = 1),
       count(*) FILTER (WHERE state = 2), count(*) FILTER (WHERE state = 3),
       sum(payload_bytes), min(created_at) FILTER (WHERE state < 3)
FROM jobs
GROUP BY destination
ORDER BY destination;

-- name: next_due
SELECT min(j.due_at)
FROM (SELECT min(number) AS number FROM jobs
      WHERE destination = :destination AND state < 2
      GROUP BY user_id, agent_id, session_id) AS h
CROSS JOIN jobs AS j ON j.number = h.number;

-- name: lane_head
SELECT h.id, h.kind, h.destination, h.user_id, h.agent_id, h.session_id, h.key, h.state, h.attempts,
       h.created_at, h.due_at, h.error_kind, h.error
FROM jobs AS j
JOIN jobs AS h ON h.destination = j.destination AND h.user_id = j.user_id
    AND h.agent_id = j.agent_id AND h.session_id = j.session_id AND h.state < 2
WHERE j.id = :id
ORDER BY h.number
LIMIT 1;

-- name: hasten_jobs
UPDATE jobs SET due_at = :now
WHERE destination = :destination AND state < 2 AND state = 0 AND tried = 0 AND attempts = 0
  AND due_at > :now AND (:user_id IS NULL OR user_id = :user_id)
RETURNING number;

-- name: retry_job
UPDATE jobs
SET state = 0, owner = NULL, due_at = :now, attempts = 0, tried = tried OR state = 1,
    error_kind = NULL, error = NULL
WHERE id = :id AND (state IN (0, 2) OR (state = 1 AND due_at <= :now))
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at,
          due_at, error_kind, error;

-- name: drop_job
DELETE FROM jobs
WHERE id = :id AND (state <> 1 OR due_at <= :now)
RETURNING id, kind, destination, user_id, agent_id, session_id, key, state, attempts, created_at,
          due_at, error_kind, error, number;

-- name: drop_payload
DELETE FROM job_payloads WHERE job = :number AND user_id = :user_id;

-- name: prune_jobs
-- They carry nothing any more.
DELETE FROM jobs
WHERE number IN (SELECT number FROM jobs
                 WHERE state = 3 AND due_at < :before AND destination = :destination
                 LIMIT :limit)
RETURNING number;

-- name: erase_jobs
DELETE FROM jobs
WHERE user_id = :user_id
  AND (:agent_id IS NULL OR agent_id = :agent_id)
  AND (:session_id IS NULL OR session_id = :session_id)
  AND (:since IS NULL OR created_at >= :since)
  AND (:until IS NULL OR created_at < :until)
RETURNING number, user_id;
