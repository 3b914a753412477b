-- What is looked for by its time is looked for soon after it came; without this a new range of pages
-- is only summarised by a vacuum, and read as a whole until then.
ALTER INDEX learning_rows_by_time SET (autosummarize = on);
