"""``manage.py makemessages``: Django's, which also finds the sentences that ``console.recorded_text`` records."""

from django.core.management.base import CommandParser
from django.core.management.commands import makemessages


class Command(makemessages.Command):
    """Does no fuzzy matching: a new text stays untranslated until somebody translates it."""

    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=recorded:2"]  # noqa: RUF012
    msgmerge_options = [*makemessages.Command.msgmerge_options, "--no-fuzzy-matching"]  # noqa: RUF012

    def add_arguments(self, parser: CommandParser) -> None:
        """Add defaults that keep the differences of catalogues small."""
        super().add_arguments(parser)
        parser.set_defaults(no_wrap=True, add_location="never", ignore_patterns=["tests/*"])
