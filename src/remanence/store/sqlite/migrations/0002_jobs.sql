-- Work that is still to be done, and what it carries.

-- No content here. A `number` gives the order and is never given twice. An absent agent or session
-- is stored as '', which no real id can be. `state`: 0 pending, 1 leased, 2 parked, 3 done. `tried`:
-- whether an attempt may have reached the service. Times are microseconds since 1970 UTC; `due_at` is
-- before when a pending job is not tried, when a leased one's lease ends, and when the others came to
-- be what they are. `payload_bytes` is the size of what the job still carries.
CREATE TABLE jobs (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    id             BLOB    NOT NULL,
    kind           TEXT    NOT NULL,
    destination    TEXT    NOT NULL,
    user_id        TEXT    NOT NULL,
    agent_id       TEXT    NOT NULL,
    session_id     TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    state          INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    tried          INTEGER NOT NULL,
    due_at         INTEGER NOT NULL,
    owner          TEXT,
    created_at     INTEGER NOT NULL,
    payload_bytes  INTEGER NOT NULL,
    error_kind     TEXT,
    error          TEXT
) STRICT;

CREATE UNIQUE INDEX jobs_by_id ON jobs (id);

-- A done job keeps its row for a while, so that its key is recognised. The user comes first, so that
-- whatever is theirs is found for an erasure.
CREATE UNIQUE INDEX jobs_by_key ON jobs (user_id, destination, key);

-- Lanes: what is not over yet of one destination and scope, in order. Only the first of a lane can be
-- due, so that there is no index by time: it would find all those behind it.
CREATE INDEX jobs_by_lane ON jobs (destination, user_id, agent_id, session_id, number)
    WHERE state < 2;
CREATE INDEX jobs_in_hands ON jobs (destination, user_id, agent_id, session_id)
    WHERE state = 1;

-- For the quota, and for what is remembered long enough.
CREATE INDEX jobs_by_size ON jobs (destination, payload_bytes) WHERE state < 3;
CREATE INDEX jobs_done ON jobs (due_at) WHERE state = 3;

-- What unfinished jobs carry; `job` is the job's number.
CREATE TABLE job_payloads (
    job      INTEGER PRIMARY KEY,
    user_id  TEXT    NOT NULL,
    payload  TEXT    NOT NULL
) STRICT;
