-- The losses of sessions that compute their gradients themselves.

CREATE TABLE objective (
    -- The session it belongs to.
    session INTEGER PRIMARY KEY REFERENCES session (key) ON DELETE CASCADE,
    -- Its name in the catalogue.
    name TEXT NOT NULL,
    -- All that it is made of, data too, with a version and a checksum.
    specification BLOB NOT NULL
) STRICT;
