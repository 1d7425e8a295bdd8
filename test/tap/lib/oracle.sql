-- The oracle: every question that there is about a small world, and the answer
-- to each in plain SQL, written from the one sentence that says what the model
-- means. It uses no function of rbac but those that it judges.

CREATE SCHEMA oracle;

-- The world: everything that may be asked about. What of it exists changes as
-- the test goes on; each also has a member that never does.
CREATE TABLE oracle.users (id uuid PRIMARY KEY, name text);
CREATE TABLE oracle.tenants (id uuid PRIMARY KEY, name text);
CREATE TABLE oracle.departments (id uuid PRIMARY KEY, tenant_id uuid, parent_id uuid, name text);
CREATE TABLE oracle.scopes (name text PRIMARY KEY);
CREATE TABLE oracle.permissions (name text PRIMARY KEY);
CREATE TABLE oracle.roles (tenant_id uuid, name text);

-- Each user, scope and place: no tenant at all, a tenant, a department named
-- with its own tenant or with another one.
CREATE TABLE oracle.points (
    id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    user_id uuid, scope text, tenant_id uuid, department_id uuid,
    UNIQUE NULLS NOT DISTINCT (user_id, scope, tenant_id, department_id)
);

-- Who may be asking.
CREATE TABLE oracle.identities (
    id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    user_id uuid, tenant_id uuid, scopes text[]
);

-- How each question is put, in terms of the columns of oracle.questions.
CREATE TABLE oracle.forms (
    form text PRIMARY KEY,
    function text NOT NULL,
    expression text NOT NULL,
    about_identity boolean NOT NULL
);

CREATE TABLE oracle.questions (
    id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    form text REFERENCES oracle.forms,
    identity int REFERENCES oracle.identities,
    user_id uuid, scope text, scopes text[], tenant_id uuid, department_id uuid,
    point int REFERENCES oracle.points
);
CREATE INDEX ON oracle.questions (identity, form);

-- require_scope as a question, and explain_scope as a decision.
CREATE FUNCTION oracle.is_required(scope text, tenant_id uuid DEFAULT NULL, department_id uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF department_id IS NOT NULL THEN
        RETURN rbac.require_scope(scope, tenant_id, department_id);
    ELSIF tenant_id IS NOT NULL THEN
        RETURN rbac.require_scope(scope, tenant_id);
    END IF;
    RETURN rbac.require_scope(scope);
EXCEPTION WHEN insufficient_privilege THEN
    RETURN false;
END $$;

-- The key of a tenant, also of one that is gone.
CREATE FUNCTION oracle.key(tenant_id uuid) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce((SELECT ltrim(t.name, 't') FROM oracle.tenants AS t WHERE t.id = tenant_id), '77') $$;

-- The check as a condition that an index serves, which nothing checks again.
CREATE FUNCTION oracle.is_found(scope text, tenant uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN tenant = ANY (ARRAY(SELECT t.id FROM oracle.tenants AS t WHERE rbac.has_scope(scope, t.id)));
END $$;
CREATE FUNCTION oracle.is_found(scope text, tenant uuid, department uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_bitmapscan = off AS $$
BEGIN
    RETURN EXISTS (SELECT FROM oracle.departments AS d WHERE d.id = department AND rbac.has_scope(scope, tenant, d.id));
END $$;

INSERT INTO oracle.forms (form, function, expression, about_identity) VALUES
    ('has_scope(s)',       'rbac.has_scope(text)', 'rbac.has_scope(q.scope)', true),
    ('has_scope(s,t)',     'rbac.has_scope(text,uuid)', 'rbac.has_scope(q.scope, q.tenant_id)', true),
    ('has_scope(s,t,d)',   'rbac.has_scope(text,uuid,uuid)', 'rbac.has_scope(q.scope, q.tenant_id, q.department_id)', true),
    ('has_scope_index(s,t)',   'rbac.has_scope(text,uuid)', 'oracle.is_found(q.scope, q.tenant_id)', true),
    ('has_scope_index(s,t,d)', 'rbac.has_scope(text,uuid,uuid)', 'oracle.is_found(q.scope, q.tenant_id, q.department_id)', true),
    ('has_scope_by_key(s,t)',     'rbac.has_scope_by_key(text,text)', 'rbac.has_scope_by_key(q.scope, oracle.key(q.tenant_id))', true),
    ('has_scope_by_key(s,t,d)',   'rbac.has_scope_by_key(text,text,uuid)', 'rbac.has_scope_by_key(q.scope, oracle.key(q.tenant_id), q.department_id)', true),
    ('has_scope_by_number(s,t)',   'rbac.has_scope_by_key(text,bigint)', 'rbac.has_scope_by_key(q.scope, oracle.key(q.tenant_id)::bigint)', true),
    ('has_scope_by_number(s,t,d)', 'rbac.has_scope_by_key(text,bigint,uuid)', 'rbac.has_scope_by_key(q.scope, oracle.key(q.tenant_id)::bigint, q.department_id)', true),
    ('has_scope_by_int(s,t)',   'rbac.has_scope_by_key(text,integer)', 'rbac.has_scope_by_key(q.scope, oracle.key(q.tenant_id)::integer)', true),
    ('has_scope_by_int(s,t,d)', 'rbac.has_scope_by_key(text,integer,uuid)', 'rbac.has_scope_by_key(q.scope, oracle.key(q.tenant_id)::integer, q.department_id)', true),
    ('tenant_keys_with_scope', 'rbac.tenant_keys_with_scope(text)', 'ARRAY(SELECT t.id FROM oracle.tenants AS t WHERE ltrim(t.name, ''t'') = ANY (rbac.tenant_keys_with_scope(q.scope)) ORDER BY t.id)', true),
    ('has_scope_everywhere', 'rbac.has_scope_everywhere(text)', 'rbac.has_scope_everywhere(q.scope)', true),
    ('has_any_scope(s)',   'rbac.has_any_scope(text[])', 'rbac.has_any_scope(q.scopes)', true),
    ('has_any_scope(s,t)', 'rbac.has_any_scope(text[],uuid)', 'rbac.has_any_scope(q.scopes, q.tenant_id)', true),
    ('has_all_scopes(s)',  'rbac.has_all_scopes(text[])', 'rbac.has_all_scopes(q.scopes)', true),
    ('has_all_scopes(s,t)', 'rbac.has_all_scopes(text[],uuid)', 'rbac.has_all_scopes(q.scopes, q.tenant_id)', true),
    ('tenants_with_scope', 'rbac.tenants_with_scope(text)', 'rbac.tenants_with_scope(q.scope)', true),
    ('departments_with_scope', 'rbac.departments_with_scope(text)', 'rbac.departments_with_scope(q.scope)', true),
    ('effective_scopes',   'rbac.effective_scopes()', 'ARRAY(SELECT e FROM rbac.effective_scopes() WITH ORDINALITY AS f(e, n) ORDER BY n)', true),
    ('user_has_scope(u,s,t)',   'rbac.user_has_scope(uuid,text,uuid)', 'rbac.user_has_scope(q.user_id, q.scope, q.tenant_id)', false),
    ('user_has_scope(u,s,t,d)', 'rbac.user_has_scope(uuid,text,uuid,uuid)', 'rbac.user_has_scope(q.user_id, q.scope, q.tenant_id, q.department_id)', false),
    ('effective_scopes(u,t)',   'rbac.effective_scopes(uuid,uuid)', 'ARRAY(SELECT e FROM rbac.effective_scopes(q.user_id, q.tenant_id) WITH ORDINALITY AS f(e, n) ORDER BY n)', false),
    ('require_scope(s)',     'rbac.require_scope(text)', 'oracle.is_required(q.scope)', true),
    ('require_scope(s,t)',   'rbac.require_scope(text,uuid)', 'oracle.is_required(q.scope, q.tenant_id)', true),
    ('require_scope(s,t,d)', 'rbac.require_scope(text,uuid,uuid)', 'oracle.is_required(q.scope, q.tenant_id, q.department_id)', true),
    ('explain_scope(s)',       'rbac.explain_scope(text)', '(SELECT coalesce(bool_or(e.granted), false) FROM rbac.explain_scope(q.scope) AS e)', true),
    ('explain_scope(s,t)',     'rbac.explain_scope(text,uuid)', '(SELECT coalesce(bool_or(e.granted), false) FROM rbac.explain_scope(q.scope, q.tenant_id) AS e)', true),
    ('explain_scope(s,t,d)',   'rbac.explain_scope(text,uuid,uuid)', '(SELECT coalesce(bool_or(e.granted), false) FROM rbac.explain_scope(q.scope, q.tenant_id, q.department_id) AS e)', true),
    ('explain_scope(u,s,t)',   'rbac.explain_scope(uuid,text,uuid)', '(SELECT coalesce(bool_or(e.granted), false) FROM rbac.explain_scope(q.user_id, q.scope, q.tenant_id) AS e)', false),
    ('explain_scope(u,s,t,d)', 'rbac.explain_scope(uuid,text,uuid,uuid)', '(SELECT coalesce(bool_or(e.granted), false) FROM rbac.explain_scope(q.user_id, q.scope, q.tenant_id, q.department_id) AS e)', false),
    ('users_with_scope',       'rbac.users_with_scope(text,uuid)', 'ARRAY(SELECT e FROM rbac.users_with_scope(q.scope, q.tenant_id) WITH ORDINALITY AS f(e, n) ORDER BY n)', false);

-- The sentence. User U has scope S in tenant T (and department D) at time now
-- iff ...
CREATE VIEW oracle.granted AS
WITH RECURSIVE
-- ... whose role reaches, through zero or more role_inherits steps, a role ...
reaches (role_id, reached_id) AS (
    SELECT r.id, r.id FROM rbac.roles AS r
    UNION
    SELECT reaches.role_id, i.inherits_role_id
    FROM reaches JOIN rbac.role_inherits AS i ON i.role_id = reaches.reached_id
),
-- ... with a permission that carries S
carries (role_id, scope) AS (
    SELECT DISTINCT reaches.role_id, s.name
    FROM reaches
    JOIN rbac.role_permissions AS rp ON rp.role_id = reaches.reached_id
    JOIN rbac.permission_scopes AS ps ON ps.permission_id = rp.permission_id
    JOIN rbac.scopes AS s ON s.id = ps.scope_id
),
-- D or an ancestor of D
covered_by (department_id, above_id) AS (
    SELECT d.id, d.id FROM rbac.departments AS d
    UNION
    SELECT covered_by.department_id, d.parent_id
    FROM covered_by JOIN rbac.departments AS d ON d.id = covered_by.above_id
    WHERE d.parent_id IS NOT NULL
),
-- there is a user_roles row of U, valid now (valid_from included, valid_until
-- excluded, now is statement_timestamp()) ...
held AS MATERIALIZED (
    SELECT DISTINCT a.user_id, c.scope, a.tenant_id, a.department_id
    FROM rbac.user_roles AS a JOIN carries AS c ON c.role_id = a.role_id
    WHERE coalesce(a.valid_from <= statement_timestamp(), true)
      AND coalesce(statement_timestamp() < a.valid_until, true)
)
SELECT p.id AS point
FROM oracle.points AS p
WHERE
-- U and T are active (a check with no current tenant has no T) and
    EXISTS (SELECT FROM rbac.users AS u WHERE u.id = p.user_id AND u.is_active)
AND (p.tenant_id IS NULL
     OR EXISTS (SELECT FROM rbac.tenants AS t WHERE t.id = p.tenant_id AND t.is_active))
-- (unknown department, and a department of another tenant: no scope)
AND (p.department_id IS NULL
     OR EXISTS (SELECT FROM rbac.departments AS d
                WHERE d.id = p.department_id AND d.tenant_id = p.tenant_id))
-- there is such a row, with tenant_id NULL or T and department_id NULL or D or
-- an ancestor of D. A check with no current tenant counts only tenant_id NULL,
-- one that names no department only department_id NULL: nothing equals NULL.
AND EXISTS (SELECT FROM held AS h
            WHERE h.user_id = p.user_id AND h.scope = p.scope
              AND (h.tenant_id IS NULL OR h.tenant_id = p.tenant_id)
              AND (h.department_id IS NULL
                   OR EXISTS (SELECT FROM covered_by AS c
                              WHERE c.department_id = p.department_id AND c.above_id = h.department_id)));

-- What every question must be answered with. Under an identity, effective is
-- held by the user and listed by the identity.
CREATE VIEW oracle.truth AS
WITH granted AS MATERIALIZED (
    SELECT p.* FROM oracle.granted AS g JOIN oracle.points AS p ON p.id = g.point
),
question AS (
    SELECT q.*, i.scopes AS listed,
           coalesce(i.user_id, q.user_id) AS subject,
           coalesce(q.tenant_id, i.tenant_id) AS place,
           q.identity IS NOT NULL
           AND (NOT EXISTS (SELECT FROM rbac.users AS u WHERE u.id = i.user_id)
                OR i.tenant_id IS NOT NULL
                AND NOT EXISTS (SELECT FROM rbac.tenants AS t WHERE t.id = i.tenant_id)) AS is_nobody
    FROM oracle.questions AS q LEFT JOIN oracle.identities AS i ON i.id = q.identity
)
SELECT q.id AS question,
    CASE
    WHEN q.is_nobody THEN 'refused'
    WHEN q.point IS NOT NULL THEN
        (coalesce(q.scope = ANY (q.listed), true)
         AND q.point IN (SELECT g.id FROM granted AS g))::text
    WHEN q.form LIKE 'has_any_scope%' THEN
        EXISTS (SELECT FROM unnest(q.scopes) AS s (name)
                JOIN granted AS g ON g.scope = s.name
                WHERE g.user_id = q.subject AND g.tenant_id IS NOT DISTINCT FROM q.place
                  AND g.department_id IS NULL AND coalesce(s.name = ANY (q.listed), true))::text
    WHEN q.form LIKE 'has_all_scopes%' THEN
        (cardinality(q.scopes) > 0 AND NOT EXISTS (
            SELECT FROM unnest(q.scopes) AS s (name)
            WHERE NOT EXISTS (SELECT FROM granted AS g
                              WHERE g.scope = s.name
                                AND g.user_id = q.subject AND g.tenant_id IS NOT DISTINCT FROM q.place
                                AND g.department_id IS NULL)
               OR NOT coalesce(s.name = ANY (q.listed), true)))::text
    WHEN q.form IN ('tenants_with_scope', 'tenant_keys_with_scope') THEN
        ARRAY(SELECT g.tenant_id FROM granted AS g
              WHERE g.user_id = q.subject AND g.scope = q.scope AND g.tenant_id IS NOT NULL
                AND g.department_id IS NULL AND coalesce(g.scope = ANY (q.listed), true)
              ORDER BY g.tenant_id)::text
    WHEN q.form = 'departments_with_scope' THEN
        ARRAY(SELECT g.department_id FROM granted AS g
              WHERE g.user_id = q.subject AND g.scope = q.scope
                AND g.department_id IS NOT NULL AND coalesce(g.scope = ANY (q.listed), true)
              ORDER BY g.department_id)::text
    WHEN q.form LIKE 'effective_scopes%' THEN
        ARRAY(SELECT g.scope FROM granted AS g
              WHERE g.user_id = q.subject AND g.tenant_id IS NOT DISTINCT FROM q.place
                AND g.department_id IS NULL AND coalesce(g.scope = ANY (q.listed), true)
              ORDER BY g.scope COLLATE "C")::text
    WHEN q.form = 'users_with_scope' THEN
        ARRAY(SELECT g.user_id FROM granted AS g
              WHERE g.scope = q.scope AND g.tenant_id = q.tenant_id AND g.department_id IS NULL
              ORDER BY g.user_id)::text
    END AS answer
FROM question AS q;

-- What rbac answers. An identity whose user or tenant does not exist is refused.
CREATE FUNCTION oracle.answers() RETURNS TABLE (question int, answer text)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    who oracle.identities;
    asked oracle.forms;
    is_refused boolean;
BEGIN
    FOR who IN SELECT * FROM oracle.identities ORDER BY id LOOP
        BEGIN
            PERFORM rbac.set_identity(who.user_id, who.tenant_id, who.scopes);
            is_refused := false;
        EXCEPTION WHEN undefined_object THEN
            is_refused := true;
        END;
        IF is_refused THEN
            RETURN QUERY SELECT q.id, 'refused' FROM oracle.questions AS q WHERE q.identity = who.id;
            CONTINUE;
        END IF;
        FOR asked IN SELECT DISTINCT f.* FROM oracle.forms AS f JOIN oracle.questions AS q USING (form)
                     WHERE q.identity = who.id LOOP
            RETURN QUERY EXECUTE format(
                'SELECT q.id, (%s)::text FROM oracle.questions AS q WHERE q.identity = %s AND q.form = %L',
                asked.expression, who.id, asked.form);
        END LOOP;
    END LOOP;
    PERFORM rbac.clear_identity();
    FOR asked IN SELECT DISTINCT f.* FROM oracle.forms AS f JOIN oracle.questions AS q USING (form)
                 WHERE q.identity IS NULL LOOP
        RETURN QUERY EXECUTE format(
            'SELECT q.id, (%s)::text FROM oracle.questions AS q WHERE q.identity IS NULL AND q.form = %L',
            asked.expression, asked.form);
    END LOOP;
END $$;

-- How many questions were compared, and those on which rbac and the sentence
-- differ, readable.
CREATE FUNCTION oracle.describe(question int, rbac_says text, truth text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT format('%s user=%s scope=%s scopes=%s tenant=%s department=%s as %s in %s listing %s: rbac says %s, the truth is %s',
                  q.form, coalesce(u.name, iu.name), q.scope, q.scopes, t.name, d.name, iu.name, it.name, i.scopes,
                  rbac_says, truth)
    FROM oracle.questions AS q
    LEFT JOIN oracle.identities AS i ON i.id = q.identity
    LEFT JOIN oracle.users AS u ON u.id = q.user_id
    LEFT JOIN oracle.users AS iu ON iu.id = i.user_id
    LEFT JOIN oracle.tenants AS t ON t.id = q.tenant_id
    LEFT JOIN oracle.tenants AS it ON it.id = i.tenant_id
    LEFT JOIN oracle.departments AS d ON d.id = q.department_id
    WHERE q.id = question
$$;

CREATE FUNCTION oracle.compare(OUT compared bigint, OUT held bigint, OUT differences text[])
LANGUAGE sql VOLATILE AS $$
    SELECT count(*),
           count(*) FILTER (WHERE t.answer NOT IN ('false', 'refused', '{}')),
           (array_agg(oracle.describe(question, a.answer, t.answer))
               FILTER (WHERE a.answer IS DISTINCT FROM t.answer))[1:5]
    FROM oracle.answers() AS a FULL JOIN oracle.truth AS t USING (question)
$$;

-- The same as one line each, to be compared across sessions.
CREATE FUNCTION oracle.answers_line() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT string_agg(left(md5(answer), 4), ' ' ORDER BY question) FROM oracle.answers() $$;
CREATE FUNCTION oracle.truth_line() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT string_agg(left(md5(answer), 4), ' ' ORDER BY question) FROM oracle.truth $$;

-- Asks in the middle of every statement that writes assignments, after rbac's
-- own triggers and before the next command: what is learned there must not last.
CREATE FUNCTION oracle.ask_in_between() RETURNS trigger LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM rbac.user_has_scope(u.id, s.name, t.id) FROM oracle.users AS u, oracle.scopes AS s, oracle.tenants AS t;
    RETURN NULL;
END $$;
CREATE TRIGGER zz_ask_in_between AFTER INSERT OR UPDATE OR DELETE ON rbac.user_roles
    FOR EACH STATEMENT EXECUTE FUNCTION oracle.ask_in_between();
