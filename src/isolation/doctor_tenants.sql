-- doctor: tenant columns, and what may take a row to another tenant.

CREATE FUNCTION rbac._examine_tenant_columns(tables rbac._examined_table[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT 'warning', 'tenant_column_has_no_index', t.name,
        format('No index leads with column "%s", which every query of the table has a condition on.', t.tenant_column),
        format('CREATE INDEX ON %s (%I);', t.name, t.tenant_column)
    FROM unnest(tables) AS t
    WHERE t.tenant_column IS NOT NULL AND NOT rbac._has_leading_index(t.tbl::regclass, t.tenant_column)
    UNION ALL
    SELECT 'warning', 'tenant_column_can_be_null', t.name,
        format('Column "%s" can be null: such a row is nobody''s. Give each row a tenant first.', t.tenant_column),
        format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', t.name, t.tenant_column)
    FROM unnest(tables) AS t JOIN pg_attribute AS a ON a.attrelid = t.tbl AND a.attname = t.tenant_column
    WHERE NOT a.attnotnull
    UNION ALL
    -- Of what policies do not bind: foreign keys with ON UPDATE, superusers.
    SELECT 'warning', 'tenant_may_change', t.name,
        'The trigger that keeps rows with their tenant is '
            || CASE WHEN g.oid IS NULL THEN 'missing.' ELSE 'switched off.' END,
        CASE WHEN g.oid IS NULL
            THEN format('SELECT rbac.enable_tenant_isolation(%L, %L);', t.name, rbac._likely_tenant_column(t))
            ELSE format('ALTER TABLE %s ENABLE TRIGGER %I;', t.name, g.tgname)
        END
    FROM unnest(tables) AS t
    LEFT JOIN pg_trigger AS g ON g.tgrelid = t.tbl AND g.tgfoid = 'rbac._refuse_other_tenant'::regproc
    WHERE t.is_isolated AND coalesce(g.tgenabled, 'D') IN ('D', 'R');
$$;
COMMENT ON FUNCTION rbac._examine_tenant_columns(rbac._examined_table[]) IS
'For doctor(): tenant columns without an index or NOT NULL, and rows that may change their tenant.';

-- PostgreSQL checks foreign keys past row-level security, so a row may refer to
-- another tenant's, unless the tenant is part of the key.
CREATE FUNCTION rbac._examine_foreign_keys(tables rbac._examined_table[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH isolated AS MATERIALIZED (
        SELECT t.tbl, t.name, t.tenant_column, a.attnum, a.atttypid
        FROM unnest(tables) AS t JOIN pg_attribute AS a ON a.attrelid = t.tbl AND a.attname = t.tenant_column
        WHERE t.is_isolated
    ),
    crossing AS (
        SELECT k.*, f.name, f.tenant_column, f.attnum, r.name AS ref_name, r.tenant_column AS ref_tenant, r.attnum AS ref_attnum,
               (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n) FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, n)
                JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = u.attnum WHERE u.attnum <> f.attnum) AS columns,
               (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.n) FROM unnest(k.confkey) WITH ORDINALITY AS u (attnum, n)
                JOIN pg_attribute AS a ON a.attrelid = k.confrelid AND a.attnum = u.attnum WHERE u.attnum <> r.attnum) AS ref_columns
        FROM pg_constraint AS k
        JOIN isolated AS f ON f.tbl = k.conrelid
        JOIN isolated AS r ON r.tbl = k.confrelid AND r.atttypid = f.atttypid
        WHERE k.contype = 'f' AND k.conparentid = 0
          AND NOT EXISTS (SELECT FROM unnest(k.conkey, k.confkey) AS u (attnum, ref_attnum)
                          WHERE u.attnum = f.attnum AND u.ref_attnum = r.attnum)
    )
    SELECT 'warning', 'foreign_key_crosses_tenants', format('%I on %s', c.conname, c.name),
        format('Foreign keys are checked past policies: a row of %s can refer to a row of another tenant in %s, learn that it is there, and keep it from being deleted.', c.name, c.ref_name),
        CASE WHEN EXISTS (
                SELECT FROM pg_index AS i
                WHERE i.indrelid = c.confrelid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
                  AND (SELECT array_agg(x ORDER BY x) FROM unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS x)
                      = (SELECT array_agg(DISTINCT x ORDER BY x) FROM unnest(c.confkey || c.ref_attnum) AS x))
            THEN ''
            ELSE format('ALTER TABLE %s ADD UNIQUE (%I, %s); ', c.ref_name, c.ref_tenant, c.ref_columns)
        END
        || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %2$I FOREIGN KEY (%I, %s) REFERENCES %s (%I, %s)%s%s%s;',
            c.name, c.conname, c.tenant_column, c.columns, c.ref_name, c.ref_tenant, c.ref_columns,
            CASE c.confupdtype WHEN 'r' THEN ' ON UPDATE RESTRICT' WHEN 'c' THEN ' ON UPDATE CASCADE' ELSE '' END,
            -- the tenant stays
            CASE c.confdeltype WHEN 'r' THEN ' ON DELETE RESTRICT' WHEN 'c' THEN ' ON DELETE CASCADE'
                WHEN 'n' THEN format(' ON DELETE SET NULL (%s)', c.columns)
                WHEN 'd' THEN format(' ON DELETE SET DEFAULT (%s)', c.columns) ELSE '' END,
            CASE WHEN c.condeferred THEN ' DEFERRABLE INITIALLY DEFERRED' WHEN c.condeferrable THEN ' DEFERRABLE' ELSE '' END)
    FROM crossing AS c
    WHERE c.columns IS NOT NULL AND c.ref_columns IS NOT NULL;
$$;
COMMENT ON FUNCTION rbac._examine_foreign_keys(rbac._examined_table[]) IS
'For doctor(): foreign keys between isolated tables that leave the tenant out.';

REVOKE ALL ON FUNCTION rbac._examine_tenant_columns(rbac._examined_table[]), rbac._examine_foreign_keys(rbac._examined_table[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._examine_tenant_columns(rbac._examined_table[]), rbac._examine_foreign_keys(rbac._examined_table[]) TO PUBLIC;
