-- Orders to services, by name. `ids` are the service's own, each in hexadecimal; `upto` is the number of the
-- last job that the order is about.

-- name: place_order
INSERT INTO orders (destination, user_id, agent_id, session_id, since, until, ids, upto, asked_by,
                    asked_at)
VALUES (:destination, :user_id, :agent_id, :session_id, :since, :until, :ids,
        coalesce((SELECT max(number) FROM jobs), 0), :asked_by, :asked_at)
RETURNING number;

-- name: orders
SELECT number, user_id, agent_id, session_id, since, until, ids, asked_at, asked_by
FROM orders
WHERE destination = :destination AND (:user_id IS NULL OR user_id = :user_id)
ORDER BY number;

-- name: passage
-- Whether there is such a job, whether an order is about its scope, and whether one of these erases it.
SELECT count(*), count(o.number), max(o.ids IS NULL AND j.number <= o.upto)
FROM jobs AS j
LEFT JOIN orders AS o
    ON o.destination = j.destination AND o.user_id = j.user_id
    AND (o.agent_id IS NULL OR o.agent_id = j.agent_id)
    AND (o.session_id IS NULL OR o.session_id = j.session_id)
    AND (o.since IS NULL OR j.created_at >= o.since)
    AND (o.until IS NULL OR j.created_at < o.until)
WHERE j.id = :id;

-- name: jobs_ordered
SELECT j.number, j.user_id, j.id, j.state = 1 AND j.due_at > :now
FROM orders AS o
JOIN jobs AS j
    ON j.destination = o.destination AND j.user_id = o.user_id AND j.number <= o.upto
    AND (o.agent_id IS NULL OR o.agent_id = j.agent_id)
    AND (o.session_id IS NULL OR o.session_id = j.session_id)
    AND (o.since IS NULL OR j.created_at >= o.since)
    AND (o.until IS NULL OR j.created_at < o.until)
WHERE o.number = :number;

-- name: remove_job
DELETE FROM jobs WHERE id = :id RETURNING number, user_id;

-- name: drop_order
DELETE FROM orders WHERE number = :number RETURNING number;
