-- Who asked for a chat goes behind who asked for a call, and before everybody whom we want to call.
ALTER TABLE tasks ADD COLUMN precedence smallint NOT NULL
    GENERATED ALWAYS AS (CASE kind WHEN 'call_back' THEN 2 WHEN 'chat' THEN 1 ELSE 0 END) STORED;

CREATE INDEX tasks_by_precedence ON tasks (precedence DESC, priority DESC, due_us)
    WHERE outcome = '';
DROP INDEX tasks_in_order;

-- Call-backs and chats are on the lane of those for which somebody waits.
CREATE INDEX errands_asked_for ON errands (due_us) WHERE lane = -1;
DROP INDEX errands_call_backs;
