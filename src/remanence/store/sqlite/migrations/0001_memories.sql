-- Users, sessions, episodes, facts, and what search indexes load of them.

-- One row: the last epoch given to any user, and the highest sequence number of any user who was
-- erased. A user who comes back goes on from there, so that neither is ever given twice.
CREATE TABLE counters (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    epoch      INTEGER NOT NULL,
    seq_floor  INTEGER NOT NULL
) STRICT;

INSERT INTO counters (id, epoch, seq_floor) VALUES (1, 0, 0);

-- The next sequence number is one above the user's last entry, or above `seq_floor` where what was
-- last is erased. `rebuild_epoch`: an index older than this can't be brought up to date by the log of
-- removals.
CREATE TABLE users (
    user_id        TEXT    NOT NULL PRIMARY KEY,
    seq_floor      INTEGER NOT NULL,
    epoch          INTEGER NOT NULL,
    rebuild_epoch  INTEGER NOT NULL,
    sessions       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An absent agent or session is stored as '', which no real id can be. `items` counts the episodes
-- and facts; a session without any is dropped.
CREATE TABLE sessions (
    user_id        TEXT    NOT NULL,
    agent_id       TEXT    NOT NULL,
    session_id     TEXT    NOT NULL,
    number         INTEGER NOT NULL,
    next_position  INTEGER NOT NULL,
    items          INTEGER NOT NULL,
    PRIMARY KEY (user_id, agent_id, session_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX sessions_by_number ON sessions (user_id, number);

-- Times are microseconds since 1970 UTC; `utc_offset` is the speaker's, in seconds.
CREATE TABLE episodes (
    item         INTEGER PRIMARY KEY,
    user_id      TEXT    NOT NULL,
    id           BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    session      INTEGER NOT NULL,
    position     INTEGER NOT NULL,
    role         TEXT    NOT NULL,
    name         TEXT,
    content      TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    utc_offset   INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    message_id   TEXT,
    metadata     TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX episodes_by_id ON episodes (user_id, id);
CREATE UNIQUE INDEX episodes_by_message ON episodes (user_id, session, message_id)
    WHERE message_id IS NOT NULL;

CREATE TABLE facts (
    item         INTEGER PRIMARY KEY,
    user_id      TEXT    NOT NULL,
    id           BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    session      INTEGER NOT NULL,
    text         TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    utc_offset   INTEGER NOT NULL,
    recorded_at  INTEGER NOT NULL,
    metadata     TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX facts_by_id ON facts (user_id, id);

-- One row an item, clustered by user: all that a search index reads, and nothing else.
-- `origin` is 0 for an episode and 1 for a fact; `item` is its row there.
CREATE TABLE entries (
    user_id   TEXT    NOT NULL,
    seq       INTEGER NOT NULL,
    origin    INTEGER NOT NULL,
    item      INTEGER NOT NULL,
    session   INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    speaker   TEXT,
    asks      INTEGER NOT NULL,
    terms     TEXT    NOT NULL,
    analyzer  INTEGER NOT NULL,
    PRIMARY KEY (user_id, seq)
) STRICT, WITHOUT ROWID;

-- Which numbers went at which epoch, for indexes that are a little behind. Numbers only.
CREATE TABLE removals (
    user_id  TEXT    NOT NULL,
    epoch    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    PRIMARY KEY (user_id, epoch, seq)
) STRICT, WITHOUT ROWID;
