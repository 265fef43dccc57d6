-- Vectors of items, by the embedder that made them, and the episodes that facts rest on.

-- Whose vectors there are. The one that was chosen last is the one of the file: only it makes more.
CREATE TABLE embedders (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    identity    TEXT    NOT NULL UNIQUE,
    dimensions  INTEGER NOT NULL,
    chosen      INTEGER NOT NULL
) STRICT;

-- How far a user's items were embedded: all up to `seq` that are there were. `count` is how many
-- vectors that gave.
CREATE TABLE embedded (
    user_id   TEXT    NOT NULL,
    embedder  INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (user_id, embedder)
) STRICT, WITHOUT ROWID;

-- Vectors, hundreds to a row: `numbers` are the items' as 64-bit integers, `data` their vectors as
-- 32-bit floats, end to end, both little-endian. `last_seq` is the highest number.
CREATE TABLE vectors (
    block     INTEGER PRIMARY KEY,
    user_id   TEXT    NOT NULL,
    embedder  INTEGER NOT NULL,
    last_seq  INTEGER NOT NULL,
    numbers   BLOB    NOT NULL,
    data      BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX vectors_by_user ON vectors (user_id, embedder, last_seq);

-- Which episodes a fact rests on, by number.
CREATE TABLE fact_sources (
    user_id  TEXT    NOT NULL,
    fact     INTEGER NOT NULL,
    source   INTEGER NOT NULL,
    PRIMARY KEY (user_id, fact, source)
) STRICT, WITHOUT ROWID;

CREATE INDEX fact_sources_by_source ON fact_sources (user_id, source);

-- Who spoke, for the indexes: 0 for a fact, then 1 user, 2 assistant, 3 system, 4 tool.
ALTER TABLE entries ADD COLUMN role INTEGER NOT NULL DEFAULT 0;

UPDATE entries
SET role = coalesce((SELECT CASE p.role WHEN 'user' THEN 1 WHEN 'assistant' THEN 2
                                        WHEN 'system' THEN 3 WHEN 'tool' THEN 4 END
                     FROM episodes AS p WHERE p.item = entries.item), 0)
WHERE origin = 0;

-- For what was said around something.
CREATE UNIQUE INDEX episodes_by_position ON episodes (user_id, session, position);
