-- Orders to services, by name: erasures whose `rows_gone` is 3, which none of this file's own has.
-- `result` tells in JSON for which service; `ids` are the service's own, each in hexadecimal; `upto` is
-- the number of the last job that the order is about.

-- name: place_order
INSERT INTO erasures (user_id, agent_id, session_id, since, until, ids, upto, action, asked_by,
                      asked_at, rows_gone, result)
VALUES (:user_id, :agent_id, :session_id, :since, :until, :ids,
        coalesce((SELECT max(number) FROM jobs), 0), 'forget', :asked_by, :asked_at, 3,
        json_object('service', :destination))
RETURNING number;

-- name: orders
SELECT number, user_id, agent_id, session_id, since, until, ids, asked_at, asked_by
FROM erasures
WHERE rows_gone = 3 AND (:user_id IS NULL OR user_id = :user_id)
  AND json_extract(result, '$.service') = :destination
ORDER BY number;

-- name: passage
-- Whether there is such a job, whether an order is about its scope, and whether one of these erases it.
SELECT count(*), count(e.number), max(e.ids IS NULL AND j.number <= e.upto)
FROM jobs AS j
LEFT JOIN erasures AS e
    ON e.rows_gone = 3 AND e.user_id = j.user_id
    AND json_extract(e.result, '$.service') = j.destination
    AND (e.agent_id IS NULL OR e.agent_id = j.agent_id)
    AND (e.session_id IS NULL OR e.session_id = j.session_id)
    AND (e.since IS NULL OR j.created_at >= e.since)
    AND (e.until IS NULL OR j.created_at < e.until)
WHERE j.id = :id;

-- name: jobs_ordered
SELECT j.number, j.user_id, j.id, j.state = 1 AND j.due_at > :now
FROM erasures AS e
JOIN jobs AS j
    ON j.user_id = e.user_id AND j.number <= e.upto
    AND j.destination = json_extract(e.result, '$.service')
    AND (e.agent_id IS NULL OR e.agent_id = j.agent_id)
    AND (e.session_id IS NULL OR e.session_id = j.session_id)
    AND (e.since IS NULL OR j.created_at >= e.since)
    AND (e.until IS NULL OR j.created_at < e.until)
WHERE e.number = :number AND e.rows_gone = 3;

-- name: remove_job
DELETE FROM jobs WHERE id = :id RETURNING number, user_id;

-- name: drop_order
DELETE FROM erasures WHERE number = :number AND rows_gone = 3 RETURNING number;
