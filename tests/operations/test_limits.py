"""Rate limits by IP address and by person, of sign-ins and of changes; with and without a cache."""

import pytest

from tests.servers import Browser, text_of


@pytest.fixture(scope="module")
def limited(start_console):
    limits = {
        "SIGNINS_PER_ADDRESS": "6",
        "SIGNINS_PER_PERSON": "2",
        "WRITES_PER_ADDRESS": "6",
        "WRITES_PER_PERSON": "3",
    }
    return start_console("sqlite", workers=2, TRUSTED_PROXY_COUNT="1", **limits)


def browser_at(console, address):
    browser = Browser(console.url)
    browser.session.headers["X-Forwarded-For"] = address
    return browser


def until_refused(ask, limit):
    """Send requests until the response is 429. The window may end meanwhile, so twice the limit may be accepted."""
    for _ in range(2 * limit + 1):
        page = ask()
        if page.status_code == 429:
            return page
    raise AssertionError("never refused")


def test_signing_in_from_one_address(limited):
    hasty = browser_at(limited, "203.0.113.1")
    page = until_refused(lambda: hasty.get("/signin/", follow=False), 6)
    assert 1 <= int(page.headers["Retry-After"]) <= 60
    assert "Too many requests" in text_of(page)
    assert 'data-code="too_many_requests"' in page.text
    assert browser_at(limited, "203.0.113.2").get("/signin/", follow=False).status_code == 302
    assert "203.0.113.1" not in "".join(line for line in limited.log().splitlines() if "Too many" in line)


def test_addresses_of_one_ipv6_network_count_together(limited):
    number = iter(range(1, 100))
    until_refused(lambda: browser_at(limited, f"2001:db8:0:1::{next(number)}").get("/signin/", follow=False), 6)
    assert browser_at(limited, "2001:db8:0:2::1").get("/signin/", follow=False).status_code == 302


def test_whoever_changes_the_network_with_each_request_is_counted_by_the_larger_one(limited):
    number = iter(range(1, 1000))
    until_refused(lambda: browser_at(limited, f"2001:db8:1:{next(number):x}::1").get("/signin/", follow=False), 24)
    assert browser_at(limited, "2001:db8:2:1::1").get("/signin/", follow=False).status_code == 302


def test_signing_in_as_one_person_from_many_addresses(limited, directory):
    number = iter(range(1, 100))
    page = until_refused(lambda: browser_at(limited, f"198.51.100.{next(number)}").sign_in("nora"), 2)
    assert page.url.startswith(limited.url)
    assert browser_at(limited, "198.51.100.200").sign_in("otto").status_code == 200


def test_writes_of_one_person_from_many_addresses(limited, directory):
    gil = browser_at(limited, "192.0.2.1")
    gil.sign_in("gil")
    token = gil.form("/orgs/globex/accounts/", "/signout/")["csrfmiddlewaretoken"]
    number = iter(range(2, 100))

    def write(path="/orgs/globex/accounts/bulk/", **more):
        gil.session.headers["X-Forwarded-For"] = f"192.0.2.{next(number)}"
        return gil.post(path, {"csrfmiddlewaretoken": token}, **more)

    page = until_refused(lambda: write(htmx=True), 3)
    assert "<html" not in page.text, "a fragment where htmx asked"
    assert page.headers["HX-Reselect"] == ".problem"
    assert gil.get("/orgs/globex/accounts/").status_code == 200, "reading goes on"
    plan = "/orgs/globex/accounts/bulk/0f9c1f3e-5a55-4f5e-9d5e-2b1c8f6f7a11/run/"
    assert {write(plan).status_code for _ in range(8)} == {404}, "chunks of a run are not counted among the writes"
    assert write("/session/stay/").status_code == 204


def test_writes_from_one_address_by_nobody(limited):
    stranger = browser_at(limited, "203.0.113.9")
    stranger.get("/signout/")
    sent = {"csrfmiddlewaretoken": "x"}
    page = until_refused(lambda: stranger.post("/appearance/", sent, follow=False), 6)
    assert page.status_code == 429


def test_without_a_cache_nothing_is_limited(start_console, directory):
    console = start_console("sqlite", CACHE_URL="redis://127.0.0.1:9", SIGNINS_PER_ADDRESS="1", SIGNINS_PER_PERSON="1")
    for _ in range(2):
        assert browser_at(console, "203.0.113.1").sign_in("ada").status_code == 200
    assert "The cache cannot count" in console.log()
