"""Django's error page in ``DEBUG``, without any values: it shows the code that an exception passed through.

Local variables hold tokens, settings hold passwords in URLs, requests hold cookies and one-time codes. Django hides
them by their names. This reporter drops them all, so that nothing depends on a name.
"""

from typing import Any

from django.views import debug

from console.redaction import redact


class ExceptionReporter(debug.ExceptionReporter):
    """The class that ``DEFAULT_EXCEPTION_REPORTER`` names."""

    def get_traceback_data(self) -> dict[str, Any]:
        """Return the traceback without values."""
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
