-- What is done with vectors, by name.

-- name: add_embedder
-- One after another: each is chosen after all others.
SELECT pg_advisory_xact_lock(hashtextextended('remanence.embedders', 0));
INSERT INTO remanence.embedders (identity, dimensions, chosen) VALUES (:identity, :dimensions, 0)
ON CONFLICT (identity) DO NOTHING;

-- name: embedder
SELECT number, dimensions FROM remanence.embedders WHERE identity = :identity;

-- name: renew_embedder
-- The same identity with vectors of another length is another embedder, with another number.
UPDATE remanence.embedders
SET number = (SELECT max(number) + 1 FROM remanence.embedders), dimensions = :dimensions
WHERE identity = :identity;

-- name: choose_embedder
UPDATE remanence.embedders SET chosen = (SELECT max(chosen) + 1 FROM remanence.embedders)
WHERE identity = :identity AND chosen < (SELECT max(chosen) FROM remanence.embedders)
   OR identity = :identity AND chosen = 0;

-- name: is_chosen
SELECT 1 FROM remanence.embedders
WHERE number = :embedder AND chosen = (SELECT max(chosen) FROM remanence.embedders);

-- name: progress
SELECT seq FROM remanence.embedded WHERE user_id = :user_id AND embedder = :embedder;

-- name: unembedded
SELECT e.seq, coalesce(p.content, f.text)
FROM remanence.entries AS e
LEFT JOIN remanence.episodes AS p ON e.origin = 0 AND p.user_id = :user_id AND p.seq = e.seq
LEFT JOIN remanence.facts AS f ON e.origin = 1 AND f.user_id = :user_id AND f.seq = e.seq
WHERE e.user_id = :user_id AND e.seq > :progress
ORDER BY e.seq
LIMIT :limit;

-- name: present
SELECT e.seq FROM remanence.entries AS e
WHERE e.user_id = :user_id AND e.seq = ANY (translate(:numbers, '[]', '{}')::bigint[]);

-- name: last_block
SELECT block, numbers, data FROM remanence.vectors
WHERE user_id = :user_id AND embedder = :embedder AND length(numbers) <= :most_bytes
  AND last_seq = (SELECT max(last_seq) FROM remanence.vectors
                  WHERE user_id = :user_id AND embedder = :embedder);

-- name: drop_block
DELETE FROM remanence.vectors WHERE user_id = :user_id AND block = :block;

-- name: add_block
INSERT INTO remanence.vectors (user_id, embedder, last_seq, numbers, data)
VALUES (:user_id, :embedder, :last_seq, :numbers, :data);

-- name: set_progress
INSERT INTO remanence.embedded AS m (user_id, embedder, seq, count)
VALUES (:user_id, :embedder, :progress, :added)
ON CONFLICT (user_id, embedder) DO UPDATE SET seq = :progress, count = m.count + :added;

-- name: blocks_after
SELECT v.last_seq, v.numbers, v.data FROM remanence.vectors AS v
WHERE v.user_id = :user_id AND v.embedder = :embedder AND v.last_seq > :after
ORDER BY v.last_seq
LIMIT :limit;

-- name: has_others
SELECT 1 FROM remanence.embedded WHERE user_id = :user_id AND embedder <> :embedder LIMIT 1;

-- name: drop_other_blocks
DELETE FROM remanence.vectors WHERE user_id = :user_id AND embedder <> :embedder;

-- name: drop_other_progress
DELETE FROM remanence.embedded WHERE user_id = :user_id AND embedder <> :embedder;

-- name: users_behind
SELECT u.user_id
FROM remanence.users AS u
LEFT JOIN remanence.embedded AS m ON m.user_id = u.user_id AND m.embedder = :embedder
WHERE u.user_id > :after
  AND u.seq > coalesce(m.seq, 0)
  AND EXISTS (SELECT 1 FROM remanence.entries AS e
              WHERE e.user_id = u.user_id AND e.seq > coalesce(m.seq, 0))
ORDER BY u.user_id
LIMIT :limit;

-- name: count_embedded
SELECT coalesce(sum(count), 0)::bigint FROM remanence.embedded WHERE embedder = :embedder;

-- name: count_unembedded
SELECT coalesce(sum((SELECT count(*) FROM remanence.entries AS e
                     WHERE e.user_id = u.user_id AND e.seq > coalesce(m.seq, 0))), 0)::bigint
FROM remanence.users AS u
LEFT JOIN remanence.embedded AS m ON m.user_id = u.user_id AND m.embedder = :embedder
WHERE u.seq > coalesce(m.seq, 0);

-- name: blocks_of_user
SELECT block, embedder, numbers FROM remanence.vectors WHERE user_id = :user_id;

-- name: block_data
SELECT data FROM remanence.vectors WHERE user_id = :user_id AND block = :block;

-- name: rewrite_block
UPDATE remanence.vectors SET numbers = :numbers, data = :data WHERE user_id = :user_id AND block = :block;

-- name: count_fewer
UPDATE remanence.embedded SET count = count - :gone WHERE user_id = :user_id AND embedder = :embedder;

-- name: drop_vectors
DELETE FROM remanence.vectors WHERE user_id = :user_id;

-- name: drop_progress
DELETE FROM remanence.embedded WHERE user_id = :user_id;
