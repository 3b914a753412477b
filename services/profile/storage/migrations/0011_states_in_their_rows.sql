-- A state of up to a page lies in its row: written with it, and most often in the same page. Beside
-- the row each event would delete and insert its chunks with their index entries.
ALTER TABLE profiles SET (toast_tuple_target = 8160);
