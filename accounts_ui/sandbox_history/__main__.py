"""``python -m accounts_ui.sandbox_history``: play the story, in the environment of the sandbox's console."""

import logging
import sys

import django


def main() -> None:
    """Play the story, or say why this is no sandbox."""
    django.setup()
    from accounts_ui.sandbox_history.player import Player
    from accounts_ui.sandbox_history.sandbox_servers import NotASandbox, require_sandbox
    from console import clock

    logging.disable(logging.WARNING)  # weeks of log lines, all of them from today
    try:
        require_sandbox()
        Player().play(clock.now().date())
    except NotASandbox as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
