"""Choosing people of the sandbox's directory who fit the story."""

from typing import Any


class NobodyFits(Exception):
    """The directory has no such person, for example because it is a small one. The step is left out."""


class Cast:
    """The people of one organization, and who of them plays which part."""

    def __init__(self, people: list[dict[str, Any]], accounts: list[dict[str, Any]]) -> None:
        identities = [row["identity"] for row in people if "identity" in row]
        self._subjects = [person["id"] for person in identities]
        self._emails = {person["id"]: person["traits"]["email"] for person in identities}
        self._accounts = accounts
        self._parts: dict[str, str] = {}

    def subject(self, part: str, code: str = "", status: str = "") -> str:
        """Return the subject id of whoever plays the part; choose somebody if nobody does yet.

        Args:
            code: with ``status``, the account that this person has.
            status: empty for a person without any account.

        Raises:
            NobodyFits: there is no such person whom the story does not use yet.

        """
        if part not in self._parts:
            self._parts[part] = self._choose(code, status)
        return self._parts[part]

    def emails(self, count: int) -> list[str]:
        """Return addresses of people without any account whom the story does not use, and use them."""
        chosen = []
        for number in range(count):
            try:
                chosen.append(self._emails[self.subject(f"bulk {number}")])
            except NobodyFits:
                break
        return chosen

    def _choose(self, code: str, status: str) -> str:
        used = set(self._parts.values())
        if status:
            accounts = [row for row in self._accounts if (row["account_code"], row["status"]) == (code, status)]
            fits = {row["subject_id"] for row in accounts}
        else:
            fits = set(self._subjects) - {row["subject_id"] for row in self._accounts}
        for subject in self._subjects:
            if subject in fits and subject not in used:
                return str(subject)
        raise NobodyFits(f"{code} {status}".strip() or "without an account")
