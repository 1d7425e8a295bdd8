-- For doctor(): workflows that do not count everywhere, or no longer.

CREATE FUNCTION rbac._examine_workflows() RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE attached AS (
        SELECT g.tgrelid AS tbl, c.relkind, rbac._attached(g.tgrelid::regclass) AS columns
        FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid
        WHERE g.tgfoid IN ('rbac._workflow_step()'::regprocedure, 'rbac._workflow_start()'::regprocedure) AND g.tgparentid = 0
        GROUP BY 1, 2
    ),
    member (root, tbl) AS (
        SELECT tbl, tbl FROM attached
        UNION
        SELECT m.root, i.inhrelid FROM member AS m JOIN pg_inherits AS i ON i.inhparent = m.tbl
    ),
    -- what there should be of each
    wanted AS (
        SELECT m.root, m.tbl, f.name, f.function,
               EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgrelid = m.tbl AND g.tgfoid = f.function) AS is_there,
               coalesce((SELECT bool_and(g.tgenabled IN ('O', 'A')) FROM pg_trigger AS g WHERE g.tgrelid = m.tbl AND g.tgfoid = f.function), true) AS is_on
        FROM member AS m JOIN pg_class AS c ON c.oid = m.tbl AND c.relkind IN ('r', 'p'),
             (VALUES ('judges steps', 'rbac._workflow_step()'::regprocedure), ('gives new rows their status', 'rbac._workflow_start()')) AS f (name, function)
    )
    SELECT 'error', 'workflow_is_off', w.tbl::regclass::text,
        format('The trigger that %s is disabled.', w.name),
        format('ALTER TABLE %s ENABLE TRIGGER %I;', w.tbl::regclass,
               (SELECT min(g.tgname::text) FROM pg_trigger AS g WHERE g.tgrelid = w.tbl AND g.tgfoid = w.function))
    FROM wanted AS w WHERE w.is_there AND NOT w.is_on
    UNION ALL
    SELECT 'error', 'workflow_is_incomplete', w.tbl::regclass::text,
        format('There is no trigger that %s.', w.name),
        format('SELECT rbac.attach_workflow(%L, ...); -- with all its columns', w.root::regclass::text)
    FROM wanted AS w WHERE NOT w.is_there
    UNION ALL
    SELECT 'error', 'workflow_column_is_missing', a.tbl::regclass::text,
        format('The table has no column "%s", which its workflow looks at: whoever writes to it is refused.', k.name),
        format('SELECT rbac.attach_workflow(%L, ...); -- with all its columns', a.tbl::regclass::text)
    FROM attached AS a, LATERAL unnest(ARRAY[(a.columns).status_column, (a.columns).type_column, (a.columns).tenant_column,
                                             (a.columns).assignee_column, (a.columns).creator_column]) AS k (name)
    WHERE k.name IS NOT NULL
      AND NOT EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = a.tbl AND t.attname = k.name AND t.attnum > 0 AND NOT t.attisdropped);
$$;
COMMENT ON FUNCTION rbac._examine_workflows() IS
'For doctor(): tables with a workflow whose triggers are disabled, or missing on the table, on a partition or on a table that inherits, or name a column that is not there.';

REVOKE ALL ON FUNCTION rbac._examine_workflows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._examine_workflows() TO PUBLIC;
