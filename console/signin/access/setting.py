"""The parser of ``CONSOLE_ORGANIZATIONS``."""

from pathlib import Path

from console.environment import VariableParser
from console.signin.access.rules import Organizations
from console.signin.access.rules_parser import RulesError, parse_organizations


class OrganizationsSetting(VariableParser):
    """Parses the JSON that says who may open which organization (``rules.py``), or the file at an absolute path."""

    def __call__(self, text: str) -> Organizations:
        if text.startswith("/"):
            try:
                text = Path(text).read_text(encoding="utf-8")
            except (OSError, UnicodeError) as error:
                raise self.error(f"{text} cannot be read: {type(error).__name__}") from None
        try:
            return parse_organizations(text)
        except RulesError as error:
            raise self.error(str(error)) from None
