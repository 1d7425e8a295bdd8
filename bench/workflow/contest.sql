-- A session begins: who asks, and what is prepared. Variable: kind.
SELECT rbac.set_identity(person, tenant, local => false), set_config('bench.person', person::text, false) FROM bench.asker \g /dev/null
SELECT format('PREPARE step_%s (bigint) AS UPDATE %s SET status_id = 3 - status_id WHERE id = $1', entrant, tbl) FROM bench.tables WHERE kind = :'kind'
UNION ALL
SELECT format('PREPARE steps_%s AS UPDATE %s SET status_id = 3 - status_id WHERE id <= %s', entrant, tbl, :rows) FROM bench.tables WHERE kind = :'kind'
UNION ALL
SELECT format('PREPARE other_%s (bigint) AS UPDATE %s SET title = title WHERE id = $1', entrant, tbl) FROM bench.tables WHERE kind = :'kind'
\gexec
