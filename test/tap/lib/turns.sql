-- Bob, to whom one of ten roles is given at each turn, and who watches that.
DELETE FROM rbac.user_roles WHERE user_id = 'a0000000-0000-0000-0000-000000000002';
INSERT INTO rbac.scopes (id, name) SELECT 1000 + n, 'turn:' || n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.permissions (id, name) SELECT 1000 + n, 'turn ' || n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.permission_scopes SELECT 1000 + n, 1000 + n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.roles (id, name) SELECT 1000 + n, 'turn ' || n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.role_permissions SELECT 1000 + n, 1000 + n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('a0000000-0000-0000-0000-000000000002', 1000, 'b0000000-0000-0000-0000-000000000001');
CREATE TABLE story.turn AS SELECT 0 AS n;
CREATE TABLE story.noise (n int);

-- One transaction after another gives the only role of bob's to the next. A
-- temporary table of many columns makes for many messages that go out before
-- ours: there are fewer changes then, but the gap is wide.
CREATE PROCEDURE story.take_turns(seconds float, columns int) LANGUAGE plpgsql AS $$
DECLARE
    wide text := (SELECT format('CREATE TEMP TABLE wide (%s) ON COMMIT DROP', string_agg('c' || n || ' int', ', ')) FROM generate_series(1, columns) AS n);
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        UPDATE rbac.user_roles AS a SET role_id = 1000 + (a.role_id - 999) % 10 WHERE a.user_id = 'a0000000-0000-0000-0000-000000000002';
        UPDATE story.turn AS t SET n = t.n + 1;
        IF columns > 0 THEN
            EXECUTE wide;
        END IF;
        COMMIT;
    END LOOP;
END $$;

-- What a statement sees of story.turn, it must see of the roles at least. By
-- then others may have had their turn: then it has moved on.
CREATE PROCEDURE story.watch_turns(seconds float, INOUT checks int DEFAULT 0, INOUT stale int DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
    seen int;
    may boolean;
    now_it_is int;
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        SELECT t.n, rbac.user_has_scope('a0000000-0000-0000-0000-000000000002', 'turn:' || t.n % 10, 'b0000000-0000-0000-0000-000000000001') INTO seen, may FROM story.turn AS t;
        SELECT t.n INTO now_it_is FROM story.turn AS t;
        IF NOT may AND now_it_is = seen THEN
            stale := stale + 1;
        END IF;
        checks := checks + 1;
    END LOOP;
END $$;

-- Exactly one of the ten is held at any moment.
CREATE PROCEDURE story.watch_mixtures(seconds float, INOUT checks int DEFAULT 0, INOUT mixed int DEFAULT 0) LANGUAGE plpgsql AS $$
DECLARE
    every text[] := ARRAY(SELECT 'turn:' || n FROM generate_series(0, 9) AS n);
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        IF NOT rbac.has_any_scope(every) THEN mixed := mixed + 1; END IF;
        IF rbac.has_all_scopes(every[1:2]) THEN mixed := mixed + 1; END IF;
        IF (SELECT count(*) FROM rbac.effective_scopes() AS e WHERE e LIKE 'turn:%') <> 1 THEN mixed := mixed + 1; END IF;
        checks := checks + 3;
    END LOOP;
END $$;

CREATE PROCEDURE story.make_noise(seconds float) LANGUAGE plpgsql AS $$
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        INSERT INTO story.noise VALUES (1);
        COMMIT;
    END LOOP;
END $$;
