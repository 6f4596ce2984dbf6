-- Rights of the role that serves, "console". It appends to the change log. It can neither rewrite the log nor switch
-- off a trigger, because the tables belong to the role that migrates, "console_owner". Run this as the owner after
-- each migrate:
--   psql "$OWNER_URL" --file console/deploy/roles.sql
GRANT USAGE ON SCHEMA public TO console;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO console;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO console;
REVOKE UPDATE, DELETE ON changes_event FROM console;
REVOKE DELETE ON changes_change, changes_checkpoint FROM console;
REVOKE INSERT, UPDATE, DELETE ON changes_archivedevent, changes_archive FROM console;
DO $$
DECLARE part regclass;  -- a partition of the archive, detached or not: "console" reads it through the archive only
BEGIN
    FOR part IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relname LIKE 'changes\_archivedevent\_%' LOOP
        EXECUTE format('REVOKE ALL ON %s FROM console', part);
    END LOOP;
END $$;
REVOKE INSERT, UPDATE, DELETE ON django_migrations, django_content_type FROM console;
