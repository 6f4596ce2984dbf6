"""The triggers that keep the logs append-only.

The statements are frozen: a later change of a trigger is a migration of its own. ``schema.trigger_check`` compares a
migrated database with what the code expects.
"""

from django.db import migrations

SQLITE = (
    """
    CREATE TRIGGER changes_event_fixed BEFORE UPDATE ON changes_event BEGIN SELECT RAISE(ABORT,
        'an event is never changed'); END
    """,
    """
    CREATE TRIGGER changes_event_next BEFORE INSERT ON changes_event WHEN EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence >= NEW.sequence) OR NOT
        (NEW.sequence = 1 AND NEW.previous_hash =
        '0000000000000000000000000000000000000000000000000000000000000000' OR EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence = NEW.sequence - 1 AND
        e.hash = NEW.previous_hash)) BEGIN SELECT RAISE(ABORT, 'an event is appended to the end of its log');
        END
    """,
    """
    CREATE TRIGGER changes_loghead_begins BEFORE INSERT ON changes_loghead WHEN NEW.sequence <> 0 OR
        NEW.hash <> '0000000000000000000000000000000000000000000000000000000000000000' OR NEW.key_id <> '' OR
        EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id) BEGIN SELECT
        RAISE(ABORT, 'a log begins without an event'); END
    """,
    """
    CREATE TRIGGER changes_loghead_follows BEFORE UPDATE ON changes_loghead WHEN NEW.organization_id <>
        OLD.organization_id OR NEW.sequence <= OLD.sequence OR NOT EXISTS (SELECT 1 FROM changes_event e WHERE
        e.organization_id = NEW.organization_id AND e.sequence = NEW.sequence AND e.hash = NEW.hash AND e.key_id
        = NEW.key_id) OR EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id AND
        e.sequence > NEW.sequence) BEGIN SELECT RAISE(ABORT,
        'the head of a log says what its newest event says'); END
    """,
    """
    CREATE TRIGGER changes_loghead_kept BEFORE DELETE ON changes_loghead BEGIN SELECT RAISE(ABORT,
        'the head of a log is never deleted'); END
    """,
    """
    CREATE TRIGGER changes_change_kept BEFORE DELETE ON changes_change BEGIN SELECT RAISE(ABORT,
        'a change is never deleted'); END
    """,
    """
    CREATE TRIGGER changes_change_follows BEFORE UPDATE ON changes_change WHEN NOT (NEW.change_id IS
        OLD.change_id) OR NOT (NEW.organization_id IS OLD.organization_id) OR NOT (NEW.actor_issuer IS
        OLD.actor_issuer) OR NOT (NEW.actor_subject IS OLD.actor_subject) OR NOT (NEW.actor_name IS
        OLD.actor_name) OR NOT (NEW.actor_email IS OLD.actor_email) OR NOT (NEW.ip IS OLD.ip) OR NOT
        (NEW.request_id IS OLD.request_id) OR NOT (NEW.action IS OLD.action) OR NOT (NEW.subject_id IS
        OLD.subject_id) OR NOT (NEW.subject_name IS OLD.subject_name) OR NOT (NEW.code IS OLD.code) OR NOT
        (NEW.type_name IS OLD.type_name) OR NOT (NEW.before IS OLD.before) OR NOT (NEW.message IS OLD.message)
        OR NOT (NEW.requested_at IS OLD.requested_at) OR NOT EXISTS (SELECT 1 FROM changes_event e WHERE
        e.organization_id = NEW.organization_id AND e.sequence = NEW.last_sequence AND e.change_id =
        NEW.change_id AND e.outcome = NEW.outcome) OR EXISTS (SELECT 1 FROM changes_event e WHERE
        e.organization_id = NEW.organization_id AND e.sequence > NEW.last_sequence AND e.change_id =
        NEW.change_id) BEGIN SELECT RAISE(ABORT, 'a change says what its events say'); END
    """,
    """
    CREATE TRIGGER changes_change_opens BEFORE INSERT ON changes_change WHEN NOT EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence = NEW.last_sequence AND
        e.change_id = NEW.change_id AND e.outcome = NEW.outcome) OR EXISTS (SELECT 1 FROM changes_event e WHERE
        e.organization_id = NEW.organization_id AND e.sequence > NEW.last_sequence AND e.change_id =
        NEW.change_id) BEGIN SELECT RAISE(ABORT, 'a change begins with its requested event'); END
    """,
    """
    CREATE TRIGGER changes_checkpoint_kept BEFORE DELETE ON changes_checkpoint BEGIN SELECT RAISE(ABORT,
        'a checkpoint is never deleted'); END
    """,
    """
    CREATE TRIGGER changes_checkpoint_fixed BEFORE UPDATE ON changes_checkpoint WHEN OLD.delivered_at IS NOT
        NULL OR NOT (NEW.organization_id IS OLD.organization_id) OR NOT (NEW.size IS OLD.size) OR NOT (NEW.root
        IS OLD.root) OR NOT (NEW.at IS OLD.at) OR NOT (NEW.key_id IS OLD.key_id) OR NOT (NEW.note IS OLD.note)
        OR NOT (NEW.tree IS OLD.tree) OR NOT (NEW.leaves IS OLD.leaves) BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed, but for when it was delivered'); END
    """,
    """
    CREATE TRIGGER changes_event_kept BEFORE DELETE ON changes_event WHEN NOT EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = OLD.organization_id AND e.sequence > OLD.sequence) OR NOT
        EXISTS (SELECT 1 FROM changes_archivedevent a WHERE a.organization_id = OLD.organization_id AND
        a.sequence = OLD.sequence AND a.hash = OLD.hash) OR NOT EXISTS (SELECT 1 FROM changes_archive r WHERE
        r.organization_id = OLD.organization_id AND OLD.sequence BETWEEN r.first_sequence AND r.last_sequence)
        BEGIN SELECT RAISE(ABORT, 'an event is never deleted, only moved into the archive'); END
    """,
    """
    CREATE TRIGGER changes_archivedevent_copied BEFORE INSERT ON changes_archivedevent WHEN NOT EXISTS
        (SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence =
        NEW.sequence AND e.actor_issuer IS NEW.actor_issuer AND e.actor_subject IS NEW.actor_subject AND
        e.actor_name IS NEW.actor_name AND e.actor_email IS NEW.actor_email AND e.ip IS NEW.ip AND e.request_id
        IS NEW.request_id AND e.action IS NEW.action AND e.subject_id IS NEW.subject_id AND e.subject_name IS
        NEW.subject_name AND e.code IS NEW.code AND e.type_name IS NEW.type_name AND e.before IS NEW.before AND
        e.after IS NEW.after AND e.message IS NEW.message AND e.outcome IS NEW.outcome AND e.http_status IS
        NEW.http_status AND e.detail_parts IS NEW.detail_parts AND e.detail IS NEW.detail AND e.v IS NEW.v AND
        e.change_id IS NEW.change_id AND e.about IS NEW.about AND e.event IS NEW.event AND e.at IS NEW.at AND
        e.evidence IS NEW.evidence AND e.key_id IS NEW.key_id AND e.previous_hash IS NEW.previous_hash AND
        e.hash IS NEW.hash AND e.signature IS NEW.signature) OR NOT EXISTS (SELECT 1 FROM changes_archive r
        WHERE r.organization_id = NEW.organization_id AND r.run = NEW.run AND NEW.sequence BETWEEN
        r.first_sequence AND r.last_sequence) BEGIN SELECT RAISE(ABORT,
        'the archive takes only what is in the log'); END
    """,
    """
    CREATE TRIGGER changes_archivedevent_fixed BEFORE UPDATE ON changes_archivedevent BEGIN SELECT
        RAISE(ABORT, 'what is archived is never changed or deleted'); END
    """,
    """
    CREATE TRIGGER changes_archivedevent_kept BEFORE DELETE ON changes_archivedevent BEGIN SELECT
        RAISE(ABORT, 'what is archived is never changed or deleted'); END
    """,
    """
    CREATE TRIGGER changes_archive_next BEFORE INSERT ON changes_archive WHEN NEW.first_sequence <>
        COALESCE((SELECT MAX(last_sequence) FROM changes_archive WHERE organization_id = NEW.organization_id),
        0) + 1 OR NEW.run <= COALESCE((SELECT MAX(run) FROM changes_archive WHERE organization_id =
        NEW.organization_id), 0) OR NEW.last_sequence < NEW.first_sequence OR NOT EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence > NEW.last_sequence) OR NOT
        EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence =
        NEW.last_sequence AND e.hash = NEW.hash) BEGIN SELECT RAISE(ABORT,
        'an archive goes on where the former one ends, with events of the log'); END
    """,
    """
    CREATE TRIGGER changes_archive_fixed BEFORE UPDATE ON changes_archive BEGIN SELECT RAISE(ABORT,
        'the record of an archive is never changed or deleted'); END
    """,
    """
    CREATE TRIGGER changes_archive_kept BEFORE DELETE ON changes_archive BEGIN SELECT RAISE(ABORT,
        'the record of an archive is never changed or deleted'); END
    """,
)

POSTGRESQL = (
    """
    CREATE FUNCTION changes_event_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION 'an event is never changed'; END IF; RETURN
        NEW; END $$
    """,
    """
    CREATE TRIGGER changes_event_fixed BEFORE UPDATE ON changes_event FOR EACH ROW EXECUTE FUNCTION
        changes_event_fixed()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_fixed",
    """
    CREATE FUNCTION changes_event_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION 'the log is never emptied'; END IF; RETURN
        NEW; END $$
    """,
    """
    CREATE TRIGGER changes_event_kept BEFORE TRUNCATE ON changes_event FOR EACH STATEMENT EXECUTE FUNCTION
        changes_event_kept()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_kept",
    """
    CREATE FUNCTION changes_event_next() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id =
        NEW.organization_id AND e.sequence >= NEW.sequence) OR NOT (NEW.sequence = 1 AND NEW.previous_hash =
        '0000000000000000000000000000000000000000000000000000000000000000' OR EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence = NEW.sequence - 1 AND
        e.hash = NEW.previous_hash)) THEN RAISE EXCEPTION 'an event is appended to the end of its log'; END IF;
        RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_event_next BEFORE INSERT ON changes_event FOR EACH ROW EXECUTE FUNCTION
        changes_event_next()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_next",
    """
    CREATE FUNCTION changes_loghead_begins() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF NEW.sequence <> 0 OR NEW.hash <>
        '0000000000000000000000000000000000000000000000000000000000000000' OR NEW.key_id <> '' OR EXISTS (SELECT
        1 FROM changes_event e WHERE e.organization_id = NEW.organization_id) THEN RAISE EXCEPTION
        'a log begins without an event'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_loghead_begins AFTER INSERT ON changes_loghead FOR EACH ROW EXECUTE FUNCTION
        changes_loghead_begins()
    """,
    "ALTER TABLE changes_loghead ENABLE ALWAYS TRIGGER changes_loghead_begins",
    """
    CREATE FUNCTION changes_loghead_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF NEW.organization_id <> OLD.organization_id OR NEW.sequence <=
        OLD.sequence OR NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id
        AND e.sequence = NEW.sequence AND e.hash = NEW.hash AND e.key_id = NEW.key_id) OR EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence > NEW.sequence) THEN RAISE
        EXCEPTION 'the head of a log says what its newest event says'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_loghead_follows BEFORE UPDATE ON changes_loghead FOR EACH ROW EXECUTE FUNCTION
        changes_loghead_follows()
    """,
    "ALTER TABLE changes_loghead ENABLE ALWAYS TRIGGER changes_loghead_follows",
    """
    CREATE FUNCTION changes_loghead_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION 'the head of a log is never deleted'; END IF;
        RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_loghead_kept BEFORE DELETE ON changes_loghead FOR EACH ROW EXECUTE FUNCTION
        changes_loghead_kept()
    """,
    "ALTER TABLE changes_loghead ENABLE ALWAYS TRIGGER changes_loghead_kept",
    """
    CREATE TRIGGER changes_loghead_emptied BEFORE TRUNCATE ON changes_loghead FOR EACH STATEMENT EXECUTE
        FUNCTION changes_loghead_kept()
    """,
    "ALTER TABLE changes_loghead ENABLE ALWAYS TRIGGER changes_loghead_emptied",
    """
    CREATE FUNCTION changes_change_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION 'a change is never deleted'; END IF; RETURN
        NEW; END $$
    """,
    """
    CREATE TRIGGER changes_change_kept BEFORE DELETE ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_change_kept()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_change_kept",
    """
    CREATE TRIGGER changes_change_emptied BEFORE TRUNCATE ON changes_change FOR EACH STATEMENT EXECUTE
        FUNCTION changes_change_kept()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_change_emptied",
    """
    CREATE FUNCTION changes_change_follows() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF NOT (NEW.change_id IS NOT DISTINCT FROM OLD.change_id) OR NOT
        (NEW.organization_id IS NOT DISTINCT FROM OLD.organization_id) OR NOT (NEW.actor_issuer IS NOT DISTINCT
        FROM OLD.actor_issuer) OR NOT (NEW.actor_subject IS NOT DISTINCT FROM OLD.actor_subject) OR NOT
        (NEW.actor_name IS NOT DISTINCT FROM OLD.actor_name) OR NOT (NEW.actor_email IS NOT DISTINCT FROM
        OLD.actor_email) OR NOT (NEW.ip IS NOT DISTINCT FROM OLD.ip) OR NOT (NEW.request_id IS NOT DISTINCT FROM
        OLD.request_id) OR NOT (NEW.action IS NOT DISTINCT FROM OLD.action) OR NOT (NEW.subject_id IS NOT
        DISTINCT FROM OLD.subject_id) OR NOT (NEW.subject_name IS NOT DISTINCT FROM OLD.subject_name) OR NOT
        (NEW.code IS NOT DISTINCT FROM OLD.code) OR NOT (NEW.type_name IS NOT DISTINCT FROM OLD.type_name) OR
        NOT (NEW.before IS NOT DISTINCT FROM OLD.before) OR NOT (NEW.message IS NOT DISTINCT FROM OLD.message)
        OR NOT (NEW.requested_at IS NOT DISTINCT FROM OLD.requested_at) OR NOT EXISTS (SELECT 1 FROM
        changes_event e WHERE e.organization_id = NEW.organization_id AND e.sequence = NEW.last_sequence AND
        e.change_id = NEW.change_id AND e.outcome = NEW.outcome) OR EXISTS (SELECT 1 FROM changes_event e WHERE
        e.organization_id = NEW.organization_id AND e.sequence > NEW.last_sequence AND e.change_id =
        NEW.change_id) THEN RAISE EXCEPTION 'a change says what its events say'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_change_follows BEFORE UPDATE ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_change_follows()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_change_follows",
    """
    CREATE FUNCTION changes_change_opens() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id =
        NEW.organization_id AND e.sequence = NEW.last_sequence AND e.change_id = NEW.change_id AND e.outcome =
        NEW.outcome) OR EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id = NEW.organization_id AND
        e.sequence > NEW.last_sequence AND e.change_id = NEW.change_id) THEN RAISE EXCEPTION
        'a change begins with its requested event'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_change_opens BEFORE INSERT ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_change_opens()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_change_opens",
    """
    CREATE FUNCTION changes_checkpoint_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION 'a checkpoint is never deleted'; END IF;
        RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_checkpoint_kept BEFORE DELETE ON changes_checkpoint FOR EACH ROW EXECUTE FUNCTION
        changes_checkpoint_kept()
    """,
    "ALTER TABLE changes_checkpoint ENABLE ALWAYS TRIGGER changes_checkpoint_kept",
    """
    CREATE TRIGGER changes_checkpoint_emptied BEFORE TRUNCATE ON changes_checkpoint FOR EACH STATEMENT
        EXECUTE FUNCTION changes_checkpoint_kept()
    """,
    "ALTER TABLE changes_checkpoint ENABLE ALWAYS TRIGGER changes_checkpoint_emptied",
    """
    CREATE FUNCTION changes_checkpoint_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path =
        pg_catalog, {schema}, pg_temp AS $$ BEGIN IF OLD.delivered_at IS NOT NULL OR NOT (NEW.organization_id IS
        NOT DISTINCT FROM OLD.organization_id) OR NOT (NEW.size IS NOT DISTINCT FROM OLD.size) OR NOT (NEW.root
        IS NOT DISTINCT FROM OLD.root) OR NOT (NEW.at IS NOT DISTINCT FROM OLD.at) OR NOT (NEW.key_id IS NOT
        DISTINCT FROM OLD.key_id) OR NOT (NEW.note IS NOT DISTINCT FROM OLD.note) OR NOT (NEW.tree IS NOT
        DISTINCT FROM OLD.tree) OR NOT (NEW.leaves IS NOT DISTINCT FROM OLD.leaves) THEN RAISE EXCEPTION
        'a checkpoint is never changed, but for when it was delivered'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_checkpoint_fixed BEFORE UPDATE ON changes_checkpoint FOR EACH ROW EXECUTE
        FUNCTION changes_checkpoint_fixed()
    """,
    "ALTER TABLE changes_checkpoint ENABLE ALWAYS TRIGGER changes_checkpoint_fixed",
    """
    CREATE FUNCTION changes_event_moved() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id =
        OLD.organization_id AND e.sequence > OLD.sequence) OR NOT EXISTS (SELECT 1 FROM changes_archivedevent a
        WHERE a.organization_id = OLD.organization_id AND a.sequence = OLD.sequence AND a.hash = OLD.hash) OR
        NOT EXISTS (SELECT 1 FROM changes_archive r WHERE r.organization_id = OLD.organization_id AND
        OLD.sequence BETWEEN r.first_sequence AND r.last_sequence) THEN RAISE EXCEPTION
        'an event is never deleted, only moved into the archive'; END IF; RETURN OLD; END $$
    """,
    """
    CREATE TRIGGER changes_event_moved BEFORE DELETE ON changes_event FOR EACH ROW EXECUTE FUNCTION
        changes_event_moved()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_moved",
    """
    CREATE FUNCTION changes_archivedevent_copied() RETURNS trigger LANGUAGE plpgsql SET search_path =
        pg_catalog, {schema}, pg_temp AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM changes_event e WHERE
        e.organization_id = NEW.organization_id AND e.sequence = NEW.sequence AND e.actor_issuer IS NOT DISTINCT
        FROM NEW.actor_issuer AND e.actor_subject IS NOT DISTINCT FROM NEW.actor_subject AND e.actor_name IS NOT
        DISTINCT FROM NEW.actor_name AND e.actor_email IS NOT DISTINCT FROM NEW.actor_email AND e.ip IS NOT
        DISTINCT FROM NEW.ip AND e.request_id IS NOT DISTINCT FROM NEW.request_id AND e.action IS NOT DISTINCT
        FROM NEW.action AND e.subject_id IS NOT DISTINCT FROM NEW.subject_id AND e.subject_name IS NOT DISTINCT
        FROM NEW.subject_name AND e.code IS NOT DISTINCT FROM NEW.code AND e.type_name IS NOT DISTINCT FROM
        NEW.type_name AND e.before IS NOT DISTINCT FROM NEW.before AND e.after IS NOT DISTINCT FROM NEW.after
        AND e.message IS NOT DISTINCT FROM NEW.message AND e.outcome IS NOT DISTINCT FROM NEW.outcome AND
        e.http_status IS NOT DISTINCT FROM NEW.http_status AND e.detail_parts IS NOT DISTINCT FROM
        NEW.detail_parts AND e.detail IS NOT DISTINCT FROM NEW.detail AND e.v IS NOT DISTINCT FROM NEW.v AND
        e.change_id IS NOT DISTINCT FROM NEW.change_id AND e.about IS NOT DISTINCT FROM NEW.about AND e.event IS
        NOT DISTINCT FROM NEW.event AND e.at IS NOT DISTINCT FROM NEW.at AND e.evidence IS NOT DISTINCT FROM
        NEW.evidence AND e.key_id IS NOT DISTINCT FROM NEW.key_id AND e.previous_hash IS NOT DISTINCT FROM
        NEW.previous_hash AND e.hash IS NOT DISTINCT FROM NEW.hash AND e.signature IS NOT DISTINCT FROM
        NEW.signature) OR NOT EXISTS (SELECT 1 FROM changes_archive r WHERE r.organization_id =
        NEW.organization_id AND r.run = NEW.run AND NEW.sequence BETWEEN r.first_sequence AND r.last_sequence)
        THEN RAISE EXCEPTION 'the archive takes only what is in the log'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archivedevent_copied BEFORE INSERT ON changes_archivedevent FOR EACH ROW EXECUTE
        FUNCTION changes_archivedevent_copied()
    """,
    "ALTER TABLE changes_archivedevent ENABLE ALWAYS TRIGGER changes_archivedevent_copied",
    """
    CREATE FUNCTION changes_archivedevent_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path =
        pg_catalog, {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION
        'what is archived is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archivedevent_fixed BEFORE UPDATE OR DELETE ON changes_archivedevent FOR EACH ROW
        EXECUTE FUNCTION changes_archivedevent_fixed()
    """,
    "ALTER TABLE changes_archivedevent ENABLE ALWAYS TRIGGER changes_archivedevent_fixed",
    """
    CREATE FUNCTION changes_archivedevent_emptied() RETURNS trigger LANGUAGE plpgsql SET search_path =
        pg_catalog, {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION
        'what is archived is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archivedevent_emptied BEFORE TRUNCATE ON changes_archivedevent FOR EACH STATEMENT
        EXECUTE FUNCTION changes_archivedevent_emptied()
    """,
    "ALTER TABLE changes_archivedevent ENABLE ALWAYS TRIGGER changes_archivedevent_emptied",
    """
    CREATE FUNCTION changes_archive_next() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF NEW.first_sequence <> COALESCE((SELECT MAX(last_sequence) FROM
        changes_archive WHERE organization_id = NEW.organization_id), 0) + 1 OR NEW.run <= COALESCE((SELECT
        MAX(run) FROM changes_archive WHERE organization_id = NEW.organization_id), 0) OR NEW.last_sequence <
        NEW.first_sequence OR NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.organization_id =
        NEW.organization_id AND e.sequence > NEW.last_sequence) OR NOT EXISTS (SELECT 1 FROM changes_event e
        WHERE e.organization_id = NEW.organization_id AND e.sequence = NEW.last_sequence AND e.hash = NEW.hash)
        THEN RAISE EXCEPTION 'an archive goes on where the former one ends, with events of the log'; END IF;
        RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archive_next BEFORE INSERT ON changes_archive FOR EACH ROW EXECUTE FUNCTION
        changes_archive_next()
    """,
    "ALTER TABLE changes_archive ENABLE ALWAYS TRIGGER changes_archive_next",
    """
    CREATE FUNCTION changes_archive_fixed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION
        'the record of an archive is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archive_fixed BEFORE UPDATE OR DELETE ON changes_archive FOR EACH ROW EXECUTE
        FUNCTION changes_archive_fixed()
    """,
    "ALTER TABLE changes_archive ENABLE ALWAYS TRIGGER changes_archive_fixed",
    """
    CREATE FUNCTION changes_archive_emptied() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog,
        {schema}, pg_temp AS $$ BEGIN IF TRUE THEN RAISE EXCEPTION
        'the record of an archive is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archive_emptied BEFORE TRUNCATE ON changes_archive FOR EACH STATEMENT EXECUTE
        FUNCTION changes_archive_emptied()
    """,
    "ALTER TABLE changes_archive ENABLE ALWAYS TRIGGER changes_archive_emptied",
)
"""``{schema}`` is the schema of the tables: functions look nowhere else, whatever a session's search path is."""


def create_triggers(apps, schema_editor):
    """Create the triggers of this database."""
    if schema_editor.connection.vendor == "sqlite":
        for statement in SQLITE:
            schema_editor.execute(statement.strip(), params=None)
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        [schema] = cursor.fetchone()
    for statement in POSTGRESQL:
        schema_editor.execute(statement.strip().replace("{schema}", schema), params=None)


class Migration(migrations.Migration):
    dependencies = [("changes", "0001_initial")]
    operations = [migrations.RunPython(create_triggers, elidable=False)]
