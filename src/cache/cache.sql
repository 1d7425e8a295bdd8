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
'Trigger that keeps cached answers honest. Arguments: the kind of message (assignments or policy); for each row, whose answers it concerns (user, tenant, role, workflow or everybody) and the column that says which; and the columns whose change matters.';

-- ENABLE ALWAYS, so that logical replication, restores and whoever sets
-- session_replication_role are noticed as well. If one of these triggers is
-- missing or not ALWAYS, nothing is cached.
--
-- What stands as it should is left alone, and what is only switched off is
-- switched on, neither of which makes a check wait.
CREATE FUNCTION rbac._install_note_triggers() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wanted record;
    standing pg_trigger;
BEGIN
    FOR wanted IN
        SELECT c.oid::regclass AS tbl, t.name, t.events, t.tgtype, a.arguments
        FROM (VALUES
            ('tenants',           'assignments', 'tenant',    'id',        '{id, is_active}'::text[]),
            ('users',             'assignments', 'user',      'id',        '{id, is_active}'),
            ('departments',       'assignments', 'tenant',    'tenant_id', '{id, tenant_id, parent_id}'),
            ('user_roles',        'assignments', 'user',      'user_id',   '{user_id, role_id, tenant_id, department_id, valid_from, valid_until}'),
            ('scopes',            'policy',      'everybody', '',          '{id, name}'),
            ('permission_scopes', 'policy',      'everybody', '',          '{permission_id, scope_id}'),
            ('roles',             'policy',      'tenant',    'tenant_id', '{id, tenant_id}'),
            ('role_permissions',  'policy',      'role',      'role_id',   '{role_id, permission_id}'),
            ('role_inherits',     'policy',      'role',      'role_id',   '{role_id, inherits_role_id}'),
            ('role_conflicts',    'policy',      'everybody', '',          '{kind, role_a, role_b}'),
            ('workflows',         'policy',      'tenant',    'tenant_id', '{id, tenant_id, name, initial_status_id}'),
            ('task_types',        'policy',      'everybody', '',          '{id, workflow_id}'),
            ('workflow_transitions', 'policy',   'workflow',  'workflow_id', '{workflow_id, from_status_id, to_status_id, required_scope_id, approver_role_id, only_assignee, only_creator, not_creator}')
        ) AS w (tbl, what, whose, key, columns)
        -- those of rooms above come later, which then call this again
        JOIN pg_class AS c ON c.relnamespace = 'rbac'::regnamespace AND c.relname = w.tbl
        CROSS JOIN (VALUES
            ('note_statement'::name, 'BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE', 62),
            ('note_end',             'AFTER INSERT OR UPDATE OR DELETE',              28),
            ('note_row',             'AFTER INSERT OR UPDATE OR DELETE',              29)
        ) AS t (name, events, tgtype)
        CROSS JOIN LATERAL (SELECT CASE t.name WHEN 'note_row' THEN ARRAY[w.what, w.whose, w.key] || w.columns
                                               ELSE ARRAY[w.what] END) AS a (arguments)
    LOOP
        SELECT * INTO standing FROM pg_trigger AS g
        WHERE g.tgrelid = wanted.tbl AND g.tgname = wanted.name AND NOT g.tgisinternal;

        IF standing.oid IS NOT NULL AND (standing.tgfoid <> 'rbac._note_change()'::regprocedure OR standing.tgtype <> wanted.tgtype
                      OR standing.tgqual IS NOT NULL OR standing.tgattr::text <> ''
                      OR standing.tgargs <> (SELECT string_agg(convert_to(x, 'UTF8') || '\x00'::bytea, '' ORDER BY n)
                                          FROM unnest(wanted.arguments) WITH ORDINALITY AS u (x, n))) THEN
            EXECUTE format('DROP TRIGGER %I ON %s', wanted.name, wanted.tbl);
            standing := NULL;
        END IF;
        IF standing.oid IS NULL THEN
            EXECUTE format('CREATE TRIGGER %I %s ON %s FOR EACH %s EXECUTE FUNCTION rbac._note_change(%s)',
                           wanted.name, wanted.events, wanted.tbl,
                           CASE wanted.name WHEN 'note_row' THEN 'ROW' ELSE 'STATEMENT' END,
                           (SELECT string_agg(quote_literal(x), ', ' ORDER BY n)
                            FROM unnest(wanted.arguments) WITH ORDINALITY AS u (x, n)));
        END IF;
        IF standing.tgenabled IS DISTINCT FROM 'A' THEN
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', wanted.tbl, wanted.name);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION rbac._install_note_triggers() IS
'Makes the triggers that keep cached answers honest, where they do not stand as they should.';

DO $$ BEGIN PERFORM rbac._install_note_triggers(); END $$;

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
    IF NOT rbac._caching_is_sound() THEN
        RAISE WARNING USING
            ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'changes of the tables of extension "rbac" can still go unnoticed, so nothing is cached',
            DETAIL = (SELECT coalesce('Table "rbac.' || s.unsound_table || '" inherits from another table, or is a partition.',
                                      'Table "rbac._assignments_changed" or "rbac._policy_changed" is missing.') FROM rbac.status() AS s),
            HINT = 'ALTER TABLE ... NO INHERIT, or DETACH PARTITION; or give the table that is missing its name back.';
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION rbac.repair() IS
'Puts right what a restore with --disable-triggers, or ALTER TABLE ... DISABLE TRIGGER, has left: while one of the extension''s own triggers is missing or not ENABLE ALWAYS, every check reads the tables and nothing is cached. Returns true if something had to be put right; warns (55000) of what it cannot put right: a table of the extension that inherits from another one. For the owner of the tables (42501).';

CREATE FUNCTION rbac.status(
    OUT mode text, OUT reason text, OUT detail text,
    OUT triggers_sound boolean, OUT unsound_table text, OUT tables_in_sync boolean,
    OUT shared_memory boolean, OUT cache_size integer,
    OUT extension_version text, OUT library_version text,
    OUT in_recovery boolean, OUT prepared_pending boolean)
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_status';
COMMENT ON FUNCTION rbac.status() IS
'How this session answers, and why. mode: shared (from the cache that all sessions share), local (from a cache of its own), uncached (from the tables, each time) or refusing (nothing is answered). reason and detail: why not shared; NULL if it is. triggers_sound: the triggers that keep cached answers honest stand as they were made; unsound_table: the first where they do not, for rbac.repair() to put right. tables_in_sync: no subscription is still copying them. shared_memory, cache_size: whether there is a shared cache, and of how many megabytes. in_recovery: this is a standby. prepared_pending: a prepared transaction may change what answers follow from, or did a moment ago. Not for PUBLIC.';

CREATE FUNCTION rbac.cache_stats(
    OUT since timestamptz,
    OUT call_site_hits bigint, OUT local_hits bigint, OUT shared_hits bigint,
    OUT loads bigint, OUT published bigint,
    OUT bypassed_own_writes bigint, OUT bypassed_prepared bigint, OUT bypassed_recovery bigint,
    OUT bypassed_unsound bigint, OUT bypassed_in_flight bigint,
    OUT evictions bigint,
    OUT stale_global bigint, OUT stale_tenant bigint, OUT stale_user bigint,
    OUT entries bigint, OUT capacity bigint, OUT bytes bigint, OUT size bigint)
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_cache_stats';
COMMENT ON FUNCTION rbac.cache_stats() IS
'What the cache has done since the server''s start or the last rbac.cache_reset(), over all sessions; without shared memory, this session alone. Answers: call_site_hits (remembered where they are asked), local_hits (in the session''s memory), shared_hits (in shared memory), loads (read from the tables). published: findings told to all. bypassed_*: decisions, or loads, that could not use shared memory, by reason. evictions: findings still true that made way for others. stale_*: findings met after something they follow from had changed, for all tenants, for a tenant, for a user. entries, capacity: findings in shared memory that are true now, and room for them; bytes: what those and their sets of scopes take; size: of the whole cache, in bytes. Counts entries one by one: for people and monitoring, not for every request. Not for PUBLIC.';

CREATE FUNCTION rbac.cache_reset() RETURNS void
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_cache_reset';
COMMENT ON FUNCTION rbac.cache_reset() IS
'Makes every session find out anew what it has cached of this database, and starts the counters of rbac.cache_stats() at zero. Never needed for answers to be right. Not for PUBLIC.';

CREATE FUNCTION rbac.cache_warm(tenant_id uuid) RETURNS bigint
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_cache_warm';
COMMENT ON FUNCTION rbac.cache_warm(uuid) IS
'Finds out what each user with an assignment in this tenant holds there, so that their next checks find it in shared memory; returns how many users these are. Error: 42704 (no such tenant). Not for PUBLIC.';

CREATE FUNCTION rbac._forget(policy_too boolean DEFAULT true) RETURNS void
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_forget';
COMMENT ON FUNCTION rbac._forget(boolean) IS
'Drops what this session keeps for itself of who holds what, and (policy_too) of what roles mean, for tests and measurements.';

CREATE FUNCTION rbac._cache_counters(OUT loads bigint, OUT epoch bigint)
LANGUAGE c VOLATILE PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'rbac_cache_counters';
COMMENT ON FUNCTION rbac._cache_counters() IS
'How often this session, and those before it in its place, have read the tables for a principal, and how often what it knew could no longer be used, for tests: differences count.';

REVOKE ALL ON FUNCTION rbac._note_change(), rbac._install_note_triggers(), rbac._caching_is_sound(),
    rbac.repair(), rbac.status(), rbac.cache_stats(), rbac.cache_reset(), rbac.cache_warm(uuid),
    rbac._forget(boolean), rbac._cache_counters() FROM PUBLIC;
