-- Who was erased: a decision of theirs that was still on its way must not be written afterwards.
CREATE TABLE erased_persons (person_id uuid PRIMARY KEY);
