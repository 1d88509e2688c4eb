-- Named statements. The program binds parameters in the order in which they first stand here.

-- name: begin
BEGIN IMMEDIATE

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: mark
SAVEPOINT item

-- name: keep
RELEASE item

-- name: undo
ROLLBACK TO item

-- name: session_insert
INSERT INTO session (id, name, optimizer, profile, dtype, on_nonfinite, named, spec_digest, created_ms)
VALUES (:id, :name, :optimizer, :profile, :dtype, :on_nonfinite, :named, :spec_digest, :created_ms)

-- name: state_insert
INSERT INTO state (revision, step, skipped, updated_ms, last_step, last_ms, loss, lr, gradient_norm,
                   update_norm, block, session)
VALUES (:revision, :step, :skipped, :updated_ms, :last_step, :last_ms, :loss, :lr, :gradient_norm,
        :update_norm, :block, :session)

-- name: state_put
UPDATE state
SET revision = :revision, step = :step, skipped = :skipped, updated_ms = :updated_ms,
    last_step = :last_step, last_ms = :last_ms, loss = :loss, lr = :lr,
    gradient_norm = :gradient_norm, update_norm = :update_norm, block = :block
WHERE session = :session AND revision = :read_revision

-- The revision is checked here too, before anything of the session is written.
-- name: session_update
UPDATE session SET name = :name, on_nonfinite = :on_nonfinite
WHERE key = :session
  AND EXISTS (SELECT 1 FROM state WHERE state.session = :session AND revision = :read_revision)

-- name: state_position
SELECT revision, step FROM state WHERE session = :session

-- name: hyperparameter_insert
INSERT INTO hyperparameter (session, name, value) VALUES (:session, :name, :value)

-- name: hyperparameter_clear
DELETE FROM hyperparameter WHERE session = :session

-- name: hyperparameter_list
SELECT name, value FROM hyperparameter WHERE session = :session

-- name: transform_insert
INSERT INTO transform (session, ordinal, name, profile, match_names, exclude_names)
VALUES (:session, :ordinal, :name, :profile, :match_names, :exclude_names)

-- name: transform_list
SELECT name, profile, match_names, exclude_names FROM transform
WHERE session = :session ORDER BY ordinal

-- name: transform_hyperparameter_insert
INSERT INTO transform_hyperparameter (session, ordinal, name, value)
VALUES (:session, :ordinal, :name, :value)

-- name: transform_hyperparameter_clear
DELETE FROM transform_hyperparameter WHERE session = :session

-- name: transform_hyperparameter_list
SELECT name, value, ordinal FROM transform_hyperparameter WHERE session = :session

-- name: schedule_insert
INSERT INTO schedule (session, specification) VALUES (:session, :specification)

-- name: schedule_clear
DELETE FROM schedule WHERE session = :session

-- name: schedule_get
SELECT specification FROM schedule WHERE session = :session

-- name: objective_insert
INSERT INTO objective (session, name, specification) VALUES (:session, :name, :specification)

-- name: objective_get
SELECT specification FROM objective WHERE session = :session

-- name: group_insert
INSERT INTO parameter_group (session, ordinal, match_names, exclude_names, frozen)
VALUES (:session, :ordinal, :match_names, :exclude_names, :frozen)

-- name: group_clear
DELETE FROM parameter_group WHERE session = :session

-- name: group_list
SELECT match_names, exclude_names, frozen FROM parameter_group
WHERE session = :session ORDER BY ordinal

-- name: group_hyperparameter_insert
INSERT INTO parameter_group_hyperparameter (session, ordinal, name, value)
VALUES (:session, :ordinal, :name, :value)

-- name: group_hyperparameter_clear
DELETE FROM parameter_group_hyperparameter WHERE session = :session

-- name: group_hyperparameter_list
SELECT name, value, ordinal FROM parameter_group_hyperparameter WHERE session = :session

-- name: tensor_insert
INSERT INTO tensor (session, ordinal, name, form, shape)
VALUES (:session, :ordinal, :name, :form, :shape)

-- name: tensor_list
SELECT ordinal, name, form, shape FROM tensor WHERE session = :session ORDER BY ordinal

-- name: tag_insert
INSERT INTO tag (session, key, value, ordinal) VALUES (:session, :key, :value, :ordinal)

-- name: tag_clear
DELETE FROM tag WHERE session = :session

-- name: tag_list
SELECT key, value FROM tag WHERE session = :session ORDER BY ordinal

-- name: session_by_id
SELECT key, id, name, optimizer, profile, dtype, on_nonfinite, named, spec_digest, created_ms,
       revision, step, skipped, updated_ms, last_step, last_ms, loss, lr, gradient_norm,
       update_norm, block
FROM session LEFT JOIN state ON state.session = session.key
WHERE id = :id

-- name: session_by_name
SELECT key, id, name, optimizer, profile, dtype, on_nonfinite, named, spec_digest, created_ms,
       revision, step, skipped, updated_ms, last_step, last_ms, loss, lr, gradient_norm,
       update_norm, block
FROM session LEFT JOIN state ON state.session = session.key
WHERE name = :name

-- name: session_remove
DELETE FROM session WHERE key = :key

-- name: session_count
SELECT count(*) FROM session

-- Newest first. '~' sorts after every id.
-- name: session_list
SELECT id FROM session
WHERE id < coalesce(:after, '~')
  AND (:optimizer IS NULL OR optimizer = :optimizer)
  AND (:tag_key IS NULL
       OR EXISTS (SELECT 1 FROM tag
                  WHERE tag.session = session.key AND tag.key = :tag_key
                    AND (:tag_value IS NULL OR tag.value = :tag_value)))
  AND (:q IS NULL OR id LIKE :q ESCAPE '!' OR name LIKE :q ESCAPE '!')
ORDER BY id DESC
LIMIT :limit

-- name: journal_insert
INSERT INTO metrics_journal (seq, frame) VALUES (:seq, :frame)

-- name: journal_list
SELECT seq, frame FROM metrics_journal ORDER BY seq

-- name: journal_drop
DELETE FROM metrics_journal WHERE seq < :seq RETURNING length(frame)

-- name: block_last
SELECT block, first_row, last_row FROM metrics_block
WHERE session = :session
ORDER BY first_row DESC
LIMIT 1

-- name: block_columns
SELECT columns FROM metrics_block WHERE block = :block

-- name: block_insert
INSERT INTO metrics_block (session, first_row, last_row, first_step, last_step, summary, columns)
VALUES (:session, :first_row, :last_row, :first_step, :last_step, :summary, :columns)

-- name: block_extend
UPDATE metrics_block
SET last_row = :last_row, last_step = :last_step, summary = :summary, columns = :columns
WHERE block = :block

-- name: block_rows
SELECT sum(last_row - first_row + 1) FROM metrics_block
WHERE session = :session AND first_step <= :to AND last_step >= :from

-- name: block_range
SELECT block, columns FROM metrics_block
WHERE session = :session AND first_step <= :to AND last_step >= :from
ORDER BY first_row

-- Blocks with steps inside of the range and steps outside of it.
-- name: block_edges
SELECT block FROM metrics_block
WHERE session = :session
  AND ((first_step < :from AND last_step >= :from) OR (first_step <= :to AND last_step > :to))

-- name: block_summaries
SELECT block, last_row - first_row + 1, first_step, last_step, summary FROM metrics_block
WHERE session = :session AND first_step <= :to AND last_step >= :from
ORDER BY first_row

-- name: recording_insert
INSERT INTO recording_block (session, first_step, last_step, steps)
VALUES (:session, :first_step, :last_step, :steps)

-- name: recording_forget
DELETE FROM recording_block WHERE session = :session AND last_step <= :step

-- name: recording_range
SELECT block, steps FROM recording_block
WHERE session = :session AND first_step <= :to AND last_step >= :from
ORDER BY first_step

-- name: moved_insert
INSERT INTO moved_block (session, first_step, last_step, moved)
VALUES (:session, :first_step, :last_step, :moved)

-- name: moved_range
SELECT block, moved FROM moved_block
WHERE session = :session AND first_step <= :to AND last_step >= :from
ORDER BY first_step

-- name: run_insert
INSERT INTO run (id, session, steps, loss_below, gradient_norm_below, target, target_loss,
                 plateau_window, plateau_relative, max_seconds, created_ms, stopped_by, reason,
                 steps_done, best, best_at, elapsed_ms, ended_ms, end_step, end_revision, end_loss,
                 last_loss, last_lr, last_gradient_norm, last_update_norm)
VALUES (:id, :session, :steps, :loss_below, :gradient_norm_below, :target, :target_loss,
        :plateau_window, :plateau_relative, :max_seconds, :created_ms, :stopped_by, :reason,
        :steps_done, :best, :best_at, :elapsed_ms, :ended_ms, :end_step, :end_revision, :end_loss,
        :last_loss, :last_lr, :last_gradient_norm, :last_update_norm)

-- name: run_update
UPDATE run
SET stopped_by = :stopped_by, reason = :reason, steps_done = :steps_done, best = :best,
    best_at = :best_at, elapsed_ms = :elapsed_ms, ended_ms = :ended_ms, end_step = :end_step,
    end_revision = :end_revision, end_loss = :end_loss, last_loss = :last_loss, last_lr = :last_lr,
    last_gradient_norm = :last_gradient_norm, last_update_norm = :last_update_norm
WHERE id = :id

-- name: run_get
SELECT run.id, run.session, session.id, steps, loss_below, gradient_norm_below, target, target_loss,
       plateau_window, plateau_relative, max_seconds, run.created_ms, stopped_by, reason,
       steps_done, best, best_at, elapsed_ms, ended_ms, end_step, end_revision,
       end_loss, last_loss, last_lr, last_gradient_norm, last_update_norm
FROM run JOIN session ON session.key = run.session
WHERE run.id = :id

-- Newest first.
-- name: run_list
SELECT run.id, run.session, session.id, steps, loss_below, gradient_norm_below, target, target_loss,
       plateau_window, plateau_relative, max_seconds, run.created_ms, stopped_by, reason,
       steps_done, best, best_at, elapsed_ms, ended_ms, end_step, end_revision,
       end_loss, last_loss, last_lr, last_gradient_norm, last_update_norm
FROM run JOIN session ON session.key = run.session
WHERE run.session = :session
ORDER BY run.id DESC
LIMIT :limit

-- name: run_active
SELECT run.id, run.session, session.id, steps, loss_below, gradient_norm_below, target, target_loss,
       plateau_window, plateau_relative, max_seconds, run.created_ms, stopped_by, reason,
       steps_done, best, best_at, elapsed_ms, ended_ms, end_step, end_revision,
       end_loss, last_loss, last_lr, last_gradient_norm, last_update_norm
FROM run JOIN session ON session.key = run.session
WHERE stopped_by IS NULL
ORDER BY run.id

-- name: dataset_insert
INSERT INTO dataset (name, row_count, column_count, column_names, numbers, created_ms)
VALUES (:name, :row_count, :column_count, :column_names, :numbers, :created_ms)

-- name: dataset_remove
DELETE FROM dataset WHERE name = :name

-- name: dataset_list
SELECT name, row_count, column_count, column_names, numbers FROM dataset ORDER BY name

-- name: answer_get
SELECT digest, status, location, content_type, revision, step, body, created_ms
FROM answer
WHERE key = :key AND created_ms >= :oldest

-- name: answer_put
INSERT OR REPLACE INTO answer (key, digest, status, location, content_type, revision, step, body, created_ms)
VALUES (:key, :digest, :status, :location, :content_type, :revision, :step, :body, :created_ms)

-- name: answer_oldest
SELECT created_ms FROM answer ORDER BY arrival LIMIT 1

-- name: answer_expire
DELETE FROM answer
WHERE arrival IN (SELECT arrival FROM answer ORDER BY arrival LIMIT :limit) AND created_ms < :oldest
