-- What does has_scope cost about the tenant of a row, where an index serves? The first
-- hundred by title of the rows of one tenant, of 1,000,000 rows of 1,000 tenants, none
-- after its like, beside the same with the tenant as a literal: a statement of a client,
-- prepared, and planned each time. isolation/rows.sql asks for more: policies, several
-- tenants, other queries.

SET client_min_messages = warning;

SELECT rbac.create_scope('read:document'), rbac.create_permission('reading documents', scopes => '{read:document}'),
       rbac.create_role('reader', permissions => '{reading documents}'),
       rbac.grant_role(bench.person(1), 'reader', bench.tenant(300)) \g /dev/null
CREATE TABLE bench.documents (id bigint NOT NULL, tenant_id uuid NOT NULL, title text NOT NULL);
INSERT INTO bench.documents
SELECT n, bench.tenant(n * 7919 % 1000), md5(n::text) FROM generate_series(1::bigint, 1000000) AS n;
CREATE INDEX ON bench.documents (tenant_id);
VACUUM ANALYZE;

CREATE TABLE bench.statements (entrant text PRIMARY KEY, statement text);
INSERT INTO bench.statements
SELECT entrant, format('SELECT id, title FROM bench.documents WHERE %s ORDER BY title LIMIT 100', condition)
FROM (VALUES ('literal', format('tenant_id = %L', bench.tenant(300))),
             ('has_scope', 'rbac.has_scope(''read:document'', tenant_id)')) AS e (entrant, condition);
INSERT INTO bench.entrants (contest, entrant, calls, query)
SELECT contest, entrant, 20, CASE contest WHEN 'prepared' THEN format('EXECUTE %I', entrant) ELSE statement END
FROM bench.statements, (VALUES ('prepared', 1), ('planned each time', 2)) AS c (contest, place)
ORDER BY place, entrant DESC;

-- What is measured must be the answer to the question.
SELECT rbac.set_identity(bench.person(1), bench.tenant(300), local => false) \g /dev/null
DO $$
BEGIN
    ASSERT (SELECT count(*) = 1000 AND bool_and(tenant_id = bench.tenant(300))
            FROM bench.documents WHERE rbac.has_scope('read:document', tenant_id));
END
$$;
