-- Erasures that can be taken up again, who asked for what, and what comes from a file.

-- What was asked to be erased and is not done yet: written first, so that whoever opens or reads the
-- file next goes on with it. An absent agent, session or time is NULL; `ids` is a list in JSON, in
-- hexadecimal, or NULL for all that is seen. Nothing with a number above `upto` is meant.
-- `rows_gone`: 1 if what is left to do is to overwrite what freed space still holds, 2 if that was done
-- as well, for somebody else to tell of it. `result` is what went, in JSON: ids and numbers.
CREATE TABLE erasures (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id     TEXT    NOT NULL,
    agent_id    TEXT,
    session_id  TEXT,
    since       INTEGER,
    until       INTEGER,
    ids         TEXT,
    upto        INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    asked_by    TEXT,
    asked_at    INTEGER NOT NULL,
    rows_gone   INTEGER NOT NULL DEFAULT 0,
    result      TEXT
) STRICT;

CREATE INDEX erasures_by_user ON erasures (user_id) WHERE rows_gone = 0;

-- What a service that is somewhere else is to erase, and has not erased yet; `ids` are the service's own,
-- `destination` is its identity. No job with a number above `upto` is meant.
CREATE TABLE orders (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    destination  TEXT    NOT NULL,
    user_id      TEXT    NOT NULL,
    agent_id     TEXT,
    session_id   TEXT,
    since        INTEGER,
    until        INTEGER,
    ids          TEXT,
    upto         INTEGER NOT NULL,
    asked_by     TEXT,
    asked_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX orders_by_user ON orders (destination, user_id);

-- Who asked for what, and when; `counts` is JSON: numbers by name, never content.
CREATE TABLE audit (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    action    TEXT    NOT NULL,
    user_id   TEXT    NOT NULL,
    asked_by  TEXT,
    counts    TEXT    NOT NULL
) STRICT;

CREATE INDEX audit_by_user ON audit (user_id, number);

-- Whether it comes from a file.
ALTER TABLE episodes ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
ALTER TABLE facts ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;

-- 1 for an episode that a fact was drawn from, 0 for one that said the same again later. Of those that
-- were stored before nobody knows: a fact goes with any of them.
ALTER TABLE fact_sources ADD COLUMN drawn INTEGER NOT NULL DEFAULT 1;
