-- The privilege TRIGGER on a table of ours is not the owner's rights.
--
-- The rule: our functions write as the tables' owner, and so would every
-- trigger that they fire. While a trigger, or its WHEN condition, would run a
-- function of somebody who does not have these rights anyway, nothing is
-- written by way of functions.
\set VERBOSITY default
\set ON_ERROR_ROLLBACK on
\pset format unaligned
\pset tuples_only on
BEGIN;
CREATE ROLE regress_rbac_mallory;
CREATE SCHEMA foreign_triggers;
GRANT ALL ON SCHEMA foreign_triggers TO regress_rbac_mallory;
GRANT USAGE ON SCHEMA rbac TO regress_rbac_mallory;
GRANT TRIGGER ON rbac.users, rbac.user_roles, rbac.permission_actions TO regress_rbac_mallory;

-- nobody's trigger: it works, and the verdict is known from here on
SELECT rbac.create_user('ft_ann') AS ann, rbac.create_tenant('ft_acme', 'Acme') AS acme \gset
SELECT rbac.grant_role(:'ann', 'rbac_tenant_admin') > 0;

SET ROLE regress_rbac_mallory;
CREATE FUNCTION foreign_triggers.become_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'runs as %', current_user;
END $$;
CREATE FUNCTION foreign_triggers.is_owner(username text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'runs as %', current_user;
END $$;
CREATE DOMAIN foreign_triggers.anything AS text CHECK (foreign_triggers.is_owner(value));

RESET ROLE;
SAVEPOINT before;

-- on the table that is written
SET ROLE regress_rbac_mallory;
CREATE TRIGGER mine BEFORE INSERT ON rbac.user_roles FOR EACH ROW EXECUTE FUNCTION foreign_triggers.become_owner();
RESET ROLE;
SELECT rbac.revoke_role(:'ann', 'rbac_tenant_admin');
SELECT rbac.grant_role(:'ann', 'rbac_admin');
-- on any other: what is written cascades
SELECT rbac.create_user('ft_bob');
-- reading is not writing
SELECT rbac.user_has_scope(:'ann', 'rbac:grant', :'acme');
-- switched off, or made by who has the rights anyway, it may stay
ALTER TABLE rbac.user_roles DISABLE TRIGGER mine;
SELECT rbac.create_user('ft_bob') IS NOT NULL;
ALTER TABLE rbac.user_roles ENABLE TRIGGER mine;
SELECT rbac.create_user('ft_cyd');
ALTER FUNCTION foreign_triggers.become_owner() OWNER TO CURRENT_USER;
SELECT rbac.create_user('ft_cyd') IS NOT NULL;
-- until that changes
ALTER FUNCTION foreign_triggers.become_owner() OWNER TO regress_rbac_mallory;
SELECT rbac.create_user('ft_dan');
ALTER ROLE regress_rbac_mallory SUPERUSER;
SELECT rbac.create_user('ft_dan') IS NOT NULL;
ALTER ROLE regress_rbac_mallory NOSUPERUSER;
SELECT rbac.create_user('ft_eve');
DROP TRIGGER mine ON rbac.user_roles;
SELECT rbac.create_user('ft_eve') IS NOT NULL;
ROLLBACK TO before;

-- a trigger of ours, or of PostgreSQL, with a condition of theirs is the same
SET ROLE regress_rbac_mallory;
CREATE TRIGGER mine BEFORE INSERT ON rbac.users FOR EACH ROW WHEN (foreign_triggers.is_owner(NEW.username))
    EXECUTE FUNCTION tsvector_update_trigger('email', 'pg_catalog.simple', 'username');
RESET ROLE;
SELECT rbac.create_user('ft_bob');
ROLLBACK TO before;
SET ROLE regress_rbac_mallory;
CREATE TRIGGER mine BEFORE INSERT ON rbac.users FOR EACH ROW WHEN (NEW.username::foreign_triggers.anything IS NULL)
    EXECUTE FUNCTION tsvector_update_trigger('email', 'pg_catalog.simple', 'username');
RESET ROLE;
SELECT rbac.create_user('ft_bob');
ROLLBACK TO before;

-- on a table that no decision reads
SET ROLE regress_rbac_mallory;
CREATE TRIGGER mine BEFORE INSERT ON rbac.permission_actions FOR EACH ROW EXECUTE FUNCTION foreign_triggers.become_owner();
RESET ROLE;
SELECT rbac.create_permission('ft_permission', 'ft_object', 'ft_action');
ROLLBACK TO before;

-- the owner's own triggers are welcome
CREATE FUNCTION foreign_triggers.greet() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'welcome %', NEW.username;
    RETURN NEW;
END $$;
CREATE TRIGGER greet AFTER INSERT ON rbac.users FOR EACH ROW WHEN (NEW.username LIKE 'ft%') EXECUTE FUNCTION foreign_triggers.greet();
SELECT rbac.create_user('ft_bob') IS NOT NULL;
ROLLBACK;
