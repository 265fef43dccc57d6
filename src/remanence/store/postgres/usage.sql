-- How much there is of whom, by name: what remanence_operator may read.

-- name: users_after
SELECT u.user_id FROM remanence.users AS u
WHERE u.user_id > :after
  AND EXISTS (SELECT 1 FROM remanence.entries AS e WHERE e.user_id = u.user_id)
ORDER BY u.user_id
LIMIT :limit;

-- name: usage_by_episodes
SELECT e.user_id FROM remanence.entries AS e
GROUP BY e.user_id
ORDER BY count(*) FILTER (WHERE e.origin = 0) DESC, e.user_id
LIMIT :limit;

-- name: usage_by_facts
SELECT e.user_id FROM remanence.entries AS e
GROUP BY e.user_id
ORDER BY count(*) FILTER (WHERE e.origin = 1) DESC, e.user_id
LIMIT :limit;

-- name: usage_by_bytes
SELECT t.user_id
FROM (SELECT user_id, text_bytes FROM remanence.episodes
      UNION ALL SELECT user_id, text_bytes FROM remanence.facts) AS t
GROUP BY t.user_id
ORDER BY sum(t.text_bytes) DESC, t.user_id
LIMIT :limit;

-- name: usage_of
SELECT w.user_id, e.sessions, e.episodes, e.facts,
       (SELECT coalesce(sum(m.count), 0)::bigint FROM remanence.embedded AS m
        WHERE m.user_id = w.user_id),
       (SELECT count(*) FROM remanence.jobs AS j WHERE j.user_id = w.user_id AND j.state < 3),
       (SELECT coalesce(sum(p.text_bytes), 0) FROM remanence.episodes AS p
        WHERE p.user_id = w.user_id)
       + (SELECT coalesce(sum(f.text_bytes), 0) FROM remanence.facts AS f
          WHERE f.user_id = w.user_id),
       e.last_recorded_at
FROM json_array_elements_text(:users::json) AS w (user_id)
CROSS JOIN LATERAL (
    SELECT count(DISTINCT n.session) FILTER (WHERE n.origin = 0) AS sessions,
           count(*) FILTER (WHERE n.origin = 0) AS episodes,
           count(*) FILTER (WHERE n.origin = 1) AS facts,
           max(n.recorded_at) AS last_recorded_at
    FROM remanence.entries AS n WHERE n.user_id = w.user_id) AS e;
