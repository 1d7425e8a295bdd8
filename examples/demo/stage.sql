-- What the demonstration needs to tell its story: questions with the answers that
-- are expected of them, and a clock.

CREATE SCHEMA demo;

-- A question and its answer by rbac, beside the answer that is expected.
CREATE TABLE demo.questions (
    place      integer GENERATED ALWAYS AS IDENTITY,
    story      text NOT NULL,
    who        text NOT NULL,
    scope      text NOT NULL,
    tenant     text NOT NULL,
    department text,
    listed     text[],              -- the scopes of the token that came along
    expected   boolean NOT NULL,
    reason     text,                -- expected of explain_scope, if anything is
    kind       text                 -- what the question is to show
);

CREATE FUNCTION demo.user_id(who text) RETURNS uuid
LANGUAGE sql STABLE AS $$ SELECT u.id FROM rbac.users AS u WHERE u.username = who $$;
CREATE FUNCTION demo.tenant_id(tenant text) RETURNS uuid
LANGUAGE sql STABLE AS $$ SELECT t.id FROM rbac.tenants AS t WHERE t.key = tenant $$;
CREATE FUNCTION demo.department_id(tenant text, department text) RETURNS uuid
LANGUAGE sql STABLE AS $$
    SELECT d.id FROM rbac.departments AS d
    WHERE d.tenant_id = demo.tenant_id(tenant) AND d.name = department
$$;

-- Asks as an application does: says who is asking, then asks.
CREATE FUNCTION demo.ask(q demo.questions) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM rbac.set_identity(demo.user_id(q.who), demo.tenant_id(q.tenant), q.listed);
    IF q.department IS NULL THEN
        RETURN rbac.has_scope(q.scope);
    END IF;
    RETURN rbac.has_scope(q.scope, demo.tenant_id(q.tenant), demo.department_id(q.tenant, q.department));
END
$$;

CREATE FUNCTION demo.explain(q demo.questions)
RETURNS TABLE (granted boolean, reason text, role text, path text[], tenant text, department text,
               valid_from timestamptz, valid_until timestamptz)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM rbac.set_identity(demo.user_id(q.who), demo.tenant_id(q.tenant), q.listed);
    IF q.department IS NULL THEN
        RETURN QUERY SELECT * FROM rbac.explain_scope(q.scope);
    ELSE
        RETURN QUERY SELECT * FROM rbac.explain_scope(
            q.scope, demo.tenant_id(q.tenant), demo.department_id(q.tenant, q.department));
    END IF;
END
$$;

-- The demonstration is a test as well: it ends where an answer is not the one
-- that is expected.
CREATE PROCEDURE demo.insist(told text)
LANGUAGE plpgsql AS $$
DECLARE
    q demo.questions;
    answer boolean;
    explained record;
    asked integer := 0;
BEGIN
    FOR q IN SELECT * FROM demo.questions WHERE story = told ORDER BY place LOOP
        answer := demo.ask(q);
        SELECT bool_or(e.granted) AS granted,
               (array_agg(e.reason))[1] AS first_reason
        INTO explained FROM demo.explain(q) AS e;
        ASSERT answer IS NOT DISTINCT FROM q.expected,
            format('%s, %s: answered %s', q.who, q.scope, answer);
        ASSERT explained.granted IS NOT DISTINCT FROM q.expected,
            format('%s, %s: explained as granted: %s', q.who, q.scope, explained.granted);
        ASSERT q.reason IS NULL OR explained.first_reason = q.reason,
            format('%s, %s: explained by %s instead of %s', q.who, q.scope, explained.first_reason, q.reason);
        asked := asked + 1;
    END LOOP;
    ASSERT asked > 0, 'no questions in ' || told;
END
$$;

-- Nanoseconds of processor time that this backend has used; where the system does
-- not tell, of any time.
CREATE FUNCTION demo.nanoseconds() RETURNS numeric
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric;
EXCEPTION WHEN OTHERS THEN
    RETURN extract(epoch FROM clock_timestamp()) * 1e9;
END
$$;

-- The system may count that time in steps of some milliseconds, so the query is
-- repeated for a quarter of a second at least.
CREATE FUNCTION demo.time_of(query text, calls integer) RETURNS numeric
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    began_at timestamptz;
    began numeric;
    times integer := 0;
BEGIN
    EXECUTE query;                  -- once to warm up
    began_at := clock_timestamp();
    began := demo.nanoseconds();
    WHILE clock_timestamp() < began_at + interval '250 ms' LOOP
        EXECUTE query;
        times := times + 1;
    END LOOP;
    RETURN (demo.nanoseconds() - began) / (calls * times);
END
$$;

-- How answers and places look.
CREATE FUNCTION demo.said(answer boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE WHEN answer THEN 'yes' ELSE 'no' END $$;
CREATE FUNCTION demo.place(tenant text, department text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT concat_ws(' / ', tenant, department) $$;
