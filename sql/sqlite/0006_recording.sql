-- What the newest steps of small sessions did, to be plotted and explained later. They arrive in the
-- frames of metrics_journal and wait there until there are enough of a session.

CREATE TABLE recording_block (
    -- Number of the block.
    block INTEGER PRIMARY KEY,
    -- The session it belongs to.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- The first step that it holds; 0: the start.
    first_step INTEGER NOT NULL CHECK (first_step >= 0),
    -- The last one.
    last_step INTEGER NOT NULL CHECK (last_step >= first_step),
    -- The steps one after the other, with a checksum.
    steps BLOB NOT NULL,
    UNIQUE (session, first_step, last_step)
) STRICT;
