-- Runs of sessions on their own objectives. A row changes together with the steps that it counts.

CREATE TABLE run (
    -- ULID.
    id TEXT PRIMARY KEY CHECK (length(id) = 26),
    -- The session that it moves.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- How many steps it is to make.
    steps INTEGER NOT NULL CHECK (steps > 0),
    -- It ends where the loss is below this; NULL: no such rule.
    loss_below REAL,
    -- It ends where the norm of the gradient is below this.
    gradient_norm_below REAL,
    -- It ends where this part of the way to the known minimum is left,
    target REAL,
    -- which is this loss.
    target_loss REAL,
    -- It ends where the loss has not become better for so many steps; 0: no such rule,
    plateau_window INTEGER NOT NULL,
    -- better meaning by this part of it.
    plateau_relative REAL,
    -- It ends after so many seconds.
    max_seconds REAL,
    -- Calendar time of its begin, milliseconds since 1970.
    created_ms INTEGER NOT NULL,
    -- Why it has ended; NULL: it goes on.
    stopped_by TEXT,
    -- In a sentence, where a step could not be made.
    reason TEXT,
    -- Steps made.
    steps_done INTEGER NOT NULL,
    -- Smallest loss that counted as better, and the steps made when it was seen.
    best REAL,
    best_at INTEGER NOT NULL,
    -- Milliseconds for which it has been going on.
    elapsed_ms INTEGER NOT NULL,
    -- Calendar time of its end; 0: it goes on.
    ended_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX run_session ON run (session, id);
