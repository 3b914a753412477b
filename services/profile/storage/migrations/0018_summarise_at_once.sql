-- New rows are found by these as soon as their pages are full, not only after the next vacuum: until
-- then each search for what is old reads all that came since, tens of millions of rows after an import.
ALTER INDEX events_by_time SET (autosummarize = on);
ALTER INDEX event_ids_by_time SET (autosummarize = on);
