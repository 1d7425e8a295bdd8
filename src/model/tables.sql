-- The tables of the model, and nothing but what can be declared.
--
-- Meaning, in one sentence: user U has scope S in tenant T (and department D)
-- at time now iff U and T are active and there is a user_roles row of U, valid
-- now, with tenant_id NULL or T and department_id NULL or D or an ancestor of
-- D, whose role reaches, through zero or more role_inherits steps, a role with
-- a permission that carries S.
--
-- Rules that need to look at other rows stand in rules.sql.

-- Text that people give to things: 1 to 200 characters, no control
-- characters, no outer blanks.
CREATE FUNCTION rbac._is_name(value text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_is_name';
COMMENT ON FUNCTION rbac._is_name(text) IS
'True if value is 1 to 200 characters long, has no control character and neither starts nor ends with a blank.';

-- RFC 6749, section 3.3.
CREATE FUNCTION rbac._is_scope_token(value text) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'rbac_is_scope_token';
COMMENT ON FUNCTION rbac._is_scope_token(text) IS
'True if value is a scope token (RFC 6749, section 3.3) of 1 to 200 characters.';

-- CHECK constraints call these two with the rights of whoever writes the row.
REVOKE ALL ON FUNCTION rbac._is_name(text), rbac._is_scope_token(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rbac._is_name(text), rbac._is_scope_token(text) TO PUBLIC;

CREATE TABLE rbac.tenants (
    id          uuid        NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    key         text        NOT NULL,
    name        text        NOT NULL,
    is_active   boolean     NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT tenants_pkey PRIMARY KEY (id),
    CONSTRAINT tenant_key_is_unique UNIQUE (key),
    CONSTRAINT tenant_key_is_a_name CHECK (rbac._is_name(key)),
    CONSTRAINT tenant_name_is_a_name CHECK (rbac._is_name(name))
);
COMMENT ON TABLE rbac.tenants IS
'One row per customer, organization or workspace whose data is kept apart from the others''. Nobody has any scope in a tenant that is not active.';
COMMENT ON COLUMN rbac.tenants.key IS 'Short, stable name for URLs, settings and messages, unique.';
COMMENT ON COLUMN rbac.tenants.name IS 'Name for people.';
COMMENT ON COLUMN rbac.tenants.is_active IS 'False suspends every decision in the tenant at once, without touching any assignment.';

CREATE TABLE rbac.users (
    id                uuid        NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    username          text        NOT NULL,
    email             text,
    first_name        text,
    last_name         text,
    phone             text,
    avatar_url        text,
    is_active         boolean     NOT NULL DEFAULT true,
    last_login_at     timestamptz,
    email_verified_at timestamptz,
    created_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at        timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT username_is_a_name CHECK (rbac._is_name(username)),
    CONSTRAINT email_is_an_address CHECK (rbac._is_name(email) AND email OPERATOR(pg_catalog.~) '^[^@\s]+@[^@\s]+$')
);
-- Not citext: it would have to be installed first, and its operators live in
-- whatever schema that was.
CREATE UNIQUE INDEX username_is_unique ON rbac.users (pg_catalog.lower(username));
CREATE UNIQUE INDEX email_is_unique ON rbac.users (pg_catalog.lower(email));
COMMENT ON TABLE rbac.users IS
'One row per person or service that can be asked about. A user belongs to a tenant by holding a role there. Nobody who is not active has any scope.';
COMMENT ON COLUMN rbac.users.username IS 'Login name, unique without regard to case.';
COMMENT ON COLUMN rbac.users.email IS 'Unique without regard to case; NULL for who has none.';
COMMENT ON COLUMN rbac.users.is_active IS 'False denies everything to the user at once, without touching any assignment.';

CREATE TABLE rbac.departments (
    id          uuid        NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    tenant_id   uuid        NOT NULL,
    parent_id   uuid,
    name        text        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT departments_pkey PRIMARY KEY (id),
    CONSTRAINT department_name_is_unique_in_its_tenant UNIQUE (tenant_id, name),
    -- what the composite foreign keys below refer to
    CONSTRAINT department_has_one_tenant UNIQUE (id, tenant_id),
    CONSTRAINT department_name_is_a_name CHECK (rbac._is_name(name)),
    CONSTRAINT department_tenant_exists FOREIGN KEY (tenant_id)
        REFERENCES rbac.tenants (id) ON DELETE CASCADE,
    CONSTRAINT department_parent_is_of_the_same_tenant FOREIGN KEY (parent_id, tenant_id)
        REFERENCES rbac.departments (id, tenant_id) ON DELETE CASCADE
);
CREATE INDEX departments_parent_id ON rbac.departments (parent_id, tenant_id);
COMMENT ON TABLE rbac.departments IS
'The parts of a tenant, as a forest. A role held in a department counts in all departments below it.';
COMMENT ON COLUMN rbac.departments.parent_id IS 'Department that this one belongs to, of the same tenant; NULL at the top.';

CREATE TABLE rbac.permission_objects (
    id    integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100 MINVALUE 100),
    name  text    NOT NULL,
    CONSTRAINT permission_objects_pkey PRIMARY KEY (id),
    CONSTRAINT object_name_is_unique UNIQUE (name),
    CONSTRAINT object_name_is_a_name CHECK (rbac._is_name(name))
);
COMMENT ON TABLE rbac.permission_objects IS
'Kinds of things that permissions are about (INCITS 359: objects), such as "task".';

CREATE TABLE rbac.permission_actions (
    id    integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100 MINVALUE 100),
    name  text    NOT NULL,
    CONSTRAINT permission_actions_pkey PRIMARY KEY (id),
    CONSTRAINT action_name_is_unique UNIQUE (name),
    CONSTRAINT action_name_is_a_name CHECK (rbac._is_name(name))
);
COMMENT ON TABLE rbac.permission_actions IS
'What can be done to objects (INCITS 359: operations), such as "view".';

CREATE TABLE rbac.scopes (
    id          integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100 MINVALUE 100),
    name        text    NOT NULL,
    description text,
    CONSTRAINT scopes_pkey PRIMARY KEY (id),
    CONSTRAINT scope_name_is_unique UNIQUE (name),
    CONSTRAINT scope_name_is_a_scope_token CHECK (rbac._is_scope_token(name))
);
COMMENT ON TABLE rbac.scopes IS
'What is asked about in checks and carried by access tokens (RFC 6749, section 3.3), such as "read:task". Ids are at most 131071, so that sets of scopes stay small.';

CREATE TABLE rbac.permissions (
    id          integer NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100 MINVALUE 100),
    name        text    NOT NULL,
    object_id   integer,
    action_id   integer,
    description text,
    CONSTRAINT permissions_pkey PRIMARY KEY (id),
    CONSTRAINT permission_name_is_unique UNIQUE (name),
    CONSTRAINT permission_name_is_a_name CHECK (rbac._is_name(name)),
    CONSTRAINT permission_object_exists FOREIGN KEY (object_id)
        REFERENCES rbac.permission_objects (id),
    CONSTRAINT permission_action_exists FOREIGN KEY (action_id)
        REFERENCES rbac.permission_actions (id)
);
CREATE INDEX permissions_object_id ON rbac.permissions (object_id);
CREATE INDEX permissions_action_id ON rbac.permissions (action_id);
COMMENT ON TABLE rbac.permissions IS
'The right to perform an action on an object (INCITS 359: permissions). What it allows in checks are the scopes that it carries.';
COMMENT ON COLUMN rbac.permissions.object_id IS 'Kind of thing that the permission is about; documents the permission, decides nothing.';
COMMENT ON COLUMN rbac.permissions.action_id IS 'What is done to it; documents the permission, decides nothing.';

CREATE TABLE rbac.permission_scopes (
    permission_id integer NOT NULL,
    scope_id      integer NOT NULL,
    CONSTRAINT permission_scopes_pkey PRIMARY KEY (permission_id, scope_id),
    CONSTRAINT carrying_permission_exists FOREIGN KEY (permission_id)
        REFERENCES rbac.permissions (id) ON DELETE CASCADE,
    CONSTRAINT carried_scope_exists FOREIGN KEY (scope_id)
        REFERENCES rbac.scopes (id) ON DELETE CASCADE
);
CREATE INDEX permission_scopes_scope_id ON rbac.permission_scopes (scope_id, permission_id);
COMMENT ON TABLE rbac.permission_scopes IS 'Which scopes each permission carries.';

CREATE TABLE rbac.roles (
    id          integer     NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100 MINVALUE 100),
    tenant_id   uuid,
    name        text        NOT NULL,
    description text,
    created_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    updated_at  timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT roles_pkey PRIMARY KEY (id),
    CONSTRAINT role_name_is_unique_in_its_tenant UNIQUE NULLS NOT DISTINCT (tenant_id, name),
    CONSTRAINT role_name_is_a_name CHECK (rbac._is_name(name)),
    CONSTRAINT role_tenant_exists FOREIGN KEY (tenant_id)
        REFERENCES rbac.tenants (id) ON DELETE CASCADE
);
COMMENT ON TABLE rbac.roles IS
'Named sets of permissions. A role of a tenant can be assigned in that tenant only; a shared role (tenant_id NULL) in any.';
COMMENT ON COLUMN rbac.roles.tenant_id IS 'Tenant that the role belongs to, for good; NULL for a role available to every tenant.';

CREATE TABLE rbac.role_permissions (
    role_id       integer NOT NULL,
    permission_id integer NOT NULL,
    CONSTRAINT role_permissions_pkey PRIMARY KEY (role_id, permission_id),
    CONSTRAINT permitted_role_exists FOREIGN KEY (role_id)
        REFERENCES rbac.roles (id) ON DELETE CASCADE,
    CONSTRAINT role_permission_exists FOREIGN KEY (permission_id)
        REFERENCES rbac.permissions (id) ON DELETE CASCADE
);
CREATE INDEX role_permissions_permission_id ON rbac.role_permissions (permission_id, role_id);
COMMENT ON TABLE rbac.role_permissions IS 'Which permissions each role has of itself (INCITS 359: permission assignment).';

CREATE TABLE rbac.role_inherits (
    role_id          integer NOT NULL,
    inherits_role_id integer NOT NULL,
    CONSTRAINT role_inherits_pkey PRIMARY KEY (role_id, inherits_role_id),
    CONSTRAINT role_does_not_inherit_itself CHECK (role_id OPERATOR(pg_catalog.<>) inherits_role_id),
    CONSTRAINT senior_role_exists FOREIGN KEY (role_id)
        REFERENCES rbac.roles (id) ON DELETE CASCADE,
    CONSTRAINT junior_role_exists FOREIGN KEY (inherits_role_id)
        REFERENCES rbac.roles (id) ON DELETE CASCADE
);
CREATE INDEX role_inherits_inherits_role_id ON rbac.role_inherits (inherits_role_id, role_id);
COMMENT ON TABLE rbac.role_inherits IS
'The role hierarchy (INCITS 359: general role hierarchy): who is assigned the senior role is authorized for the junior one too. Never cyclic.';
COMMENT ON COLUMN rbac.role_inherits.role_id IS 'Senior role, which receives the permissions.';
COMMENT ON COLUMN rbac.role_inherits.inherits_role_id IS 'Junior role, whose permissions it receives.';

CREATE TABLE rbac.role_conflicts (
    kind    text    NOT NULL,
    role_a  integer NOT NULL,
    role_b  integer NOT NULL,
    -- Leads with what is looked for: all conflicts of one kind.
    CONSTRAINT role_conflicts_pkey PRIMARY KEY (kind, role_a, role_b),
    CONSTRAINT conflict_is_static_or_dynamic
        CHECK (kind OPERATOR(pg_catalog.=) 'static' OR kind OPERATOR(pg_catalog.=) 'dynamic'),
    CONSTRAINT role_does_not_conflict_with_itself CHECK (role_a OPERATOR(pg_catalog.<>) role_b),
    CONSTRAINT conflict_names_the_smaller_id_first CHECK (role_a OPERATOR(pg_catalog.<=) role_b),
    CONSTRAINT first_conflicting_role_exists FOREIGN KEY (role_a)
        REFERENCES rbac.roles (id) ON DELETE CASCADE,
    CONSTRAINT second_conflicting_role_exists FOREIGN KEY (role_b)
        REFERENCES rbac.roles (id) ON DELETE CASCADE
);
CREATE INDEX role_conflicts_role_a ON rbac.role_conflicts (role_a);
CREATE INDEX role_conflicts_role_b ON rbac.role_conflicts (role_b);
COMMENT ON TABLE rbac.role_conflicts IS
'Separation of duty (INCITS 359): pairs of roles that exclude each other.';
COMMENT ON COLUMN rbac.role_conflicts.kind IS 'static: nobody can hold both in one tenant, directly or by inheritance, at one time; dynamic: nobody can act with both in force.';
COMMENT ON COLUMN rbac.role_conflicts.role_a IS 'Of the two roles the one with the smaller id; a row that names them the other way round is turned as it is written.';

CREATE TABLE rbac.user_roles (
    id            bigint      NOT NULL GENERATED BY DEFAULT AS IDENTITY (START WITH 100 MINVALUE 100),
    user_id       uuid        NOT NULL,
    role_id       integer     NOT NULL,
    tenant_id     uuid,
    department_id uuid,
    valid_from    timestamptz,
    valid_until   timestamptz,
    granted_by    uuid,
    reason        text,
    created_at    timestamptz NOT NULL DEFAULT pg_catalog.now(),
    CONSTRAINT user_roles_pkey PRIMARY KEY (id),
    -- Leads with what a decision looks for: one user's rows in one tenant.
    CONSTRAINT role_is_assigned_once_for_a_period
        UNIQUE NULLS NOT DISTINCT (user_id, tenant_id, department_id, role_id, valid_from),
    CONSTRAINT assignment_in_a_department_names_its_tenant
        CHECK (department_id IS NULL OR tenant_id IS NOT NULL),
    CONSTRAINT assignment_starts_before_it_ends
        CHECK (valid_from OPERATOR(pg_catalog.<) valid_until),
    CONSTRAINT assigned_user_exists FOREIGN KEY (user_id)
        REFERENCES rbac.users (id) ON DELETE CASCADE,
    CONSTRAINT assigned_role_exists FOREIGN KEY (role_id)
        REFERENCES rbac.roles (id) ON DELETE CASCADE,
    CONSTRAINT assignment_tenant_exists FOREIGN KEY (tenant_id)
        REFERENCES rbac.tenants (id) ON DELETE CASCADE,
    CONSTRAINT assignment_department_is_of_its_tenant FOREIGN KEY (department_id, tenant_id)
        REFERENCES rbac.departments (id, tenant_id) ON DELETE CASCADE,
    CONSTRAINT granting_user_exists FOREIGN KEY (granted_by)
        REFERENCES rbac.users (id) ON DELETE SET NULL
);
CREATE INDEX user_roles_role_id ON rbac.user_roles (role_id, tenant_id);
CREATE INDEX user_roles_tenant_id ON rbac.user_roles (tenant_id, role_id);
CREATE INDEX user_roles_department_id ON rbac.user_roles (department_id, tenant_id);
CREATE INDEX user_roles_granted_by ON rbac.user_roles (granted_by);
COMMENT ON TABLE rbac.user_roles IS
'Who holds which role, where and when (INCITS 359: user assignment). One row gives the role in one department and those below it, in one tenant, or in every tenant.';
COMMENT ON COLUMN rbac.user_roles.tenant_id IS 'Tenant in which the role is held; NULL: in every tenant.';
COMMENT ON COLUMN rbac.user_roles.department_id IS 'Department in which, and below which, the role is held; NULL: in the whole tenant.';
COMMENT ON COLUMN rbac.user_roles.valid_from IS 'First moment at which the role is held; NULL: always has been.';
COMMENT ON COLUMN rbac.user_roles.valid_until IS 'First moment at which the role is no longer held; NULL: until revoked.';
COMMENT ON COLUMN rbac.user_roles.granted_by IS 'User who granted it; NULL if the database''s owner did, or if that user is gone.';
COMMENT ON COLUMN rbac.user_roles.reason IS 'Why it was granted, in the granter''s words.';

-- Dumps carry what users made; the rows that this script seeds (ids below 100)
-- come back with CREATE EXTENSION. Sequences of identity columns are not found
-- by pg_dump of itself.
SELECT pg_catalog.pg_extension_config_dump('rbac.tenants', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.users', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.departments', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.permission_objects', 'WHERE id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.permission_objects_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.permission_actions', 'WHERE id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.permission_actions_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.scopes', 'WHERE id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.scopes_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.permissions', 'WHERE id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.permissions_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.permission_scopes', 'WHERE permission_id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.roles', 'WHERE id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.roles_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.role_permissions', 'WHERE role_id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.role_inherits', 'WHERE role_id >= 100');
SELECT pg_catalog.pg_extension_config_dump('rbac.role_conflicts', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.user_roles', '');
SELECT pg_catalog.pg_extension_config_dump('rbac.user_roles_id_seq', '');
