-- Tensors with hyperparameters of their own. Sessions without groups have no row; the step counts
-- and scalars of groups lie in the session's block.

CREATE TABLE parameter_group (
    -- The session it belongs to.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- Its place in the session's list, from 0.
    ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
    -- Patterns of the names of its tensors; NULL: all.
    match_names TEXT,
    -- Patterns of those that are not in it; NULL: none.
    exclude_names TEXT,
    -- 1: its tensors stay as they are.
    frozen INTEGER NOT NULL CHECK (frozen IN (0, 1)),
    PRIMARY KEY (session, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE parameter_group_hyperparameter (
    -- The session it belongs to.
    session INTEGER NOT NULL REFERENCES session (key) ON DELETE CASCADE,
    -- The place of its group.
    ordinal INTEGER NOT NULL,
    -- Its name in the optimizer's table; those that are not here are the session's.
    name TEXT NOT NULL,
    -- Its value: a number; 0 or 1 for a boolean; the name of a choice.
    value ANY,
    PRIMARY KEY (session, ordinal, name)
) STRICT, WITHOUT ROWID;
