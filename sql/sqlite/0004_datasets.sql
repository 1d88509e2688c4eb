-- Data sets that clients uploaded.

CREATE TABLE dataset (
    -- The name under which objectives find it.
    name TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 128),
    -- Samples.
    row_count INTEGER NOT NULL CHECK (row_count > 0),
    -- Features, the target not counted.
    column_count INTEGER NOT NULL CHECK (column_count > 0),
    -- Names of the features, then of the target, a line each; NULL: none were given.
    column_names TEXT,
    -- The features row by row, then the targets; float64, little-endian.
    numbers BLOB NOT NULL CHECK (length(numbers) = 8 * row_count * (column_count + 1)),
    -- Calendar time of the upload, milliseconds since 1970.
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
