"""The rows of an organization's people and accounts, as pages show them."""

import csv
import hashlib
import io
from dataclasses import dataclass, field
from functools import cached_property

from accounts_ui.directory.ids import id_problem
from accounts_ui.services.state.account_facts import Drift
from accounts_ui.services.state.log_overlay import LastChange, RecordedAccount


@dataclass
class AccountRow:
    """One row of the directory's list: a person, a person's account, or (``text``) what is neither."""

    subject_id: str | None = None
    name: str = ""
    email: str = ""
    username: str = ""
    code: str | None = None
    type_name: str = ""
    status: str = ""
    created_at: str = ""
    effective_at: str = ""
    expires_at: str = ""
    roles: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
    text: str = ""
    recorded: list[RecordedAccount] = field(default_factory=list)
    duplicate: bool = False
    outside: Drift | None = None
    last_change: LastChange | None = None

    @property
    def label(self) -> str:
        """Return what to call the person: name, else e-mail, else username, else subject id."""
        return self.name or self.email or self.username or self.subject_id or ""

    @cached_property
    def subject_problem(self) -> str:
        """Return why the subject id cannot be part of an address, so that the person has no page; empty if it can."""
        return id_problem(self.subject_id) if self.subject_id is not None else ""

    @cached_property
    def code_problem(self) -> str:
        """Return why the code of the account cannot be part of an address, so that there are no forms."""
        return id_problem(self.code) if self.code is not None else ""

    @property
    def has_page(self) -> bool:
        """Whether the person has a page."""
        return self.subject_id is not None and not self.subject_problem

    @property
    def has_forms(self) -> bool:
        """Whether the account can be named in an address."""
        return self.has_page and self.code is not None and not self.code_problem

    @cached_property
    def anchor(self) -> str:
        """Return the ``id`` of the row on its page; empty if the row is no account, or has a duplicate."""
        return row_id_of(str(self.subject_id), str(self.code)) if self.has_forms and not self.duplicate else ""

    @cached_property
    def pair(self) -> str:
        """Return ``subject_id,code`` as CSV, for selecting it; empty if the console cannot change it."""
        if not (self.has_forms if self.code is not None else self.has_page):
            return ""
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([self.subject_id, self.code or ""])
        return line.getvalue()

    @property
    def codes(self) -> list[str]:
        """Return the account types of the row: the listed one, and those that only the log knows."""
        return [*([self.code] if self.code is not None else []), *(account.code for account in self.recorded)]


def row_id_of(subject_id: str, code: str) -> str:
    """Return the ``id`` of an account's row. It is hashed, because ids may hold what an ``id`` cannot."""
    return "row-" + hashlib.sha256(f"{subject_id}\0{code}".encode()).hexdigest()[:16]
