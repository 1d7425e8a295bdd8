-- A contest begins: who asks, and what is prepared. Variable: contest.
SELECT rbac.set_identity(person, bench.tenant(300), local => false)
FROM bench.holders WHERE holds = split_part(:'contest', ', ', 1) \g /dev/null
SELECT unnest(ARRAY[format('SET ROLE %I', e.db_role), format('PREPARE %I AS %s', e.db_role || q.place, q.statement), 'RESET ROLE'])
FROM bench.entrants AS e JOIN bench.queries AS q ON q.query = split_part(e.contest, ', ', 2)
WHERE e.contest = :'contest' AND e.query LIKE 'EXECUTE%'
\gexec
