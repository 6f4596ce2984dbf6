"""The guide's pages as texts: their length, their links, and that each can be found from the README."""

import re
from urllib.parse import urlsplit

import pytest

from tests.docs import pages

LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
BY_NAME = {page.name: page for page in pages.PAGES}


def links(page):
    return [one or other for one, other in LINK.findall("\n".join(pages.prose(page)))]


def test_the_readme_fits_on_one_page():
    assert len(pages.README.read_text().splitlines()) <= 150
    picture = pages.ROOT / "static" / "docs" / "console.png"
    assert "static/docs/console.png" in links(pages.README)
    assert picture.stat().st_size < 100_000


@pytest.mark.parametrize("name", BY_NAME)
def test_lines_are_short(name):
    """A row of a table is one line; a picture of characters and code keep to the width as well."""
    lines = BY_NAME[name].read_text().splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


@pytest.mark.parametrize("name", BY_NAME)
def test_links_lead_somewhere(name):
    page = BY_NAME[name]
    for link in links(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), link
        if parts.fragment:
            assert parts.fragment in pages.headings(target), link


def test_every_page_is_reached_from_the_readme():
    reached, waiting = set(), [pages.README]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = {(page.parent / urlsplit(link).path).resolve() for link in links(page) if not urlsplit(link).scheme}
        waiting += [target for target in targets - reached if target in pages.PAGES]
    assert [page.name for page in pages.PAGES if page not in reached] == []
    linked = {(pages.ROOT / urlsplit(link).path).resolve() for link in links(pages.README)}
    assert set(pages.DOCS.glob("*.md")) <= linked, "the README names each page itself"
