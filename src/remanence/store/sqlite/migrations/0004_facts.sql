-- When facts were true and when that was known, whose words they are, and what is still to be read
-- for them.

-- `kind`: see the code; NULL if nobody has said. `attribute`: whose and what, where there is one value
-- at a time. `stated_by`: as `entries.role`, NULL for what the program itself stored; for a fact with
-- sources, theirs counts. Times are microseconds since 1970 UTC, their offsets seconds.
ALTER TABLE facts ADD COLUMN kind INTEGER;
ALTER TABLE facts ADD COLUMN attribute TEXT;
ALTER TABLE facts ADD COLUMN stated_by INTEGER;
ALTER TABLE facts ADD COLUMN confidence REAL;
ALTER TABLE facts ADD COLUMN valid_from INTEGER;
ALTER TABLE facts ADD COLUMN valid_from_offset INTEGER;

-- The end as it is known now, and as it was known when the fact was recorded.
ALTER TABLE facts ADD COLUMN valid_until INTEGER;
ALTER TABLE facts ADD COLUMN valid_until_offset INTEGER;
ALTER TABLE facts ADD COLUMN stated_until INTEGER;
ALTER TABLE facts ADD COLUMN stated_until_offset INTEGER;

-- Since when it is known not to be so any more (`ending` 1), or never to have been (2), and the number
-- of the fact that tells so.
ALTER TABLE facts ADD COLUMN superseded_at INTEGER;
ALTER TABLE facts ADD COLUMN superseded_by INTEGER;
ALTER TABLE facts ADD COLUMN ending INTEGER;

CREATE INDEX facts_superseded ON facts (user_id, superseded_by) WHERE superseded_by IS NOT NULL;
CREATE UNIQUE INDEX facts_by_number ON facts (user_id, seq);

-- The least trusted role among the episodes that were given for a fact together: what one of them
-- alone would not have said.
ALTER TABLE fact_sources ADD COLUMN stated_by INTEGER NOT NULL DEFAULT 0;

UPDATE fact_sources
SET stated_by = coalesce((SELECT max(e.role) FROM fact_sources AS o
                          JOIN entries AS e ON e.user_id = o.user_id AND e.seq = o.source
                          WHERE o.user_id = fact_sources.user_id AND o.fact = fact_sources.fact), 0);

-- When we learned it, for searches in what was known at a time.
ALTER TABLE entries ADD COLUMN recorded_at INTEGER NOT NULL DEFAULT 0;

UPDATE entries
SET recorded_at = coalesce((SELECT p.recorded_at FROM episodes AS p WHERE p.item = entries.item), 0)
WHERE origin = 0;
UPDATE entries
SET recorded_at = coalesce((SELECT f.recorded_at FROM facts AS f WHERE f.item = entries.item), 0)
WHERE origin = 1;

-- Which facts changed at which epoch, for indexes that are a little behind. Numbers only.
CREATE TABLE amendments (
    user_id  TEXT    NOT NULL,
    epoch    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (user_id, epoch, seq)
) STRICT, WITHOUT ROWID;

-- Whether an episode is read for facts: 0 nobody has asked for it, 1 it waits, 2 it was passed over,
-- -1 it was read.
ALTER TABLE episodes ADD COLUMN extraction INTEGER NOT NULL DEFAULT 0;

CREATE INDEX episodes_unextracted ON episodes (user_id, session, seq) WHERE extraction > 0;

-- One row: what models were asked.
CREATE TABLE expense (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    calls          INTEGER NOT NULL,
    input_tokens   INTEGER NOT NULL,
    output_tokens  INTEGER NOT NULL
) STRICT;

INSERT INTO expense (id, calls, input_tokens, output_tokens) VALUES (1, 0, 0, 0);
