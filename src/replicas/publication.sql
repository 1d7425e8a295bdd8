-- What a subscriber needs, and no more than it can take.

CREATE FUNCTION rbac.create_publication(name name DEFAULT 'rbac') RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF name IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'name cannot be null';
    END IF;
    -- What the extension itself brings (ids below 100) is on the other side
    -- already, and would stop the copying of its table there.
    EXECUTE format($publication$
        CREATE PUBLICATION %I FOR TABLE
            rbac.tenants,
            rbac.users,
            rbac.departments,
            rbac.permission_objects WHERE (id >= 100),
            rbac.permission_actions WHERE (id >= 100),
            rbac.scopes             WHERE (id >= 100),
            rbac.permissions        WHERE (id >= 100),
            rbac.permission_scopes  WHERE (permission_id >= 100),
            rbac.roles              WHERE (id >= 100),
            rbac.role_permissions   WHERE (role_id >= 100),
            rbac.role_inherits      WHERE (role_id >= 100),
            rbac.role_conflicts,
            rbac.user_roles,
            rbac.workflow_statuses,
            rbac.workflows,
            rbac.task_types,
            rbac.workflow_transitions,
            rbac._revisions
        $publication$, name);
END
$$;
COMMENT ON FUNCTION rbac.create_publication(name) IS
'Creates a publication of all that decisions, explanations, separation of duty, reviews and workflows read, and of the marks of rbac.revision(), but for what CREATE EXTENSION itself brings on the other side too. Subscribe to it where rbac is installed and its tables are empty. Warns if wal_level is not logical. For the owner of the tables with CREATE on the database, so not for PUBLIC. Errors: 22004 (name is NULL), 42501 (not the owner), 42710 (the name is taken).';

REVOKE ALL ON FUNCTION rbac.create_publication(name) FROM PUBLIC;
