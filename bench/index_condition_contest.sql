-- A contest begins: who asks, and what is prepared.
SELECT rbac.set_identity(bench.person(1), bench.tenant(300), local => false) \g /dev/null
SELECT format('PREPARE %I AS %s', entrant, statement) FROM bench.statements
\gexec
