-- What keeps cached answers honest: signals to other sessions, and triggers
-- that notice every write that a decision depends on.

-- Nobody reads or writes these two. Their relcache messages tell every backend
-- that answers may have changed: the first after a change of who holds what
-- (users, tenants, departments, assignments), the second after a change of
-- what roles and permissions mean.
CREATE TABLE rbac._assignments_changed ();
COMMENT ON TABLE rbac._assignments_changed IS
'Always empty. An invalidation message about it says: who holds what has changed.';
CREATE TABLE rbac._policy_changed ();
COMMENT ON TABLE rbac._policy_changed IS
'Always empty. An invalidation message about it says: what roles, permissions and scopes mean has changed.';

CREATE FUNCTION rbac._note_change() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'rbac_note_change';
COMMENT ON FUNCTION rbac._note_change() IS
'Trigger that keeps cached answers honest. First argument: assignments or policy. Further arguments: the columns whose change matters, all if none.';

-- ENABLE ALWAYS, so that logical replication, restores and whoever sets
-- session_replication_role are noticed as well. If one of these triggers is
-- missing or not ALWAYS, nothing is cached.
CREATE FUNCTION rbac._install_note_triggers() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    watched record;
BEGIN
    FOR watched IN
        SELECT w.tbl, w.what,
               (SELECT string_agg(quote_literal(c), ', ') FROM unnest(w.columns) AS c) AS columns
        FROM (VALUES
            ('tenants',           'assignments', '{id, is_active}'::text[]),
            ('users',             'assignments', '{id, is_active}'),
            ('departments',       'assignments', '{id, tenant_id, parent_id}'),
            ('user_roles',        'assignments', '{user_id, role_id, tenant_id, department_id, valid_from, valid_until}'),
            ('scopes',            'policy',      '{id, name}'),
            ('permission_scopes', 'policy',      '{permission_id, scope_id}'),
            ('role_permissions',  'policy',      '{role_id, permission_id}'),
            ('role_inherits',     'policy',      '{role_id, inherits_role_id}'),
            ('role_conflicts',    'policy',      '{kind, role_a, role_b}')
        ) AS w (tbl, what, columns)
    LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS note_statement ON rbac.%I', watched.tbl);
        EXECUTE format('CREATE TRIGGER note_statement BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rbac.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION rbac._note_change(%L)',
                       watched.tbl, watched.what);
        EXECUTE format('ALTER TABLE rbac.%I ENABLE ALWAYS TRIGGER note_statement', watched.tbl);

        EXECUTE format('DROP TRIGGER IF EXISTS note_end ON rbac.%I', watched.tbl);
        EXECUTE format('CREATE TRIGGER note_end AFTER INSERT OR UPDATE OR DELETE ON rbac.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION rbac._note_change(%L)',
                       watched.tbl, watched.what);
        EXECUTE format('ALTER TABLE rbac.%I ENABLE ALWAYS TRIGGER note_end', watched.tbl);

        EXECUTE format('DROP TRIGGER IF EXISTS note_row ON rbac.%I', watched.tbl);
        EXECUTE format('CREATE TRIGGER note_row AFTER INSERT OR UPDATE OR DELETE ON rbac.%I
                        FOR EACH ROW EXECUTE FUNCTION rbac._note_change(%L, %s)',
                       watched.tbl, watched.what, watched.columns);
        EXECUTE format('ALTER TABLE rbac.%I ENABLE ALWAYS TRIGGER note_row', watched.tbl);
    END LOOP;
END
$$;
COMMENT ON FUNCTION rbac._install_note_triggers() IS
'Makes the triggers that keep cached answers honest, anew if they are there.';

DO $$
BEGIN
    SET LOCAL client_min_messages = warning;    -- there is nothing to drop yet
    PERFORM rbac._install_note_triggers();
END
$$;

CREATE FUNCTION rbac._caching_is_sound() RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_caching_is_sound';
COMMENT ON FUNCTION rbac._caching_is_sound() IS
'True if the triggers that keep cached answers honest all stand as ENABLE ALWAYS; if not, nothing is cached.';

CREATE FUNCTION rbac.repair() RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET client_min_messages = warning
AS $$
BEGIN
    IF rbac._caching_is_sound() THEN
        RETURN false;
    END IF;
    PERFORM rbac._install_note_triggers();
    RETURN true;
END
$$;
COMMENT ON FUNCTION rbac.repair() IS
'Puts right what a restore with --disable-triggers, or ALTER TABLE ... DISABLE TRIGGER, has left: while one of the extension''s own triggers is missing or not ENABLE ALWAYS, every check reads the tables and nothing is cached. Returns true if something had to be put right. For the owner of the tables (42501).';

CREATE FUNCTION rbac._forget(policy_too boolean DEFAULT true) RETURNS void
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_forget';
COMMENT ON FUNCTION rbac._forget(boolean) IS
'Drops what this backend has cached of who holds what, and (policy_too) of what roles mean, for tests and measurements.';

CREATE FUNCTION rbac._cache_counters(OUT loads bigint, OUT purges bigint)
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_cache_counters';
COMMENT ON FUNCTION rbac._cache_counters() IS
'How often this backend has read the tables for a principal, and dropped what it had cached, for tests.';

REVOKE ALL ON FUNCTION rbac._note_change(), rbac._install_note_triggers(), rbac._caching_is_sound(),
    rbac.repair(), rbac._forget(boolean), rbac._cache_counters() FROM PUBLIC;
