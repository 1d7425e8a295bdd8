-- The same million tasks four times, each with another way to know how many there are by
-- assignee and status. The first 10,000 belong to one assignee.

SET client_min_messages = warning;
CREATE SCHEMA hot;
SELECT format('CREATE TABLE hot.%I (id integer NOT NULL, assignee integer NOT NULL, status_id integer NOT NULL, title text NOT NULL) WITH (fillfactor = 50)', way),
       format('INSERT INTO hot.%I SELECT n, CASE WHEN n <= 10000 THEN 0 ELSE n %% 10000 END, 1 + n %% 4, md5(n::text) FROM generate_series(1, 1000000) AS n', way),
       format('ALTER TABLE hot.%I ADD PRIMARY KEY (id)', way)
FROM unnest('{nothing,summary,counter,view}'::text[]) AS way
\gexec

SELECT rbac.create_summary('summary_counts', 'hot.summary', '{assignee}') \g /dev/null

-- By hand: a row for each group and status, kept by a trigger, which writes both rows in
-- one statement, in the order of their index.
CREATE TABLE hot.counter_counts AS
SELECT assignee, status_id, coalesce(n, 0) AS count
FROM generate_series(0, 9999) AS assignee CROSS JOIN generate_series(1, 4) AS status_id
LEFT JOIN (SELECT assignee, status_id, count(*) AS n FROM hot.counter GROUP BY assignee, status_id) AS c USING (assignee, status_id);
ALTER TABLE hot.counter_counts ADD PRIMARY KEY (assignee, status_id);
CREATE FUNCTION hot.count_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE hot.counter_counts SET count = count + CASE status_id WHEN NEW.status_id THEN 1 ELSE -1 END
    WHERE assignee = NEW.assignee AND status_id IN (least(OLD.status_id, NEW.status_id), greatest(OLD.status_id, NEW.status_id));
    RETURN NULL;
END $$;
CREATE TRIGGER count_row AFTER UPDATE ON hot.counter FOR EACH ROW
    WHEN (OLD.status_id <> NEW.status_id) EXECUTE FUNCTION hot.count_row();
CREATE VIEW hot.counter_is_wrong AS
SELECT * FROM (SELECT assignee, status_id, count FROM hot.counter_counts WHERE count > 0) AS kept
FULL JOIN (SELECT assignee, status_id, count(*) AS counted FROM hot.counter GROUP BY assignee, status_id) AS c USING (assignee, status_id)
WHERE count IS DISTINCT FROM counted;

CREATE MATERIALIZED VIEW hot.view_counts AS SELECT assignee, status_id, count(*) FROM hot.view GROUP BY assignee, status_id;
VACUUM ANALYZE;
