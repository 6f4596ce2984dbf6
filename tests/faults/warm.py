"""gunicorn's configuration for workers that are killed all the time: all code is loaded before they fork.

So the next worker serves at once, and meets the next kill at work.
"""

preload_app = True


def when_ready(server):
    from django.template.loader import get_template
    from django.urls import get_resolver

    assert get_resolver().url_patterns
    for page in ("assign", "status", "delete", "person", "changes/result"):
        get_template(f"{page}/page.html")
