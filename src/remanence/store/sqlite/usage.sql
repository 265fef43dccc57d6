-- How much there is of whom, by name.

-- name: users_after
SELECT u.user_id FROM users AS u
WHERE u.user_id > :after AND EXISTS (SELECT 1 FROM entries AS e WHERE e.user_id = u.user_id)
ORDER BY u.user_id
LIMIT :limit;

-- name: usage_by_episodes
SELECT e.user_id FROM entries AS e
GROUP BY e.user_id
ORDER BY count(*) FILTER (WHERE e.origin = 0) DESC, e.user_id
LIMIT :limit;

-- name: usage_by_facts
SELECT e.user_id FROM entries AS e
GROUP BY e.user_id
ORDER BY count(*) FILTER (WHERE e.origin = 1) DESC, e.user_id
LIMIT :limit;

-- name: usage_by_bytes
SELECT t.user_id
FROM (SELECT user_id, octet_length(content) + octet_length(metadata) AS bytes FROM episodes
      UNION ALL SELECT user_id, octet_length(text) + octet_length(metadata) FROM facts) AS t
GROUP BY t.user_id
ORDER BY sum(t.bytes) DESC, t.user_id
LIMIT :limit;

-- name: usage_of
SELECT w.value,
       (SELECT count(DISTINCT e.session) FROM entries AS e
        WHERE e.user_id = w.value AND e.origin = 0),
       (SELECT count(*) FROM entries AS e WHERE e.user_id = w.value AND e.origin = 0),
       (SELECT count(*) FROM entries AS e WHERE e.user_id = w.value AND e.origin = 1),
       (SELECT coalesce(sum(m.count), 0) FROM embedded AS m WHERE m.user_id = w.value),
       (SELECT count(*) FROM jobs AS j WHERE j.user_id = w.value AND j.state < 3),
       (SELECT coalesce(sum(octet_length(p.content) + octet_length(p.metadata)), 0)
        FROM episodes AS p WHERE p.user_id = w.value)
       + (SELECT coalesce(sum(octet_length(f.text) + octet_length(f.metadata)), 0)
          FROM facts AS f WHERE f.user_id = w.value),
       (SELECT max(e.recorded_at) FROM entries AS e WHERE e.user_id = w.value)
FROM json_each(:users) AS w;
