-- All of it, in an empty database, as a superuser. Variables: tasks, employees; without
-- them there is nothing in it but the rules.

SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS rbac;
\ir schema.sql
\ir policy.sql
\ir workflow.sql
\if :{?tasks}
\ir sample.sql
\endif
\ir rules.sql
\ir identity.sql
\ir lists.sql
\ir changes.sql
\ir report.sql
\ir archive.sql
\ir application.sql
CALL work.make_partitions();
VACUUM ANALYZE;
