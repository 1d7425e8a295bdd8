-- doctor: what shows rows of protected tables to others with the rights of its
-- own owner: views, materialized views, rules, and functions.

-- A security_invoker view leads on with the rights of whoever asks, also from
-- within a view that is none: so it is the views right above a table that count.
CREATE FUNCTION rbac._reading_relations(tables oid[])
RETURNS TABLE (tbl oid, relation oid, kind "char", is_direct boolean)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE reading (tbl, relation, kind, is_direct) AS (
        SELECT d.refobjid, c.oid, c.relkind, true
        FROM pg_depend AS d JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS c ON c.oid = r.ev_class
        WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
          AND d.refobjid = ANY (tables) AND c.oid <> d.refobjid
        UNION
        SELECT x.tbl, c.oid, c.relkind, false
        FROM reading AS x
        JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = x.relation
        JOIN pg_rewrite AS r ON r.oid = d.objid JOIN pg_class AS c ON c.oid = r.ev_class
        WHERE x.kind IN ('v', 'm') AND c.oid <> d.refobjid
    )
    SELECT x.tbl, x.relation, x.kind, bool_or(x.is_direct) FROM reading AS x GROUP BY 1, 2, 3;
$$;
COMMENT ON FUNCTION rbac._reading_relations(oid[]) IS
'Views, materialized views, and tables with rules, that read these tables: directly, or by way of others.';

CREATE FUNCTION rbac._examine_views(tables rbac._examined_table[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH reading AS MATERIALIZED (
        SELECT r.relation, r.kind, r.is_direct, c.relowner, c.relacl, format('%I.%I', n.nspname, c.relname) AS name,
               t.name AS table_name, rbac._is_bound(c.relowner, t) AS is_bound,
               coalesce((SELECT bool_or(o.option_value::boolean) FROM pg_options_to_table(c.reloptions) AS o
                         WHERE o.option_name = 'security_invoker'), false) AS is_invoker
        FROM rbac._reading_relations((SELECT array_agg(t.tbl) FROM unnest(tables) AS t)) AS r
        JOIN pg_class AS c ON c.oid = r.relation
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN unnest(tables) AS t ON t.tbl = r.tbl
    )
    SELECT CASE WHEN bool_and(is_bound) THEN 'warning' ELSE 'error' END, 'view_without_security_invoker', name,
        format('The view reads %s as its owner "%s", ', string_agg(table_name, ', ' ORDER BY table_name), pg_get_userbyid(relowner))
            || CASE WHEN bool_and(is_bound) THEN 'with that role''s privileges and policies, whoever asks.' ELSE 'whom policies do not bind: whoever may read the view sees every row.' END,
        format('ALTER VIEW %s SET (security_invoker = true);', name)
    FROM reading WHERE kind = 'v' AND is_direct AND NOT is_invoker
    GROUP BY name, relowner
    UNION ALL
    SELECT CASE WHEN bool_and(is_bound) THEN 'warning' ELSE 'error' END, 'materialized_view_is_open', name,
        format('The view keeps the rows of %s that "%s" saw when it was refreshed, and shows them to %s.',
            string_agg(DISTINCT table_name, ', '), pg_get_userbyid(relowner), grantees),
        format('REVOKE ALL ON %s FROM %s;', name, grantees)
    FROM reading,
         LATERAL (SELECT string_agg(DISTINCT rbac._role_name(a.grantee), ', ') AS grantees
                  FROM aclexplode(relacl) AS a WHERE a.grantee <> relowner) AS g
    WHERE kind = 'm' AND grantees IS NOT NULL
    GROUP BY name, relowner, grantees
    UNION ALL
    SELECT 'error', 'rule_reads_as_owner', format('%I on %s', w.rulename, x.name),
        format('The rule goes to %s as "%s", the owner of %s, whom policies do not bind.', x.table_name, pg_get_userbyid(x.relowner), x.name),
        format('DROP RULE %I ON %s;', w.rulename, x.name)
    FROM reading AS x
    JOIN pg_rewrite AS w ON w.ev_class = x.relation
    WHERE x.kind IN ('r', 'p') AND x.is_direct AND NOT x.is_bound AND w.ev_enabled <> 'D'
      AND EXISTS (SELECT FROM pg_depend AS d JOIN unnest(tables) AS t ON t.tbl = d.refobjid
                  WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                    AND d.refclassid = 'pg_class'::regclass AND t.name = x.table_name);
$$;
COMMENT ON FUNCTION rbac._examine_views(rbac._examined_table[]) IS
'For doctor(): views, materialized views and rules that read protected tables with the rights of their owners.';

-- The words of a function's text: with what stands before a dot as qualifier.
-- Comments are left out; what stands in quotes may be SQL that is run.
CREATE FUNCTION rbac._names_in(source text) RETURNS TABLE (qualifier text, name text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT
        CASE WHEN m.found[1] LIKE '"%' THEN replace(trim('"' FROM m.found[1]), '""', '"') ELSE lower(m.found[1]) END,
        CASE WHEN m.found[2] LIKE '"%' THEN replace(trim('"' FROM m.found[2]), '""', '"') ELSE lower(m.found[2]) END
    FROM regexp_matches(
        regexp_replace(regexp_replace(source, '--[^\n]*', ' ', 'g'), '/\*([^*]|\*+[^*/])*\*+/', ' ', 'g'),
        '(?:("(?:[^"]|"")+"|[[:alpha:]_][[:alnum:]_$]*)\s*\.\s*)?("(?:[^"]|"")+"|[[:alpha:]_][[:alnum:]_$]*)', 'g') AS m (found);
$$;
COMMENT ON FUNCTION rbac._names_in(text) IS
'The names, and whether they are qualified, in the text of a function.';

CREATE FUNCTION rbac._examine_functions(tables rbac._examined_table[], application oid[]) RETURNS SETOF rbac._finding
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH callable AS MATERIALIZED (
        SELECT f.oid, f.proowner, f.prosrc, f.prosqlbody IS NOT NULL AS has_body, f.prosecdef, f.proleakproof, f.prorettype,
               f.oid::regprocedure::text AS signature
        FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
        WHERE (f.prosecdef OR f.proleakproof) AND rbac._is_schema_of_users(n.nspname)
          AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = f.oid AND deptype = 'e')
          AND EXISTS (SELECT FROM pg_roles AS a WHERE a.oid = ANY (application) AND NOT a.rolsuper
                      AND has_function_privilege(a.oid, f.oid, 'EXECUTE') AND has_schema_privilege(a.oid, n.oid, 'USAGE'))
    ),
    relations AS MATERIALIZED (
        SELECT t, t.tbl AS relation FROM unnest(tables) AS t
        UNION ALL
        SELECT t, r.relation
        FROM rbac._reading_relations((SELECT array_agg(t.tbl) FROM unnest(tables) AS t)) AS r JOIN unnest(tables) AS t ON t.tbl = r.tbl
        WHERE r.kind = 'v'
    ),
    named AS (
        SELECT f.oid, r.t FROM callable AS f
        JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass
        JOIN relations AS r ON r.relation = d.refobjid
        WHERE f.prosecdef AND f.has_body
        UNION
        SELECT f.oid, r.t FROM callable AS f, LATERAL rbac._names_in(f.prosrc) AS w
        JOIN pg_class AS c ON c.relname::text = w.name
        JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname::text = coalesce(w.qualifier, n.nspname::text)
        JOIN relations AS r ON r.relation = c.oid
        WHERE f.prosecdef AND NOT f.has_body AND f.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    )
    SELECT 'error', 'security_definer_function', f.signature,
        format('An application role may call it, and it goes to %s as "%s", whom policies do not bind.',
            string_agg(DISTINCT (n.t).name, ', '), pg_get_userbyid(f.proowner)),
        format('ALTER ROUTINE %s SECURITY INVOKER;', f.signature)
    FROM named AS n JOIN callable AS f USING (oid)
    WHERE NOT rbac._is_bound(f.proowner, n.t)
    GROUP BY f.signature, f.proowner
    UNION ALL
    SELECT 'warning', 'leakproof_function', f.signature,
        'The planner may call a LEAKPROOF function with values of rows that policies then hide; if it says anything of them, it tells.',
        format('ALTER FUNCTION %s NOT LEAKPROOF;', f.signature)
    FROM callable AS f WHERE f.proleakproof AND cardinality(tables) > 0;
$$;
COMMENT ON FUNCTION rbac._examine_functions(rbac._examined_table[], oid[]) IS
'For doctor(): functions that an application role may call and that go past policies. For functions whose body is text, the table''s name in it decides.';

REVOKE ALL ON FUNCTION rbac._reading_relations(oid[]), rbac._examine_views(rbac._examined_table[]),
    rbac._names_in(text), rbac._examine_functions(rbac._examined_table[], oid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._reading_relations(oid[]), rbac._examine_views(rbac._examined_table[]),
    rbac._names_in(text), rbac._examine_functions(rbac._examined_table[], oid[]) TO PUBLIC;
