-- What schedules gave for hyperparameters other than the learning rate, which is among the metrics.
-- It arrives in the frames of metrics_journal and waits there until there is enough of a session.

CREATE TABLE moved_block (
    -- Number of the block.
    block INTEGER PRIMARY KEY,
    -- The session it belongs to.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- The first step that it holds.
    first_step INTEGER NOT NULL CHECK (first_step > 0),
    -- The last one.
    last_step INTEGER NOT NULL CHECK (last_step >= first_step),
    -- The values, column after column, with a version and a checksum.
    moved BLOB NOT NULL,
    UNIQUE (session, first_step, last_step)
) STRICT;
