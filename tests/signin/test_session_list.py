"""The list of one's own sessions: what it shows, what it does not, and ending them."""

import re

from tests.servers import Browser, form_of
from tests.signin.ended_sessions import age, key_of


def signed_in(console, person, agent):
    browser = Browser(console.url)
    browser.session.headers["User-Agent"] = agent
    assert browser.sign_in(person).url.startswith(console.url)
    return browser


def places(browser):
    browser.get("/sessions/")
    return [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in browser.soup.select("tbody tr")]


def is_signed_in(browser):
    return browser.get("/sessions/", follow=False).status_code == 200


def test_own_sessions_and_no_others_are_listed(sqlite_console, directory):
    otto = signed_in(sqlite_console, "otto", "Mozilla/5.0 (X11; Linux) Firefox/140.0")
    here = signed_in(sqlite_console, "gil", "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36")
    there = signed_in(sqlite_console, "gil", "<script>alert(1)</script> x")
    idle = signed_in(sqlite_console, "gil", "idle/1.0")
    age(sqlite_console, idle, "last_seen", 31)
    shown = places(here)
    assert shown[0][:2] == ["Chrome, Windows", "127.0.0.1"]
    assert shown[0][4] == "This session"
    devices = [row[0] for row in shown]
    assert "<script>alert(1)</script>" in devices
    assert "Firefox, Linux" not in devices
    assert "idle/1.0" not in devices
    assert not any(key_of(browser) in here.last.text for browser in (here, there, otto)), (
        "a key would be the session itself"
    )
    assert "<html" not in here.get("/sessions/", htmx=True).text

    there_sent = form_of(there.get("/sessions/"), "/sessions/")
    other_sent = {**form_of(otto.get("/sessions/"), "/signout/"), "session": there_sent["session"]}
    assert otto.post("/sessions/", other_sent).url.endswith("?ended=0"), "another person's session is not to be had"
    assert is_signed_in(here)


def test_ending_one_and_then_all_others(sqlite_console, directory, provider):
    here, first, second, third = (signed_in(sqlite_console, "nora", f"browser-{number}/1") for number in range(4))
    here.get("/sessions/")
    row = next(row for row in here.soup.select("tbody tr") if "browser-1/1" in row.get_text())
    sent = {field["name"]: field["value"] for field in row.select("input")}
    page = here.post("/sessions/", sent)
    assert re.search(r'role="status">\s*1 session was ended', page.text)
    assert not is_signed_in(first)
    assert is_signed_in(second)
    others = len(places(here)) - 1  # other tests may have signed her in, too
    page = here.post("/sessions/", {"csrfmiddlewaretoken": sent["csrfmiddlewaretoken"], "others": "1"})
    assert f"{others} sessions were ended" in page.text
    assert [is_signed_in(browser) for browser in (here, second, third)] == [True, False, False]
    assert f"person-nora ended {others} of their other sessions" in sqlite_console.log()
    assert len(places(here)) == 1
    assert "End all other sessions" not in here.last.text
