-- What the newest steps of small sessions did, to be plotted and explained later.

CREATE TABLE recorded_step (
    -- The session it belongs to.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- The step that was made; 0: the start.
    step INTEGER NOT NULL CHECK (step >= 0),
    -- The parameters after it; float64, little-endian.
    parameters BLOB NOT NULL,
    -- The session's block before it; NULL at the start.
    block BLOB,
    -- What the step carried, as session/recording.h writes it; NULL where that is not kept.
    input BLOB,
    PRIMARY KEY (session, step)
) STRICT, WITHOUT ROWID;
