"""The triggers that keep the log append-only and maintain its counts.

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
    CREATE TRIGGER changes_event_next BEFORE INSERT ON changes_event WHEN NEW.sequence <> COALESCE((SELECT
        MAX(sequence) FROM changes_event), 0) + 1 OR NEW.previous_hash <> COALESCE((SELECT hash FROM
        changes_event ORDER BY sequence DESC LIMIT 1),
        '0000000000000000000000000000000000000000000000000000000000000000') BEGIN SELECT RAISE(ABORT,
        'an event is appended to the end of the chain'); END
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
        (NEW.type_name IS OLD.type_name) OR NOT (NEW.before IS OLD.before) OR NOT (NEW.message IS
        OLD.message) OR NOT (NEW.requested_at IS OLD.requested_at) OR NOT EXISTS (SELECT 1 FROM
        changes_event e WHERE e.change_id = NEW.change_id AND e.sequence = NEW.last_sequence AND e.outcome =
        NEW.outcome AND e.sequence = (SELECT MAX(sequence) FROM changes_event WHERE change_id =
        NEW.change_id)) BEGIN SELECT RAISE(ABORT, 'a change says what its events say'); END
    """,
    """
    CREATE TRIGGER changes_change_opens BEFORE INSERT ON changes_change WHEN NOT EXISTS (SELECT 1 FROM
        changes_event e WHERE e.change_id = NEW.change_id AND e.sequence = NEW.last_sequence AND e.outcome =
        NEW.outcome AND e.sequence = (SELECT MAX(sequence) FROM changes_event WHERE change_id =
        NEW.change_id)) BEGIN SELECT RAISE(ABORT, 'a change begins with its requested event'); END
    """,
    """
    CREATE TRIGGER changes_checkpoint_kept BEFORE DELETE ON changes_checkpoint BEGIN SELECT RAISE(ABORT,
        'a checkpoint is never deleted'); END
    """,
    """
    CREATE TRIGGER changes_checkpoint_fixed BEFORE UPDATE ON changes_checkpoint WHEN OLD.delivered_at IS NOT
        NULL OR NOT (NEW.sequence IS OLD.sequence) OR NOT (NEW.hash IS OLD.hash) OR NOT (NEW.at IS OLD.at)
        OR NOT (NEW.key_id IS OLD.key_id) OR NOT (NEW.signature IS OLD.signature) BEGIN SELECT RAISE(ABORT,
        'a checkpoint is never changed, but for when it was delivered'); END
    """,
    """
    CREATE TRIGGER changes_tally_asked BEFORE INSERT ON changes_change BEGIN INSERT INTO changes_tally
        (organization_id, slot, pending, applied, not_applied, unknown) VALUES (NEW.organization_id,
        CAST(strftime('%s', NEW.requested_at) AS INTEGER) / 1800, CASE WHEN NEW.outcome = 'pending' THEN 1
        ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome =
        'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0 END) ON CONFLICT
        (organization_id, slot) DO UPDATE SET pending = changes_tally.pending + excluded.pending, applied =
        changes_tally.applied + excluded.applied, not_applied = changes_tally.not_applied +
        excluded.not_applied, unknown = changes_tally.unknown + excluded.unknown; END
    """,
    """
    CREATE TRIGGER changes_tally_moved BEFORE UPDATE ON changes_change WHEN NEW.outcome <> OLD.outcome BEGIN
        INSERT INTO changes_tally (organization_id, slot, pending, applied, not_applied, unknown) VALUES
        (NEW.organization_id, CAST(strftime('%s', NEW.requested_at) AS INTEGER) / 1800, CASE WHEN
        NEW.outcome = 'pending' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'pending' THEN 1 ELSE 0 END,
        CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'applied' THEN 1 ELSE
        0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome =
        'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0 END - CASE WHEN
        OLD.outcome = 'unknown' THEN 1 ELSE 0 END) ON CONFLICT (organization_id, slot) DO UPDATE SET pending
        = changes_tally.pending + excluded.pending, applied = changes_tally.applied + excluded.applied,
        not_applied = changes_tally.not_applied + excluded.not_applied, unknown = changes_tally.unknown +
        excluded.unknown; END
    """,
    """
    CREATE TRIGGER changes_share_asked BEFORE INSERT ON changes_change BEGIN INSERT INTO changes_actor
        (organization_id, subject, name, email) SELECT NEW.organization_id, NEW.actor_subject,
        NEW.actor_name, NEW.actor_email WHERE NOT EXISTS (SELECT 1 FROM changes_actor a WHERE
        a.organization_id = NEW.organization_id AND a.subject = NEW.actor_subject AND a.name =
        NEW.actor_name AND a.email = NEW.actor_email); INSERT INTO changes_share (organization_id,
        dimension, value, slot, pending, applied, not_applied, unknown) VALUES (NEW.organization_id,
        'action', NEW.action, CAST(strftime('%s', NEW.requested_at) AS INTEGER) / 1800, CASE WHEN
        NEW.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END, CASE
        WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0
        END), (NEW.organization_id, 'code', NEW.code, CAST(strftime('%s', NEW.requested_at) AS INTEGER) /
        1800, CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1
        ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome =
        'unknown' THEN 1 ELSE 0 END), (NEW.organization_id, 'actor', (SELECT CAST(MIN(a.id) AS TEXT) FROM
        changes_actor a WHERE a.organization_id = NEW.organization_id AND a.subject = NEW.actor_subject AND
        a.name = NEW.actor_name AND a.email = NEW.actor_email), CAST(strftime('%s', NEW.requested_at) AS
        INTEGER) / 1800, CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome =
        'applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN
        NEW.outcome = 'unknown' THEN 1 ELSE 0 END) ON CONFLICT (organization_id, dimension, value, slot) DO
        UPDATE SET pending = changes_share.pending + excluded.pending, applied = changes_share.applied +
        excluded.applied, not_applied = changes_share.not_applied + excluded.not_applied, unknown =
        changes_share.unknown + excluded.unknown; END
    """,
    """
    CREATE TRIGGER changes_share_moved BEFORE UPDATE ON changes_change WHEN NEW.outcome <> OLD.outcome BEGIN
        INSERT INTO changes_share (organization_id, dimension, value, slot, pending, applied, not_applied,
        unknown) VALUES (NEW.organization_id, 'action', NEW.action, CAST(strftime('%s', NEW.requested_at) AS
        INTEGER) / 1800, CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome =
        'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END - CASE WHEN
        OLD.outcome = 'applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END -
        CASE WHEN OLD.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1
        ELSE 0 END - CASE WHEN OLD.outcome = 'unknown' THEN 1 ELSE 0 END), (NEW.organization_id, 'code',
        NEW.code, CAST(strftime('%s', NEW.requested_at) AS INTEGER) / 1800, CASE WHEN NEW.outcome =
        'pending' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN
        NEW.outcome = 'applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'applied' THEN 1 ELSE 0 END,
        CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'not_applied' THEN
        1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome =
        'unknown' THEN 1 ELSE 0 END), (NEW.organization_id, 'actor', (SELECT CAST(MIN(a.id) AS TEXT) FROM
        changes_actor a WHERE a.organization_id = NEW.organization_id AND a.subject = NEW.actor_subject AND
        a.name = NEW.actor_name AND a.email = NEW.actor_email), CAST(strftime('%s', NEW.requested_at) AS
        INTEGER) / 1800, CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome =
        'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END - CASE WHEN
        OLD.outcome = 'applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END -
        CASE WHEN OLD.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1
        ELSE 0 END - CASE WHEN OLD.outcome = 'unknown' THEN 1 ELSE 0 END) ON CONFLICT (organization_id,
        dimension, value, slot) DO UPDATE SET pending = changes_share.pending + excluded.pending, applied =
        changes_share.applied + excluded.applied, not_applied = changes_share.not_applied +
        excluded.not_applied, unknown = changes_share.unknown + excluded.unknown; END
    """,
    """
    CREATE TRIGGER changes_event_kept BEFORE DELETE ON changes_event WHEN OLD.sequence = (SELECT
        MAX(sequence) FROM changes_event) OR NOT EXISTS (SELECT 1 FROM changes_archivedevent a WHERE
        a.sequence = OLD.sequence AND a.hash = OLD.hash) OR NOT EXISTS (SELECT 1 FROM changes_archive r
        WHERE OLD.sequence BETWEEN r.first_sequence AND r.last_sequence) BEGIN SELECT RAISE(ABORT,
        'an event is never deleted, only moved into the archive'); END
    """,
    """
    CREATE TRIGGER changes_archivedevent_copied BEFORE INSERT ON changes_archivedevent WHEN NOT EXISTS
        (SELECT 1 FROM changes_event e WHERE e.sequence = NEW.sequence AND e.organization_id IS
        NEW.organization_id AND e.actor_issuer IS NEW.actor_issuer AND e.actor_subject IS NEW.actor_subject
        AND e.actor_name IS NEW.actor_name AND e.actor_email IS NEW.actor_email AND e.ip IS NEW.ip AND
        e.request_id IS NEW.request_id AND e.action IS NEW.action AND e.subject_id IS NEW.subject_id AND
        e.subject_name IS NEW.subject_name AND e.code IS NEW.code AND e.type_name IS NEW.type_name AND
        e.before IS NEW.before AND e.after IS NEW.after AND e.message IS NEW.message AND e.outcome IS
        NEW.outcome AND e.http_status IS NEW.http_status AND e.detail_parts IS NEW.detail_parts AND e.detail
        IS NEW.detail AND e.v IS NEW.v AND e.change_id IS NEW.change_id AND e.event IS NEW.event AND e.at IS
        NEW.at AND e.evidence IS NEW.evidence AND e.key_id IS NEW.key_id AND e.previous_hash IS
        NEW.previous_hash AND e.hash IS NEW.hash AND e.signature IS NEW.signature) BEGIN SELECT RAISE(ABORT,
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
        COALESCE((SELECT MAX(last_sequence) FROM changes_archive), 0) + 1 OR NEW.last_sequence <
        NEW.first_sequence OR NEW.last_sequence >= (SELECT MAX(sequence) FROM changes_event) OR NOT EXISTS
        (SELECT 1 FROM changes_event e WHERE e.sequence = NEW.last_sequence AND e.hash = NEW.hash) BEGIN
        SELECT RAISE(ABORT, 'an archive goes on where the former one ends, with events of the log'); END
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
    CREATE FUNCTION changes_event_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN RAISE
        EXCEPTION 'an event is never changed'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_event_fixed BEFORE UPDATE ON changes_event FOR EACH ROW EXECUTE FUNCTION
        changes_event_fixed()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_fixed",
    """
    CREATE FUNCTION changes_event_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN RAISE
        EXCEPTION 'the log is never emptied'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_event_kept BEFORE TRUNCATE ON changes_event FOR EACH STATEMENT EXECUTE FUNCTION
        changes_event_kept()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_kept",
    """
    CREATE FUNCTION changes_event_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.sequence <>
        COALESCE((SELECT MAX(sequence) FROM changes_event), 0) + 1 OR NEW.previous_hash <> COALESCE((SELECT
        hash FROM changes_event ORDER BY sequence DESC LIMIT 1),
        '0000000000000000000000000000000000000000000000000000000000000000') THEN RAISE EXCEPTION
        'an event is appended to the end of the chain'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_event_next BEFORE INSERT ON changes_event FOR EACH ROW EXECUTE FUNCTION
        changes_event_next()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_next",
    """
    CREATE FUNCTION changes_change_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN RAISE
        EXCEPTION 'a change is never deleted'; END IF; RETURN NEW; END $$
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
    CREATE FUNCTION changes_change_follows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT
        (NEW.change_id IS NOT DISTINCT FROM OLD.change_id) OR NOT (NEW.organization_id IS NOT DISTINCT FROM
        OLD.organization_id) OR NOT (NEW.actor_issuer IS NOT DISTINCT FROM OLD.actor_issuer) OR NOT
        (NEW.actor_subject IS NOT DISTINCT FROM OLD.actor_subject) OR NOT (NEW.actor_name IS NOT DISTINCT
        FROM OLD.actor_name) OR NOT (NEW.actor_email IS NOT DISTINCT FROM OLD.actor_email) OR NOT (NEW.ip IS
        NOT DISTINCT FROM OLD.ip) OR NOT (NEW.request_id IS NOT DISTINCT FROM OLD.request_id) OR NOT
        (NEW.action IS NOT DISTINCT FROM OLD.action) OR NOT (NEW.subject_id IS NOT DISTINCT FROM
        OLD.subject_id) OR NOT (NEW.subject_name IS NOT DISTINCT FROM OLD.subject_name) OR NOT (NEW.code IS
        NOT DISTINCT FROM OLD.code) OR NOT (NEW.type_name IS NOT DISTINCT FROM OLD.type_name) OR NOT
        (NEW.before IS NOT DISTINCT FROM OLD.before) OR NOT (NEW.message IS NOT DISTINCT FROM OLD.message)
        OR NOT (NEW.requested_at IS NOT DISTINCT FROM OLD.requested_at) OR NOT EXISTS (SELECT 1 FROM
        changes_event e WHERE e.change_id = NEW.change_id AND e.sequence = NEW.last_sequence AND e.outcome =
        NEW.outcome AND e.sequence = (SELECT MAX(sequence) FROM changes_event WHERE change_id =
        NEW.change_id)) THEN RAISE EXCEPTION 'a change says what its events say'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_change_follows BEFORE UPDATE ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_change_follows()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_change_follows",
    """
    CREATE FUNCTION changes_change_opens() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS
        (SELECT 1 FROM changes_event e WHERE e.change_id = NEW.change_id AND e.sequence = NEW.last_sequence
        AND e.outcome = NEW.outcome AND e.sequence = (SELECT MAX(sequence) FROM changes_event WHERE
        change_id = NEW.change_id)) THEN RAISE EXCEPTION 'a change begins with its requested event'; END IF;
        RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_change_opens BEFORE INSERT ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_change_opens()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_change_opens",
    """
    CREATE FUNCTION changes_checkpoint_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN
        RAISE EXCEPTION 'a checkpoint is never deleted'; END IF; RETURN NEW; END $$
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
    CREATE FUNCTION changes_checkpoint_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF
        OLD.delivered_at IS NOT NULL OR NOT (NEW.sequence IS NOT DISTINCT FROM OLD.sequence) OR NOT
        (NEW.hash IS NOT DISTINCT FROM OLD.hash) OR NOT (NEW.at IS NOT DISTINCT FROM OLD.at) OR NOT
        (NEW.key_id IS NOT DISTINCT FROM OLD.key_id) OR NOT (NEW.signature IS NOT DISTINCT FROM
        OLD.signature) THEN RAISE EXCEPTION 'a checkpoint is never changed, but for when it was delivered';
        END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_checkpoint_fixed BEFORE UPDATE ON changes_checkpoint FOR EACH ROW EXECUTE
        FUNCTION changes_checkpoint_fixed()
    """,
    "ALTER TABLE changes_checkpoint ENABLE ALWAYS TRIGGER changes_checkpoint_fixed",
    """
    CREATE FUNCTION changes_tally_asked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN INSERT
        INTO changes_tally (organization_id, slot, pending, applied, not_applied, unknown) VALUES
        (NEW.organization_id, FLOOR(EXTRACT(EPOCH FROM NEW.requested_at))::bigint / 1800, CASE WHEN
        NEW.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END, CASE
        WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0
        END) ON CONFLICT (organization_id, slot) DO UPDATE SET pending = changes_tally.pending +
        excluded.pending, applied = changes_tally.applied + excluded.applied, not_applied =
        changes_tally.not_applied + excluded.not_applied, unknown = changes_tally.unknown +
        excluded.unknown; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_tally_asked BEFORE INSERT ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_tally_asked()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_tally_asked",
    """
    CREATE FUNCTION changes_tally_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.outcome <>
        OLD.outcome THEN INSERT INTO changes_tally (organization_id, slot, pending, applied, not_applied,
        unknown) VALUES (NEW.organization_id, FLOOR(EXTRACT(EPOCH FROM NEW.requested_at))::bigint / 1800,
        CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'pending' THEN 1 ELSE
        0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'applied' THEN
        1 ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome =
        'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0 END - CASE WHEN
        OLD.outcome = 'unknown' THEN 1 ELSE 0 END) ON CONFLICT (organization_id, slot) DO UPDATE SET pending
        = changes_tally.pending + excluded.pending, applied = changes_tally.applied + excluded.applied,
        not_applied = changes_tally.not_applied + excluded.not_applied, unknown = changes_tally.unknown +
        excluded.unknown; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_tally_moved BEFORE UPDATE ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_tally_moved()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_tally_moved",
    """
    CREATE FUNCTION changes_share_asked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN INSERT
        INTO changes_actor (organization_id, subject, name, email) SELECT NEW.organization_id,
        NEW.actor_subject, NEW.actor_name, NEW.actor_email WHERE NOT EXISTS (SELECT 1 FROM changes_actor a
        WHERE a.organization_id = NEW.organization_id AND a.subject = NEW.actor_subject AND a.name =
        NEW.actor_name AND a.email = NEW.actor_email); INSERT INTO changes_share (organization_id,
        dimension, value, slot, pending, applied, not_applied, unknown) VALUES (NEW.organization_id,
        'action', NEW.action, FLOOR(EXTRACT(EPOCH FROM NEW.requested_at))::bigint / 1800, CASE WHEN
        NEW.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END, CASE
        WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0
        END), (NEW.organization_id, 'code', NEW.code, FLOOR(EXTRACT(EPOCH FROM NEW.requested_at))::bigint /
        1800, CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1
        ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome =
        'unknown' THEN 1 ELSE 0 END), (NEW.organization_id, 'actor', (SELECT CAST(MIN(a.id) AS TEXT) FROM
        changes_actor a WHERE a.organization_id = NEW.organization_id AND a.subject = NEW.actor_subject AND
        a.name = NEW.actor_name AND a.email = NEW.actor_email), FLOOR(EXTRACT(EPOCH FROM
        NEW.requested_at))::bigint / 1800, CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN
        NEW.outcome = 'applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END,
        CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0 END) ON CONFLICT (organization_id, dimension, value,
        slot) DO UPDATE SET pending = changes_share.pending + excluded.pending, applied =
        changes_share.applied + excluded.applied, not_applied = changes_share.not_applied +
        excluded.not_applied, unknown = changes_share.unknown + excluded.unknown; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_share_asked BEFORE INSERT ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_share_asked()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_share_asked",
    """
    CREATE FUNCTION changes_share_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.outcome <>
        OLD.outcome THEN INSERT INTO changes_share (organization_id, dimension, value, slot, pending,
        applied, not_applied, unknown) VALUES (NEW.organization_id, 'action', NEW.action,
        FLOOR(EXTRACT(EPOCH FROM NEW.requested_at))::bigint / 1800, CASE WHEN NEW.outcome = 'pending' THEN 1
        ELSE 0 END - CASE WHEN OLD.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied'
        THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome =
        'not_applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN
        NEW.outcome = 'unknown' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'unknown' THEN 1 ELSE 0 END),
        (NEW.organization_id, 'code', NEW.code, FLOOR(EXTRACT(EPOCH FROM NEW.requested_at))::bigint / 1800,
        CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'pending' THEN 1 ELSE
        0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'applied' THEN
        1 ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome =
        'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'unknown' THEN 1 ELSE 0 END - CASE WHEN
        OLD.outcome = 'unknown' THEN 1 ELSE 0 END), (NEW.organization_id, 'actor', (SELECT CAST(MIN(a.id) AS
        TEXT) FROM changes_actor a WHERE a.organization_id = NEW.organization_id AND a.subject =
        NEW.actor_subject AND a.name = NEW.actor_name AND a.email = NEW.actor_email), FLOOR(EXTRACT(EPOCH
        FROM NEW.requested_at))::bigint / 1800, CASE WHEN NEW.outcome = 'pending' THEN 1 ELSE 0 END - CASE
        WHEN OLD.outcome = 'pending' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'applied' THEN 1 ELSE 0 END
        - CASE WHEN OLD.outcome = 'applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome = 'not_applied' THEN 1
        ELSE 0 END - CASE WHEN OLD.outcome = 'not_applied' THEN 1 ELSE 0 END, CASE WHEN NEW.outcome =
        'unknown' THEN 1 ELSE 0 END - CASE WHEN OLD.outcome = 'unknown' THEN 1 ELSE 0 END) ON CONFLICT
        (organization_id, dimension, value, slot) DO UPDATE SET pending = changes_share.pending +
        excluded.pending, applied = changes_share.applied + excluded.applied, not_applied =
        changes_share.not_applied + excluded.not_applied, unknown = changes_share.unknown +
        excluded.unknown; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_share_moved BEFORE UPDATE ON changes_change FOR EACH ROW EXECUTE FUNCTION
        changes_share_moved()
    """,
    "ALTER TABLE changes_change ENABLE ALWAYS TRIGGER changes_share_moved",
    """
    CREATE FUNCTION changes_event_moved() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.sequence =
        (SELECT MAX(sequence) FROM changes_event) OR NOT EXISTS (SELECT 1 FROM changes_archivedevent a WHERE
        a.sequence = OLD.sequence AND a.hash = OLD.hash) OR NOT EXISTS (SELECT 1 FROM changes_archive r
        WHERE OLD.sequence BETWEEN r.first_sequence AND r.last_sequence) THEN RAISE EXCEPTION
        'an event is never deleted, only moved into the archive'; END IF; RETURN OLD; END $$
    """,
    """
    CREATE TRIGGER changes_event_moved BEFORE DELETE ON changes_event FOR EACH ROW EXECUTE FUNCTION
        changes_event_moved()
    """,
    "ALTER TABLE changes_event ENABLE ALWAYS TRIGGER changes_event_moved",
    """
    CREATE FUNCTION changes_archivedevent_copied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT
        EXISTS (SELECT 1 FROM changes_event e WHERE e.sequence = NEW.sequence AND e.organization_id IS NOT
        DISTINCT FROM NEW.organization_id AND e.actor_issuer IS NOT DISTINCT FROM NEW.actor_issuer AND
        e.actor_subject IS NOT DISTINCT FROM NEW.actor_subject AND e.actor_name IS NOT DISTINCT FROM
        NEW.actor_name AND e.actor_email IS NOT DISTINCT FROM NEW.actor_email AND e.ip IS NOT DISTINCT FROM
        NEW.ip AND e.request_id IS NOT DISTINCT FROM NEW.request_id AND e.action IS NOT DISTINCT FROM
        NEW.action AND e.subject_id IS NOT DISTINCT FROM NEW.subject_id AND e.subject_name IS NOT DISTINCT
        FROM NEW.subject_name AND e.code IS NOT DISTINCT FROM NEW.code AND e.type_name IS NOT DISTINCT FROM
        NEW.type_name AND e.before IS NOT DISTINCT FROM NEW.before AND e.after IS NOT DISTINCT FROM
        NEW.after AND e.message IS NOT DISTINCT FROM NEW.message AND e.outcome IS NOT DISTINCT FROM
        NEW.outcome AND e.http_status IS NOT DISTINCT FROM NEW.http_status AND e.detail_parts IS NOT
        DISTINCT FROM NEW.detail_parts AND e.detail IS NOT DISTINCT FROM NEW.detail AND e.v IS NOT DISTINCT
        FROM NEW.v AND e.change_id IS NOT DISTINCT FROM NEW.change_id AND e.event IS NOT DISTINCT FROM
        NEW.event AND e.at IS NOT DISTINCT FROM NEW.at AND e.evidence IS NOT DISTINCT FROM NEW.evidence AND
        e.key_id IS NOT DISTINCT FROM NEW.key_id AND e.previous_hash IS NOT DISTINCT FROM NEW.previous_hash
        AND e.hash IS NOT DISTINCT FROM NEW.hash AND e.signature IS NOT DISTINCT FROM NEW.signature) THEN
        RAISE EXCEPTION 'the archive takes only what is in the log'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archivedevent_copied BEFORE INSERT ON changes_archivedevent FOR EACH ROW EXECUTE
        FUNCTION changes_archivedevent_copied()
    """,
    "ALTER TABLE changes_archivedevent ENABLE ALWAYS TRIGGER changes_archivedevent_copied",
    """
    CREATE FUNCTION changes_archivedevent_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN
        RAISE EXCEPTION 'what is archived is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archivedevent_fixed BEFORE UPDATE OR DELETE ON changes_archivedevent FOR EACH ROW
        EXECUTE FUNCTION changes_archivedevent_fixed()
    """,
    "ALTER TABLE changes_archivedevent ENABLE ALWAYS TRIGGER changes_archivedevent_fixed",
    """
    CREATE FUNCTION changes_archivedevent_emptied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE
        THEN RAISE EXCEPTION 'what is archived is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archivedevent_emptied BEFORE TRUNCATE ON changes_archivedevent FOR EACH STATEMENT
        EXECUTE FUNCTION changes_archivedevent_emptied()
    """,
    "ALTER TABLE changes_archivedevent ENABLE ALWAYS TRIGGER changes_archivedevent_emptied",
    """
    CREATE FUNCTION changes_archive_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF
        NEW.first_sequence <> COALESCE((SELECT MAX(last_sequence) FROM changes_archive), 0) + 1 OR
        NEW.last_sequence < NEW.first_sequence OR NEW.last_sequence >= (SELECT MAX(sequence) FROM
        changes_event) OR NOT EXISTS (SELECT 1 FROM changes_event e WHERE e.sequence = NEW.last_sequence AND
        e.hash = NEW.hash) THEN RAISE EXCEPTION
        'an archive goes on where the former one ends, with events of the log'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archive_next BEFORE INSERT ON changes_archive FOR EACH ROW EXECUTE FUNCTION
        changes_archive_next()
    """,
    "ALTER TABLE changes_archive ENABLE ALWAYS TRIGGER changes_archive_next",
    """
    CREATE FUNCTION changes_archive_fixed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN RAISE
        EXCEPTION 'the record of an archive is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archive_fixed BEFORE UPDATE OR DELETE ON changes_archive FOR EACH ROW EXECUTE
        FUNCTION changes_archive_fixed()
    """,
    "ALTER TABLE changes_archive ENABLE ALWAYS TRIGGER changes_archive_fixed",
    """
    CREATE FUNCTION changes_archive_emptied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TRUE THEN
        RAISE EXCEPTION 'the record of an archive is never changed or deleted'; END IF; RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER changes_archive_emptied BEFORE TRUNCATE ON changes_archive FOR EACH STATEMENT EXECUTE
        FUNCTION changes_archive_emptied()
    """,
    "ALTER TABLE changes_archive ENABLE ALWAYS TRIGGER changes_archive_emptied",
)


def create_triggers(apps, schema_editor):
    """Create the triggers of this database."""
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]:
        schema_editor.execute(statement.strip(), params=None)


class Migration(migrations.Migration):
    dependencies = [("changes", "0001_initial")]
    operations = [migrations.RunPython(create_triggers, elidable=False)]
