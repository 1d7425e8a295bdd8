-- Why can the current user do something with a row, or why not?

CREATE FUNCTION rbac.explain_row(tbl regclass, key text) RETURNS TABLE (
    command text, allowed boolean, policy name, kind text, passes boolean, reason text
)
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL UNSAFE COST 10000 ROWS 12
AS 'MODULE_PATHNAME', 'rbac_explain_row';
COMMENT ON FUNCTION rbac.explain_row(regclass, text) IS 
'Why can the current user, as the current role, select, update or delete this row, or why not? tbl: a table; its policies count, not those of its partitions; key: its primary key as text, of several columns as a row literal: (1,abc), in the order of the primary key. One row per command and policy that is for the role and the command, and one per reason that is no policy''s; restrictive policies first. allowed: what PostgreSQL would do, the same in each row of a command; for UPDATE and DELETE: ... WHERE key, which takes the SELECT policies as well, and an UPDATE that changes nothing the policies look at. policy: NULL if the reason is none''s. kind: restrictive, permissive; restrictive check, permissive check (a WITH CHECK that is not the same as USING); privilege; row (there is none, or none that is visible); select (of UPDATE and DELETE: the row cannot be selected); row_security (it does not bind the role). passes: does the condition hold for this row; NULL if that is not said. Whoever has the rights of the table''s owner sees past the policies. Others learn, of a row that their SELECT does not show, the same as of one that does not exist; of one that it shows, nothing about columns that they may not select, and the names of other tenants and users only as ids. Policies are evaluated with the rights of the caller, and not at all where they do not bind it. Not for PUBLIC. Errors: 22004 (NULL), 22P02 and others (not a key of this type), 42P01 (no such table), 42809 (not a table), 55000 (no primary key; a row that policies show only sometimes), 21000 (tables that inherit have such a row, too), and what a policy raises, with its name in CONTEXT.';

-- It says more than SELECT does, though not of other rows: to whom, the DBA decides.
REVOKE ALL ON FUNCTION rbac.explain_row(regclass, text) FROM PUBLIC;
