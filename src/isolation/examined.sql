-- What rbac.doctor() looks at: the protected tables, and who works with them.
--
-- Both are found out once, and handed to each part. Nothing here or in the parts
-- reads anything but the catalogs, which everybody may: so everybody may call
-- them, and whoever is granted doctor() needs no other grant.

CREATE TYPE rbac._finding AS (level text, check_name text, object text, detail text, remedy text);
COMMENT ON TYPE rbac._finding IS 'A row of rbac.doctor().';

CREATE TYPE rbac._examined_table AS (
    tbl           oid,
    name          text,     -- with its schema, quoted if need be
    owner         oid,
    row_security  boolean,
    is_forced     boolean,
    is_isolated   boolean,
    is_scoped     boolean,  -- protect_table has been here
    tenant_column name      -- as far as the policies say
);
COMMENT ON TYPE rbac._examined_table IS 'A protected table, as rbac.doctor() sees it.';

-- Where users keep their tables.
CREATE FUNCTION rbac._is_schema_of_users(schema name) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN schema OPERATOR(pg_catalog.!~) '^(pg_.*|information_schema|rbac)$';
COMMENT ON FUNCTION rbac._is_schema_of_users(name) IS
'Is this neither a schema of PostgreSQL''s (temporary ones included) nor ours?';

CREATE FUNCTION rbac._examined_tables() RETURNS SETOF rbac._examined_table
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH policy AS MATERIALIZED (
        SELECT p.oid, p.polrelid, p.polname = 'rbac_tenant_isolation' AS isolates,
               p.polname IN (SELECT o.policy FROM rbac._protected_operations() AS o) AS scopes,
               rbac._is_policy_of_ours(p.polname)
               OR EXISTS (SELECT FROM pg_depend AS d JOIN pg_proc AS f ON f.oid = d.refobjid
                          WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass
                            AND f.pronamespace = 'rbac'::regnamespace) AS protects
        FROM pg_policy AS p
    )
    SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.relowner, c.relrowsecurity, c.relforcerowsecurity,
           p.isolation IS NOT NULL, p.scopes,
           -- to ask _declared() takes a while
           CASE WHEN p.isolation IS NOT NULL
               THEN (SELECT a.attname FROM pg_depend AS d JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                     WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.isolation
                       AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid > 0 LIMIT 1)
               WHEN p.scopes THEN (rbac._declared(c.oid::regclass)).tenant_column
           END
    FROM (SELECT polrelid, max(oid) FILTER (WHERE isolates) AS isolation, bool_or(scopes) AS scopes
          FROM policy GROUP BY 1 HAVING bool_or(protects)) AS p
    JOIN pg_class AS c ON c.oid = p.polrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE rbac._is_schema_of_users(n.nspname);
$$;
COMMENT ON FUNCTION rbac._examined_tables() IS
'The protected tables: those with a policy of ours, or with any policy that calls a function of schema rbac.';

-- Members of members, too. From version 16 on, a membership says whether it
-- allows SET ROLE; to_jsonb, because version 15 has no such column.
CREATE FUNCTION rbac._roles_in_reach()
RETURNS TABLE (login oid, role oid, by_set_role boolean, member oid)
LANGUAGE sql STABLE ROWS 200
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE membership AS (
        SELECT m.member, m.roleid, coalesce((j.m ->> 'set_option')::boolean, true) AS by_set_role
        FROM pg_auth_members AS m, to_jsonb(m) AS j (m)
        WHERE coalesce((j.m ->> 'set_option')::boolean, true) OR coalesce((j.m ->> 'inherit_option')::boolean, true)
        UNION ALL
        SELECT datdba, 'pg_database_owner'::regrole, false FROM pg_database WHERE datname = current_database()
    ),
    reach (login, role, by_set_role, member) AS (
        SELECT oid, oid, true, NULL::oid FROM pg_roles WHERE rolcanlogin
        UNION
        SELECT r.login, m.roleid, r.by_set_role AND m.by_set_role, m.member
        FROM reach AS r JOIN membership AS m ON m.member = r.role
    )
    SELECT * FROM reach;
$$;
COMMENT ON FUNCTION rbac._roles_in_reach() IS
'For each role that can log in: itself, and the roles whose rights it has as a member, or can take by SET ROLE. member: who is the direct member.';

-- What others than its owner have been granted on a table, and on those below it.
CREATE FUNCTION rbac._grants_on(tables oid[])
RETURNS TABLE (tbl oid, owner oid, grantee oid, privilege text, column_name name)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE family AS (
        SELECT unnest(tables) AS oid
        UNION
        SELECT i.inhrelid FROM family AS f JOIN pg_inherits AS i ON i.inhparent = f.oid
    )
    SELECT c.oid, c.relowner, a.grantee, a.privilege_type, NULL::name
    FROM family JOIN pg_class AS c USING (oid), aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner
    UNION ALL
    SELECT c.oid, c.relowner, a.grantee, a.privilege_type, k.attname
    FROM family JOIN pg_class AS c USING (oid) JOIN pg_attribute AS k ON k.attrelid = c.oid,
         aclexplode(k.attacl) AS a
    WHERE k.attacl IS NOT NULL AND NOT k.attisdropped AND a.grantee <> c.relowner;
$$;
COMMENT ON FUNCTION rbac._grants_on(oid[]) IS
'What others than their owners have been granted on these tables, on their partitions and on what inherits from them. grantee 0: PUBLIC.';

-- Whoever owns tables has every privilege on them, and so has a superuser, and
-- both must be able to log in to do their work. They are taken for the
-- application only if they have been granted something, or if nobody else has
-- been granted to write: who would?
CREATE FUNCTION rbac._application_roles(tables oid[]) RETURNS SETOF oid
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH granted AS MATERIALIZED (
        SELECT DISTINCT owner, grantee, privilege IN ('INSERT', 'UPDATE', 'DELETE') AS is_write
        FROM rbac._grants_on(tables)
    ),
    reach AS MATERIALIZED (
        SELECT DISTINCT r.login, r.role, l.rolsuper, l.rolbypassrls
        FROM rbac._roles_in_reach() AS r JOIN pg_roles AS l ON l.oid = r.login
        WHERE r.login <> 10    -- whom initdb made, and nobody can bind
    ),
    owners AS MATERIALIZED (SELECT DISTINCT relowner AS owner FROM pg_class WHERE oid = ANY (tables)),
    owning AS MATERIALIZED (SELECT r.login, o.owner FROM reach AS r JOIN owners AS o ON o.owner = r.role WHERE NOT r.rolsuper)
    SELECT r.login FROM reach AS r JOIN granted AS g ON g.grantee = r.role
    UNION
    SELECT r.login FROM reach AS r JOIN pg_roles AS p ON p.oid = r.role
    WHERE p.rolname IN ('pg_read_all_data', 'pg_write_all_data') AND NOT r.rolsuper AND NOT r.rolbypassrls
      AND cardinality(tables) > 0 AND r.login NOT IN (SELECT login FROM owning)
    UNION
    SELECT r.login FROM reach AS r
    WHERE EXISTS (SELECT FROM granted WHERE grantee = 0) AND NOT r.rolsuper AND NOT r.rolbypassrls
      AND r.login NOT IN (SELECT login FROM owning)
    UNION
    SELECT w.login FROM owning AS w
    WHERE NOT EXISTS (
        SELECT FROM granted AS g
        WHERE g.owner = w.owner AND g.is_write
          AND (g.grantee = 0 OR EXISTS (
              SELECT FROM reach AS r WHERE r.role = g.grantee
                AND NOT EXISTS (SELECT FROM owning AS o WHERE o.login = r.login AND o.owner = w.owner))));
$$;
COMMENT ON FUNCTION rbac._application_roles(oid[]) IS
'The roles that log in and work with these tables: by a grant to them, to a role that they are members of, or to PUBLIC; and their owners, where nobody else may write.';

-- Does row-level security of this table bind this role?
CREATE FUNCTION rbac._is_bound(role oid, t rbac._examined_table) RETURNS boolean
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT NOT r.rolsuper AND NOT r.rolbypassrls AND ((t).is_forced OR NOT pg_has_role(r.oid, (t).owner, 'USAGE'))
    FROM pg_roles AS r WHERE r.oid = role;
$$;
COMMENT ON FUNCTION rbac._is_bound(oid, rbac._examined_table) IS
'False for superusers, for roles with BYPASSRLS, and for the owner of a table that is not forced.';

-- Quoted, and PUBLIC as GRANT and REVOKE want it.
CREATE FUNCTION rbac._role_name(role oid) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT CASE role WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(role)) END; $$;
COMMENT ON FUNCTION rbac._role_name(oid) IS 'A role as SQL names it; 0 is PUBLIC.';

REVOKE ALL ON FUNCTION rbac._is_schema_of_users(name), rbac._examined_tables(),
    rbac._roles_in_reach(), rbac._grants_on(oid[]), rbac._application_roles(oid[]),
    rbac._is_bound(oid, rbac._examined_table), rbac._role_name(oid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._is_schema_of_users(name), rbac._examined_tables(),
    rbac._roles_in_reach(), rbac._grants_on(oid[]), rbac._application_roles(oid[]),
    rbac._is_bound(oid, rbac._examined_table), rbac._role_name(oid) TO PUBLIC;
