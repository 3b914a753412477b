-- New rows are found by these as soon as their pages are full, not only after the next vacuum: until
-- then each search for what is old reads all that came since, tens of millions of rows after an import.
ALTER INDEX declines_time SET (autosummarize = on);
ALTER INDEX contacts_time SET (autosummarize = on);
ALTER INDEX decisions_decided SET (autosummarize = on);
ALTER INDEX traces_decided SET (autosummarize = on);
ALTER INDEX standing_until SET (autosummarize = on);
