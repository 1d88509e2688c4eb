-- How hyperparameters move from step to step. Sessions without schedules have no row; what those
-- that follow the loss keep lies in the session's block.

CREATE TABLE schedule (
    -- The session it belongs to.
    session INTEGER PRIMARY KEY REFERENCES session (key) ON DELETE CASCADE,
    -- A line of JSON: hyperparameter by hyperparameter the schedule with every value resolved.
    specification TEXT NOT NULL
) STRICT;
