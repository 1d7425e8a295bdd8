-- Who sees which counts.
--
-- The views run with the rights of who reads them, so whoever may read them may read
-- the tables behind them, as far as the policies let them. One policy asks for being
-- up to date; the others are those of the source.

CREATE FUNCTION rbac._carried_policy(policy oid, columns name[], target regclass) RETURNS text
LANGUAGE c STABLE STRICT
AS 'MODULE_PATHNAME', 'rbac_carried_policy';
COMMENT ON FUNCTION rbac._carried_policy(oid, name[], regclass) IS
'The condition of a policy for reading, in terms of a table whose columns after the first stand for these columns; NULL if it looks at more than those.';

-- The columns that policies for reading look at.
CREATE FUNCTION rbac._columns_in_policies(source regclass) RETURNS name[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT a.attname ORDER BY a.attname), '{}')
    FROM pg_policy AS p
    JOIN pg_class AS c ON c.oid = p.polrelid AND c.relrowsecurity
    JOIN pg_depend AS d ON d.classid = 'pg_policy'::regclass AND d.objid = p.oid
        AND d.refclassid = 'pg_class'::regclass AND d.refobjid = p.polrelid AND d.refobjsubid > 0
    JOIN pg_attribute AS a ON a.attrelid = p.polrelid AND a.attnum = d.refobjsubid
    WHERE p.polrelid = source AND p.polcmd IN ('r', '*');
$$;
COMMENT ON FUNCTION rbac._columns_in_policies(regclass) IS
'The columns that the row-level security of a table looks at when rows are read, and perhaps some that it looks at when they are written.';

-- What row-level security a table behind a summary must have: one line a policy,
-- and what switches it on.
CREATE FUNCTION rbac._wanted_policies(s rbac.summaries, target regclass)
RETURNS TABLE (is_permissive boolean, roles text, condition text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns CONSTANT name[] := rbac._counted_columns(s.source, s.id);
    policy record;
BEGIN
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = s.source) THEN
        RETURN QUERY VALUES (true, 'PUBLIC', 'true');
        RETURN;
    END IF;
    FOR policy IN
        SELECT p.oid, p.polname, p.polpermissive,
            (SELECT string_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END, ', ')
             FROM unnest(p.polroles) AS r (oid)) AS roles
        FROM pg_policy AS p WHERE p.polrelid = s.source AND p.polcmd IN ('r', '*')
        ORDER BY p.polpermissive, p.polname
    LOOP
        is_permissive := policy.polpermissive;
        roles := policy.roles;
        condition := rbac._carried_policy(policy.oid, columns, target);
        -- the table of groups has no status, and is not read then (_totals_are_folded)
        IF target = s.groups THEN
            condition := coalesce(rbac._carried_policy(policy.oid, columns[:cardinality(columns) - 1], target), 'false');
        END IF;
        IF condition IS NULL THEN
            RAISE feature_not_supported USING
                MESSAGE = format('policy "%s" of table "%s" looks at columns that its summary "%s" does not have', policy.polname, rbac._table_name(s.source), rbac._table_name(s.view)),
                DETAIL = 'A summary counts rows apart by all columns that policies look at, so that it can hide counts of what is hidden.',
                HINT = 'Drop the summary with rbac.drop_summary() and create it again; or let the policy name the columns that it looks at.';
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._wanted_policies(rbac.summaries, regclass) IS
'The policies for reading that a table behind a summary must have, as those of its source are. Error: 0A000 (a policy looks at columns that the summary does not have).';

CREATE FUNCTION rbac._carry_policies(summary_id integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    is_forced CONSTANT boolean := relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = s.source;
    target regclass;
    policy record;
BEGIN
    FOREACH target IN ARRAY ARRAY[s.counts, s.groups, s.pending] LOOP
        FOR policy IN SELECT polname FROM pg_policy WHERE polrelid = target LOOP
            EXECUTE format('DROP POLICY %I ON %s', policy.polname, target);
        END LOOP;
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, %s ROW LEVEL SECURITY', target,
            CASE WHEN is_forced THEN 'FORCE' ELSE 'NO FORCE' END);
        FOR policy IN
            SELECT row_number() OVER () AS n, w.* FROM rbac._wanted_policies(s, target) AS w
        LOOP
            EXECUTE format('CREATE POLICY %I ON %s AS %s FOR SELECT TO %s USING (%s)', 'rbac_source_' || policy.n, target,
                CASE WHEN policy.is_permissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END, policy.roles, policy.condition);
        END LOOP;
        EXECUTE format('CREATE POLICY rbac_summary_is_current ON %s AS RESTRICTIVE FOR SELECT TO PUBLIC USING ((SELECT rbac._summary_is_current(%s, %L)))', target, s.id, rbac._sight_of(s.source));
    END LOOP;
    -- the same columns, perhaps read from elsewhere
    EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_invoker = true) AS %s', s.totals, rbac._totals_query(s));
END $$;
COMMENT ON FUNCTION rbac._carry_policies(integer) IS
'Makes the row-level security of the tables behind a summary that of its source. Error: 0A000 (a policy looks at columns that the summary does not have).';

-- What decides who reads which rows of a table, as text that changes with it.
CREATE FUNCTION rbac._sight_of(source regclass) RETURNS text
LANGUAGE sql STABLE STRICT
SET search_path = pg_catalog, pg_temp
SET DateStyle = 'ISO' SET IntervalStyle = 'postgres' SET TimeZone = 'UTC' SET extra_float_digits = 1
SET bytea_output = 'hex' SET quote_all_identifiers = off
AS $$
    SELECT md5(concat_ws(' ', c.relrowsecurity, c.relforcerowsecurity,
        (SELECT string_agg(concat_ws(' ', p.polpermissive, p.polcmd, pg_get_expr(p.polqual, p.polrelid),
             (SELECT string_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r.oid)) END, ',')
              FROM unnest(p.polroles) AS r (oid))), ' ' ORDER BY p.polname)
         FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polcmd IN ('r', '*'))))
    FROM pg_class AS c WHERE c.oid = source;
$$;
COMMENT ON FUNCTION rbac._sight_of(regclass) IS
'A hash of all that row-level security says of reading a table.';

CREATE FUNCTION rbac._summary_is_current(summary_id integer, as_of text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_summary_is_current';
COMMENT ON FUNCTION rbac._summary_is_current(integer, text) IS
'True, if there is such a summary. Error: 55000 (row-level security of the source is not that which was carried over: as_of is what rbac._sight_of() said then).';

-- Who may read a view of a summary, or some of its columns, may read what is behind it.
CREATE FUNCTION rbac._readers(relations regclass[]) RETURNS oid[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(array_agg(DISTINCT a.grantee ORDER BY a.grantee), '{}')
    FROM pg_class AS c,
        LATERAL (SELECT c.relacl UNION ALL SELECT t.attacl FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attacl IS NOT NULL) AS l (acl),
        LATERAL aclexplode(l.acl) AS a
    WHERE c.oid = ANY (relations::oid[]) AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner;
$$;
COMMENT ON FUNCTION rbac._readers(regclass[]) IS
'The roles, but for owners, that have SELECT on one of these relations, or on a column of it; 0 is PUBLIC.';

CREATE FUNCTION rbac._follow_grants(summary_id integer) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s CONSTANT rbac.summaries := rbac._summary(summary_id);
    wanted CONSTANT oid[] := rbac._readers(ARRAY[s.view, s.totals]);
    target regclass;
    reader oid;
BEGIN
    FOREACH target IN ARRAY ARRAY[s.counts, s.groups, s.pending] LOOP
        FOR reader IN SELECT unnest(rbac._readers(ARRAY[target])) EXCEPT SELECT unnest(wanted) LOOP
            EXECUTE format('REVOKE SELECT ON %s FROM %s', target, CASE WHEN reader = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(reader)) END);
        END LOOP;
        FOR reader IN SELECT unnest(wanted) EXCEPT SELECT unnest(rbac._readers(ARRAY[target])) LOOP
            EXECUTE format('GRANT SELECT ON %s TO %s', target, CASE WHEN reader = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(reader)) END);
        END LOOP;
    END LOOP;
END $$;
COMMENT ON FUNCTION rbac._follow_grants(integer) IS
'Lets those, and no others, read the tables behind a summary who may read its views.';

REVOKE ALL ON FUNCTION rbac._carried_policy(oid, name[], regclass), rbac._columns_in_policies(regclass),
    rbac._wanted_policies(rbac.summaries, regclass), rbac._carry_policies(integer),
    rbac._sight_of(regclass), rbac._summary_is_current(integer, text),
    rbac._readers(regclass[]), rbac._follow_grants(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._carried_policy(oid, name[], regclass), rbac._columns_in_policies(regclass),
    rbac._wanted_policies(rbac.summaries, regclass), rbac._carry_policies(integer),
    rbac._sight_of(regclass), rbac._summary_is_current(integer, text),
    rbac._readers(regclass[]), rbac._follow_grants(integer) TO PUBLIC;
