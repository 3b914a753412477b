-- Who asked to be called goes before everybody whom we want to call.

CREATE INDEX tasks_in_order ON tasks ((kind = 'call_back') DESC, priority DESC, due_us)
    WHERE outcome = '';
DROP INDEX tasks_waiting;
