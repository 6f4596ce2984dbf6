-- Rights of the two roles of the database. Run this as the owning role after each migrate:
--   psql "$OWNER_URL" --file console/deploy/roles.sql
-- The owning role has the tables and migrates. The serving role works with them: it can neither rewrite the change log
-- nor switch off a trigger. Other names than these two: --set serving=NAME --set owning=NAME
-- All of it happens, or nothing: at the first problem psql prints what to do and exits with an error.
\set ON_ERROR_STOP on
\set AUTOCOMMIT on
\if :{?serving}
\else
    \set serving console
\endif
\if :{?owning}
\else
    \set owning console_owner
\endif

BEGIN;
-- A DO block sees no variables of psql.
SELECT set_config('console.serving', :'serving', true) AS serving, set_config('console.owning', :'owning', true) AS owning
\gset

-- 1. The roles and the tables are as they have to be.
DO $$
DECLARE
    serving text := current_setting('console.serving');
    owning text := current_setting('console.owning');
    item record;
BEGIN
    FOR item IN SELECT name FROM (VALUES (serving), (owning)) AS roles (name)
        WHERE name NOT IN (SELECT rolname FROM pg_roles)
    LOOP
        RAISE EXCEPTION 'There is no role "%".', item.name
            USING HINT = 'Create it, or name the roles: --set serving=NAME --set owning=NAME';
    END LOOP;
    IF serving = owning THEN
        RAISE EXCEPTION 'The serving and the owning role are the same, "%".', serving
            USING HINT = 'Create a second role that owns the tables: "From one role to two" in operating.md.';
    END IF;
    FOR item IN SELECT rolname FROM pg_roles WHERE rolname IN (serving, owning) AND rolsuper LOOP
        RAISE EXCEPTION 'The role "%" is a superuser.', item.rolname
            USING HINT = format('Let another superuser run: ALTER ROLE %I NOSUPERUSER', item.rolname);
    END LOOP;
    -- What a role may do, its members may do after SET ROLE. Whoever owns the database is a member of pg_database_owner.
    FOR item IN SELECT rolname FROM pg_roles
        WHERE pg_has_role(serving, oid, 'MEMBER') AND (rolsuper OR rolcreaterole OR rolname IN (owning,
            'pg_database_owner', 'pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program'))
        ORDER BY rolname LIKE 'pg\_%'
    LOOP
        IF item.rolname = serving THEN
            RAISE EXCEPTION 'The serving role "%" may create roles.', serving
                USING HINT = format('Let a superuser run: ALTER ROLE %I NOCREATEROLE', serving);
        END IF;
        RAISE EXCEPTION 'The serving role "%" is a member of the role "%".', serving, item.rolname
            USING HINT = CASE item.rolname
                WHEN 'pg_database_owner' THEN 'It owns the database. See "From one role to two" in operating.md.'
                ELSE format('Run: REVOKE %I FROM %I', item.rolname, serving)
            END;
    END LOOP;
    IF to_regclass('public.changes_event') IS NULL THEN
        RAISE EXCEPTION 'The database "%" has no tables of the console.', current_database()
            USING HINT = 'Run `manage.py migrate` as the owning role first.';
    END IF;
    FOR item IN
        SELECT relname AS name, relowner AS owner FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v')
        UNION ALL
        SELECT proname, proowner FROM pg_proc f WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e') -- of an extension
    LOOP
        IF pg_get_userbyid(item.owner) <> owning THEN
            RAISE EXCEPTION '"%" belongs to the role "%", not to the owning role "%".',
                item.name, pg_get_userbyid(item.owner), owning
                USING HINT = 'See "From one role to two" in operating.md.';
        END IF;
    END LOOP;
END $$;

-- 2. The database. A temporary table or a function of the serving role could stand in for one that a trigger reads.
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON DATABASE :"DBNAME" FROM :"serving";
GRANT CONNECT ON DATABASE :"DBNAME" TO :"serving";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM :"serving";
GRANT USAGE ON SCHEMA public TO :"serving";
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM :"serving";
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO :"serving";

-- 3. The tables. A table that is not named here gets the rights of the last two lines of CASE: whatever the log consists
-- of can be added to, and everything else be changed. Then look at the rights that the serving role really has, by
-- whichever way: it may have others from PUBLIC, on a column, or as a member of a role such as pg_write_all_data.
DO $$
DECLARE
    serving text := current_setting('console.serving');
    item record;
    privilege text;
BEGIN
    FOR item IN
        SELECT oid::regclass AS name, CASE
            WHEN relispartition OR relname LIKE 'changes\_archivedevent\_%' THEN '' -- read through their table only
            WHEN relname IN ('changes_archive', 'changes_archivedevent') THEN 'SELECT'
            WHEN relname IN ('django_migrations', 'django_content_type') THEN 'SELECT'
            WHEN relname IN ('changes_change', 'changes_checkpoint', 'changes_loghead') THEN 'SELECT, INSERT, UPDATE'
            WHEN relname IN ('changes_tally', 'changes_share', 'changes_indexedchange', 'changes_indexposition',
                'changes_verification') THEN 'SELECT, INSERT, UPDATE'
            WHEN relname LIKE 'changes\_%' THEN 'SELECT, INSERT'
            ELSE 'SELECT, INSERT, UPDATE, DELETE'
        END AS rights
        FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, %I', item.name, serving);
        IF item.rights <> '' THEN
            EXECUTE format('GRANT %s ON %s TO %I', item.rights, item.name, serving);
        END IF;
        FOREACH privilege IN ARRAY ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
        LOOP
            IF has_table_privilege(serving, item.name, privilege) <> (item.rights LIKE '%' || privilege || '%') THEN
                RAISE EXCEPTION 'The serving role "%" has another % right on % than intended.', serving, privilege, item.name
                    USING HINT = 'Look at the roles that it is a member of: \du in psql.';
            END IF;
        END LOOP;
    END LOOP;
END $$;

-- 4. REVOKE only warns if it may not take a right away.
DO $$
DECLARE
    serving text := current_setting('console.serving');
    item record;
BEGIN
    FOR item IN SELECT holder, privilege FROM
        (VALUES (serving, 'CREATE'), (serving, 'TEMPORARY'), ('public', 'CONNECT')) AS rights (holder, privilege)
        WHERE has_database_privilege(holder, current_database(), privilege)
    LOOP
        RAISE EXCEPTION 'The role "%" still has the right % on the database.', item.holder, item.privilege
            USING HINT = format('Let a superuser run: ALTER DATABASE %I OWNER TO %I',
                current_database(), current_setting('console.owning'));
    END LOOP;
    IF has_schema_privilege(serving, 'public', 'CREATE') THEN
        RAISE EXCEPTION 'The serving role "%" may still create tables in the schema "public".', serving
            USING HINT = 'Let a superuser run: REVOKE CREATE ON SCHEMA public FROM PUBLIC';
    END IF;
END $$;
COMMIT;
