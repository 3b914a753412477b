-- Of the messages that a journey has ordered, those that were sent.
ALTER TABLE journeys ADD COLUMN messages_sent integer NOT NULL DEFAULT 0;

UPDATE journeys SET messages_sent = told.sent
FROM (
    SELECT journey_id, count(*) AS sent FROM errands
    WHERE kind = 'message' AND state = 'sent' AND journey_id IS NOT NULL
    GROUP BY journey_id
) told
WHERE journeys.journey_id = told.journey_id AND journeys.phase <> 4;
