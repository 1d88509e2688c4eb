-- How a run's session was when the run ended, which it may not be any more.

-- The step at which it was; -1: the run goes on, or ended before this was written down.
ALTER TABLE run ADD COLUMN end_step INTEGER NOT NULL DEFAULT -1;
-- Its revision.
ALTER TABLE run ADD COLUMN end_revision INTEGER NOT NULL DEFAULT 0;
-- The loss at its parameters, of all samples; NULL: none, or not a number.
ALTER TABLE run ADD COLUMN end_loss REAL;
-- What its newest step told: the loss that it was computed from,
ALTER TABLE run ADD COLUMN last_loss REAL;
-- the learning rate,
ALTER TABLE run ADD COLUMN last_lr REAL;
-- the norm of the gradient,
ALTER TABLE run ADD COLUMN last_gradient_norm REAL;
-- and that of the change.
ALTER TABLE run ADD COLUMN last_update_norm REAL;
