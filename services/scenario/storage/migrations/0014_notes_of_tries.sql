-- A note belongs to the try that it was made of: the next one overwrites it no more.
ALTER TABLE task_attempts ADD COLUMN note bytea;

-- What was noted before goes to the last try. Tasks that were done before tries were kept get one.
UPDATE task_attempts a SET note = t.note
FROM tasks t
WHERE t.task_id = a.task_id AND t.note IS NOT NULL
  AND a.number = (SELECT max(number) FROM task_attempts WHERE task_id = t.task_id);
INSERT INTO task_attempts (task_id, number, agent_id, outcome, due_us, claimed_us, ended_us, note)
SELECT task_id, greatest(claims, 1), ended_by, latest, due_us, due_us, due_us, note
FROM tasks t
WHERE note IS NOT NULL AND NOT EXISTS (SELECT FROM task_attempts WHERE task_id = t.task_id);

-- The column stays for replicas of the version before, which still write it while they are replaced.
UPDATE tasks SET note = NULL WHERE note IS NOT NULL;
