"""What the console makes of paths below ``CONSOLE_PATH_PREFIX``, and beside it."""

from typing import Any

import pytest

from console.path_prefix import strip_path_prefix


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/tools/orgs/acme/", "/orgs/acme/"),
        ("/tools/", "/"),
        ("/tools", "/"),
        ("/orgs/acme/", "/orgs/acme/"),  # a proxy has stripped it
        ("/toolshed/", "/toolshed/"),
        ("/tools/tools/", "/tools/"),
        ("/tools//evil.example/", "//evil.example/"),
        ("/healthz", "/healthz"),
        ("/tools/healthz", "/tools/healthz"),  # probes are not below the prefix
        ("/tools/readyz", "/tools/readyz"),
        ("/tools/metrics", "/tools/metrics"),
        ("", ""),
    ],
)
def test_the_prefix_is_stripped_once(path: str, inside: str) -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Any) -> list[bytes]:
        seen.update(environ)
        return []

    strip_path_prefix(application, "/tools")({"PATH_INFO": path}, None)
    assert seen["PATH_INFO"] == inside


def test_without_a_prefix_nothing_is_wrapped() -> None:
    assert strip_path_prefix(print, "") is print  # type: ignore[arg-type,comparison-overlap]
