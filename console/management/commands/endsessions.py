"""``manage.py endsessions``: end the sessions of one person, or of everybody."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from console.signin.frames import frame_signin
from console.signin.models import FrameSignIn, Session


class Command(BaseCommand):
    """Ends sessions of the console. People can sign in again, unless the provider blocks them first."""

    help = "End the sessions of one person (--subject) or of everybody (--all); their tokens are forgotten."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the options."""
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--subject", help="the person's sub, as the change log shows it")
        group.add_argument("--all", action="store_true", help="everybody")

    def handle(self, *args: Any, **options: Any) -> None:
        """End the sessions, and print how many."""
        sessions = Session.objects.filter(ended_at=None, user__isnull=False)
        if options["subject"] is not None:
            sessions = sessions.filter(user__subject=options["subject"])
        frame_signin.discard_frame_signins(
            FrameSignIn.objects.all()
        )  # sign-ins on their way into a frame, at most 2 minutes old
        ended = sessions.update(ended_at=timezone.now(), secret="", session_data="")
        self.stdout.write(f"Ended {ended} session{'' if ended == 1 else 's'}.")
