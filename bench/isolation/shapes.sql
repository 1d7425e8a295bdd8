-- What do the shapes of policy cost that applications write? After Supabase's guide
-- "RLS Performance and Best Practices" (and GaryAustin1/RLS-Performance, tests 1, 2a to
-- 2f and 5), written anew: bare; wrapped or turned round as the guide advises; and the
-- same rule in rbac, bare and wrapped, and bare with rbac.claims_setting, so that both
-- sides read the same claims. The sixth comes twice: with teams as departments of one
-- tenant, and, as 7, with teams as tenants.
--
-- 100,000 and 1,000,000 rows; 1,000 people, each in 10 of 1,000 teams. The guide's
-- small tables have no indexes; ours have primary keys, to the advantage of the bare
-- forms, which would take minutes otherwise. Functions are VOLATILE, as in the guide,
-- where nobody has said that they are not. A statement may take 20 s, by the clock on
-- the wall; what is printed is processor time.

SET client_min_messages = warning;
CREATE SCHEMA shape;
GRANT USAGE ON SCHEMA shape TO PUBLIC;

-- Who is asking, from the claims of a token.
CREATE FUNCTION shape.uid() RETURNS uuid
LANGUAGE sql STABLE AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;

-- Person n is in team (tenant, in rbac) n, n + 97, ... and is called by one of ten
-- roles; person 1 is an admin. Teams are departments, too, of tenant 0.
CREATE TABLE shape.team_user AS
SELECT bench.person(n) AS user_id, bench.tenant((n + 97 * i) % 1000) AS team_id
FROM generate_series(1, 1000) AS n, generate_series(0, 9) AS i;
ALTER TABLE shape.team_user ADD PRIMARY KEY (user_id, team_id);
CREATE INDEX ON shape.team_user (team_id);
CREATE TABLE shape.roles AS
SELECT bench.person(n) AS user_id, CASE n WHEN 1 THEN 'admin' ELSE format('role:%s', n % 10) END AS role
FROM generate_series(1, 1000) AS n;
ALTER TABLE shape.roles ADD PRIMARY KEY (user_id);
GRANT SELECT ON ALL TABLES IN SCHEMA shape TO PUBLIC;

CREATE FUNCTION shape.is_admin() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN EXISTS (SELECT FROM shape.roles WHERE user_id = shape.uid() AND role = 'admin');
END
$$;
CREATE FUNCTION shape.my_role() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN (SELECT role FROM shape.roles WHERE user_id = shape.uid());
END
$$;
CREATE FUNCTION shape.my_teams() RETURNS uuid[]
LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    RETURN ARRAY(SELECT team_id FROM shape.team_user WHERE user_id = shape.uid());
END
$$;

-- The same people in rbac: scopes "admin" and "role:N" in tenant 0, which is the
-- current one; "read:item" in their teams as tenants, "read:note" in their teams as
-- departments of tenant 0.
SELECT rbac.create_scope(name), rbac.create_permission(name, scopes => ARRAY[name]),
       rbac.create_role(name, permissions => ARRAY[name])
FROM (SELECT role FROM shape.roles UNION SELECT unnest('{read:item,read:note}'::text[])) AS s (name) \g /dev/null
INSERT INTO rbac.departments (id, tenant_id, name)
SELECT bench.tenant(n), bench.tenant(0), format('team %s', n) FROM generate_series(0, 999) AS n;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id)
SELECT s.user_id, r.id, s.tenant_id, s.department_id
FROM (SELECT user_id, role, bench.tenant(0), NULL::uuid FROM shape.roles
      UNION ALL SELECT user_id, 'read:item', team_id, NULL FROM shape.team_user
      UNION ALL SELECT user_id, 'read:note', bench.tenant(0), team_id FROM shape.team_user)
     AS s (user_id, role, tenant_id, department_id)
JOIN rbac.roles AS r ON r.name = s.role;

-- %1$s: the table. A rule of rbac's is a condition, or a call that makes the policy.
CREATE TABLE shape.rules (
    number integer PRIMARY KEY, asker uuid, index_serves boolean,
    bare text, wrapped text, rbac text, rbac_wrapped text
);
INSERT INTO shape.rules VALUES
    (1, bench.person(2), true,
     'shape.uid() = owner_id', '(SELECT shape.uid()) = owner_id',
     'owner_id = rbac.current_user_id()', 'owner_id = (SELECT rbac.current_user_id())'),
    (2, bench.person(1), false,
     'shape.is_admin()', '(SELECT shape.is_admin())',
     'rbac.has_scope(''admin'')', '(SELECT rbac.has_scope(''admin''))'),
    (3, bench.person(2), false,
     'shape.is_admin() OR shape.uid() = owner_id', '(SELECT shape.is_admin()) OR (SELECT shape.uid()) = owner_id',
     'rbac.has_scope(''admin'') OR owner_id = rbac.current_user_id()',
     '(SELECT rbac.has_scope(''admin'')) OR owner_id = (SELECT rbac.current_user_id())'),
    (4, bench.person(2), false,
     'shape.my_role() = role', '(SELECT shape.my_role()) = role',
     'rbac.has_scope(role)', 'role = ANY (ARRAY(SELECT rbac.effective_scopes()))'),
    (5, bench.person(2), true,
     'team_id = ANY (shape.my_teams())', 'team_id = ANY (ARRAY(SELECT unnest(shape.my_teams())))',
     'rbac.protect_table(''%1$s'', tenant_column => ''team_id'', select_scope => ''read:item'')',
     'team_id = ANY ((SELECT rbac.tenants_with_scope(''read:item''))::uuid[])'),
    (6, bench.person(2), true,
     'shape.uid() IN (SELECT m.user_id FROM shape.team_user AS m WHERE m.team_id = %1$s.team_id)',
     'team_id IN (SELECT m.team_id FROM shape.team_user AS m WHERE m.user_id = (SELECT shape.uid()))',
     'rbac.protect_table(''%1$s'', tenant_column => ''tenant_id'', department_column => ''team_id'', select_scope => ''read:note'')',
     'team_id = ANY ((SELECT rbac.departments_with_scope(''read:note''))::uuid[])');
INSERT INTO shape.rules
SELECT 7, r.asker, r.index_serves, r.bare, r.wrapped, t.rbac, 'team_id IN (SELECT unnest(rbac.tenants_with_scope(''read:item'')))'
FROM shape.rules AS r, shape.rules AS t WHERE r.number = 6 AND t.number = 5;

-- A row of each table for each person's, each team's, each role's turn.
CREATE PROCEDURE shape.make_table(tbl text, rows integer, is_indexed boolean) LANGUAGE plpgsql AS $$
DECLARE
    rule record;
BEGIN
    EXECUTE format('CREATE TABLE %s (id bigint NOT NULL, owner_id uuid NOT NULL, team_id uuid NOT NULL, tenant_id uuid NOT NULL, role text NOT NULL, title text NOT NULL)', tbl);
    EXECUTE format('INSERT INTO %s SELECT n, bench.person(1 + n * 7919 %% 1000), bench.tenant(n * 104729 %% 1000), bench.tenant(0), format(''role:%%s'', n %% 10), md5(n::text) FROM generate_series(1::bigint, %s) AS n', tbl, rows);
    EXECUTE format('GRANT SELECT ON %s TO PUBLIC', tbl);
    IF is_indexed THEN
        EXECUTE format('CREATE INDEX ON %s (owner_id)', tbl);
        EXECUTE format('CREATE INDEX ON %s (team_id)', tbl);
        EXECUTE format('CREATE INDEX ON %s (tenant_id)', tbl);
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', tbl);
    FOR rule IN
        SELECT format('bench_%s_%s', number, form) AS db_role, format(condition, tbl) AS condition
        FROM shape.rules AS r,
             LATERAL (VALUES ('bare', bare), ('wrapped', wrapped), ('rbac', rbac), ('rbac_wrapped', rbac_wrapped)) AS f (form, condition)
        WHERE r.index_serves OR NOT is_indexed
    LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = rule.db_role) THEN
            EXECUTE format('CREATE ROLE %I', rule.db_role);
        END IF;
        IF rule.condition LIKE 'rbac.protect_table(%' THEN
            EXECUTE 'SELECT ' || rule.condition;
            CALL bench.policies_are_for(tbl, rule.db_role);
        ELSE
            EXECUTE format('CREATE POLICY %1$I ON %2$s TO %1$I USING (%3$s)', rule.db_role, tbl, rule.condition);
        END IF;
    END LOOP;
END
$$;
CREATE TABLE shape.tables (tbl text PRIMARY KEY, rows integer, is_indexed boolean);
INSERT INTO shape.tables VALUES
    ('shape.items_100000', 100000, false), ('shape.items_1000000', 1000000, false),
    ('shape.items_100000_indexed', 100000, true), ('shape.items_1000000_indexed', 1000000, true);
SELECT format('CALL shape.make_table(%L, %s, %L)', tbl, rows, is_indexed) FROM shape.tables \gexec
VACUUM ANALYZE;

-- Who is asking, for either side; claims: rbac, too, reads it from there.
CREATE FUNCTION shape.identify(person uuid, claims boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('request.jwt.claims', jsonb_build_object('sub', person, 'tenant_id', bench.tenant(0))::text, false),
            set_config('rbac.claims_setting', '', false),
            rbac.set_identity(person, bench.tenant(0), local => false);
    IF claims THEN
        PERFORM rbac.clear_identity(), set_config('rbac.claims_setting', 'request.jwt.claims', false);
    END IF;
END
$$;

-- The bare forms may run into the time limit of a statement, which is no error.
INSERT INTO bench.entrants (contest, entrant, db_role, calls, before, query)
SELECT format('%s %s', tbl, number), form, format('bench_%s_%s', number, role),
       CASE WHEN t.is_indexed AND form <> 'bare' THEN 20 ELSE 1 END,
       format('SELECT shape.identify(%L, %L)', asker, form = 'claims'),
       format(CASE form WHEN 'bare' THEN 'DO $q$BEGIN PERFORM count(title) FROM %s; EXCEPTION WHEN query_canceled THEN NULL; END$q$'
              ELSE 'SELECT count(title) FROM %s' END, tbl)
FROM shape.tables AS t JOIN shape.rules AS r ON r.index_serves OR NOT t.is_indexed,
     LATERAL (VALUES (1, 'bare', 'bare'), (2, 'wrapped', 'wrapped'), (3, 'rbac', 'rbac'), (4, 'rbac_wrapped', 'rbac_wrapped'),
                     (5, 'claims', 'rbac')) AS f (place, form, role)
ORDER BY t.is_indexed, t.rows, number, place;

-- All forms of a rule must show the same rows. The bare ones would take minutes for
-- that, and show it by the first 10,000.
DO $$
DECLARE
    form record;
    expected text;
    seen text;
BEGIN
    FOR form IN
        SELECT t.tbl, e.*, format('bench_%s_wrapped', r.number) AS by_the_guide,
               CASE entrant WHEN 'bare' THEN 'id <= 10000' ELSE 'true' END AS which
        FROM shape.tables AS t JOIN shape.rules AS r ON true
        JOIN bench.entrants AS e ON e.contest = format('%s %s', t.tbl, r.number)
    LOOP
        EXECUTE form.before;
        seen := bench.rows_of(form.db_role, form.tbl, form.which);
        expected := bench.rows_of(form.by_the_guide, form.tbl, form.which);
        ASSERT seen = expected AND expected NOT LIKE '0 rows%', format('%s / %s: %s, not %s', form.contest, form.entrant, seen, expected);
    END LOOP;
END
$$;
