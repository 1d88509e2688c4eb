-- What happens around the optimizer, in order. Sessions without transforms have no row.

CREATE TABLE transform (
    -- The session it belongs to.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- Its place in the session's list, from 0.
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    -- Its name in the catalogue.
    name TEXT NOT NULL,
    -- Whose defaults hold: torch, keras, optax, paper.
    profile TEXT NOT NULL,
    -- Patterns of the names of the tensors it is for; NULL: all.
    match_names TEXT,
    -- Patterns of those it is not for; NULL: none.
    exclude_names TEXT,
    PRIMARY KEY (session, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE transform_hyperparameter (
    -- The session it belongs to.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- The place of its transform.
    ordinal INTEGER NOT NULL,
    -- Its name in the transform's table.
    name TEXT NOT NULL,
    -- Its resolved value: a number; 0 or 1 for a boolean; the name of a choice.
    value ANY,
    PRIMARY KEY (session, ordinal, name)
) STRICT, WITHOUT ROWID;
