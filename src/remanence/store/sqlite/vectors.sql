-- What is done with vectors, by name.

-- name: add_embedder
INSERT INTO embedders (identity, dimensions, chosen) VALUES (:identity, :dimensions, 0)
ON CONFLICT (identity) DO NOTHING;

-- name: embedder
SELECT number, dimensions FROM embedders WHERE identity = :identity;

-- name: renew_embedder
-- The same identity with vectors of another length is another embedder, with another number.
UPDATE embedders
SET number = (SELECT max(number) + 1 FROM embedders), dimensions = :dimensions
WHERE identity = :identity;

-- name: choose_embedder
UPDATE embedders SET chosen = (SELECT max(chosen) + 1 FROM embedders)
WHERE identity = :identity AND chosen < (SELECT max(chosen) FROM embedders)
   OR identity = :identity AND chosen = 0;

-- name: is_chosen
SELECT 1 FROM embedders
WHERE number = :embedder AND chosen = (SELECT max(chosen) FROM embedders);

-- name: progress
SELECT seq FROM embedded WHERE user_id = :user_id AND embedder = :embedder;

-- name: unembedded
SELECT e.seq, coalesce(p.content, f.text)
FROM entries AS e
LEFT JOIN episodes AS p ON e.origin = 0 AND p.item = e.item
LEFT JOIN facts AS f ON e.origin = 1 AND f.item = e.item
WHERE e.user_id = :user_id AND e.seq > :progress
ORDER BY e.seq
LIMIT :limit;

-- name: present
SELECT e.seq FROM entries AS e
WHERE e.user_id = :user_id AND e.seq IN (SELECT value FROM json_each(:numbers));

-- name: last_block
SELECT block, numbers, data FROM vectors
WHERE user_id = :user_id AND embedder = :embedder AND length(numbers) <= :most_bytes
  AND last_seq = (SELECT max(last_seq) FROM vectors
                  WHERE user_id = :user_id AND embedder = :embedder);

-- name: drop_block
DELETE FROM vectors WHERE block = :block AND user_id = :user_id;

-- name: add_block
INSERT INTO vectors (user_id, embedder, last_seq, numbers, data)
VALUES (:user_id, :embedder, :last_seq, :numbers, :data);

-- name: set_progress
INSERT INTO embedded (user_id, embedder, seq, count)
VALUES (:user_id, :embedder, :progress, :added)
ON CONFLICT (user_id, embedder) DO UPDATE SET seq = :progress, count = count + :added;

-- name: blocks_after
SELECT v.last_seq, v.numbers, v.data FROM vectors AS v
WHERE v.user_id = :user_id AND v.embedder = :embedder AND v.last_seq > :after
ORDER BY v.last_seq
LIMIT :limit;

-- name: has_others
SELECT 1 FROM embedded WHERE user_id = :user_id AND embedder <> :embedder LIMIT 1;

-- name: drop_other_blocks
DELETE FROM vectors WHERE user_id = :user_id AND embedder <> :embedder;

-- name: drop_other_progress
DELETE FROM embedded WHERE user_id = :user_id AND embedder <> :embedder;

-- name: users_behind
SELECT u.user_id
FROM users AS u
LEFT JOIN embedded AS m ON m.user_id = u.user_id AND m.embedder = :embedder
WHERE u.user_id > :after
  AND coalesce(m.seq, 0) < (SELECT max(e.seq) FROM entries AS e WHERE e.user_id = u.user_id)
ORDER BY u.user_id
LIMIT :limit;

-- name: count_embedded
SELECT coalesce(sum(count), 0) FROM embedded WHERE embedder = :embedder;

-- name: count_unembedded
SELECT coalesce(sum((SELECT count(*) FROM entries AS e
                     WHERE e.user_id = u.user_id AND e.seq > coalesce(m.seq, 0))), 0)
FROM users AS u
LEFT JOIN embedded AS m ON m.user_id = u.user_id AND m.embedder = :embedder;

-- name: blocks_of_user
SELECT block, embedder, numbers FROM vectors WHERE user_id = :user_id;

-- name: block_data
SELECT data FROM vectors WHERE block = :block AND user_id = :user_id;

-- name: rewrite_block
UPDATE vectors SET numbers = :numbers, data = :data WHERE block = :block AND user_id = :user_id;

-- name: count_fewer
UPDATE embedded SET count = count - :gone WHERE user_id = :user_id AND embedder = :embedder;

-- name: drop_vectors
DELETE FROM vectors WHERE user_id = :user_id;

-- name: drop_progress
DELETE FROM embedded WHERE user_id = :user_id;
