"""Sessions that end behind a person's back, and forms that are on their way then."""

import sqlite3
import uuid
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from tests import markup


def rows(console, sql, *values):
    path = console.server.env["DATABASE_URL"].removeprefix("sqlite:///")
    with sqlite3.connect(path, timeout=20) as connection:
        results = connection.execute(sql, values).fetchall()
        connection.commit()
    connection.close()
    return results


def key_of(browser) -> str:
    """The session of a headless or a real browser."""
    if hasattr(browser, "session"):
        return browser.session.cookies["console-session"]
    return next(cookie["value"] for cookie in browser.cookies() if cookie["name"] == "console-session")


def key_hash(console, browser_or_key) -> str:
    """The primary key of a session's row: the database does not hold the key itself."""
    key = browser_or_key if isinstance(browser_or_key, str) else key_of(browser_or_key)
    secret = console.server.env["SECRET_KEY"]
    return salted_hmac("console.signin.encryption.session", key, secret=secret, algorithm="sha256").hexdigest()


def age(console, browser, column, minutes):
    at = f"datetime('now', '-{minutes} minutes')"
    rows(console, f"UPDATE signin_session SET {column} = {at} WHERE key_hash = ?", key_hash(console, browser))


def expire_token(console, browser, when="+30 seconds"):
    sql = f"UPDATE signin_session SET token_expires_at = datetime('now', '{when}') WHERE key_hash = ?"
    rows(console, sql, key_hash(console, browser))


ENDINGS = ("idle", "expired", "rejected")


def end(how, console, browser, provider, directory):
    """End a session: by idling, by a token that is over, by a token that the directory does not take any more."""
    if how == "idle":
        return age(console, browser, "last_seen", 31)
    provider.control(refuse_refresh=True)
    if how == "expired":
        return expire_token(console, browser, "-1 minutes")
    return directory.fault("token-expired", on="list")


FORMS = ("assign", "change_status", "delete")


@dataclass
class Task:
    """A form to fill in: its page, where it is sent, what is typed, and the person that it is about."""

    page: str
    action: str
    typed: dict[str, str]
    subject: str
    shows: str = "result="


def task(form, directory, org="acme") -> Task:
    subject = directory.person("visitor" if form == "assign" else "worker", org=org)
    typed = {"message": f"typed by hand {uuid.uuid4()}"}
    if form == "assign":
        path = f"/orgs/{org}/accounts/assign/"
        return Task(path, path, {**typed, "subject_id": subject, "code": "worker"}, subject)
    word = "status" if form == "change_status" else "delete"
    path = f"/orgs/{org}/accounts/{subject}/worker/{word}/"
    return Task(path, path, {**typed, **({"status": "disabled"} if word == "status" else {})}, subject)


def decision(directory, browser) -> Task:
    """A decision on a change whose outcome no read of this directory can tell."""
    directory.reset("reference")
    subject = directory.person()
    path = "/orgs/acme/accounts/assign/"
    fields = {**browser.form(path), "subject_id": subject, "code": "worker", "confirm_unknown": "yes"}
    directory.fault("reset-after", on="assign")
    assert 'data-outcome="unknown"' in browser.post(path, fields).text
    page = f"/orgs/acme/changes/{fields['operation_id']}/"
    typed = {"decision": "applied", "message": f"typed by hand {uuid.uuid4()}"}
    return Task(page, f"{page}decide/", typed, subject, shows=page)


HIDDEN = ("csrfmiddlewaretoken", "form_owner")  # of every form: not what a person has typed or chosen


def filled(page, action) -> dict[str, str]:
    """What a browser would send of the form as it was drawn, apart from what every form has."""
    form = next(f for f in markup.parse(page.text).select("form") if f.get("action") == action)
    fields = {}
    for field in form.select(
        "input:not([form]), textarea:not([form])"
    ):  # a field that names a form belongs to that form
        if field.get("type") in ("radio", "checkbox") and not field.has_attr("checked"):
            continue
        if field.get("name") and field["name"] not in HIDDEN:
            fields[field["name"]] = field.get_text() if field.name == "textarea" else field.get("value", "")
    return fields
