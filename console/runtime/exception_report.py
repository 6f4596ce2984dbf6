"""What Django's own error page tells of an exception where ``DEBUG`` is on: the code that it went through, no values.

Local variables hold tokens, settings hold passwords in addresses, requests hold cookies and one-time codes. Django
filters them by name; here nothing of them is kept, so that nothing depends on how something is called.
"""

from typing import Any

from django.views import debug

from console.runtime.logging import redact


class ExceptionReporter(debug.ExceptionReporter):
    """Django's ``DEFAULT_EXCEPTION_REPORTER``."""

    def get_traceback_data(self) -> dict[str, Any]:
        """The traceback without values."""
        data: dict[str, Any] = super().get_traceback_data()
        for frame in data["frames"]:
            frame["vars"] = []
        data.update(
            settings={},
            request=None,
            request_meta={},
            request_COOKIES_items=None,
            request_GET_items=None,
            request_FILES_items=None,
            filtered_POST_items=[],
            exception_value=redact(str(data.get("exception_value", ""))),
        )
        return data
