"""A sign-in in a window, handed to a frame: every way in which somebody else could get at it, or the frame at theirs."""

import json
import re

import pytest
import requests
from cryptography.fernet import Fernet

from console.sandbox import processes
from tests import markup
from tests.servers import Browser, form_of, text_of
from tests.signin.ended_sessions import rows

NEXT = "/orgs/acme/types/?q=worker"


@pytest.fixture(scope="module")
def framed_console(start_console):
    return start_console("sqlite", **processes.portal_settings(9, mode="same-site"))


class Frame(Browser):
    """The console inside of a portal: a session of its own."""

    def ask(self, next_path=NEXT):
        self.get(f"/signin/?next={next_path.replace('?', '%3F')}", Sec_Fetch_Dest="iframe")
        held = self.soup.select_one("#frame-signin")
        self.challenge, self.proof = held["data-challenge"], held["data-proof"]
        self.token = self.soup.select_one("#with-code [name=csrfmiddlewaretoken]")["value"]
        return self

    @property
    def state(self):
        return self.get("/embed/waiting/", X_Console_Poll="1").json()["state"]

    def receive(self, code="", **more):
        sent = {"csrfmiddlewaretoken": self.token, "code": code, **more}
        return self.post("/embed/receive/", sent, follow=False)


class Window(Browser):
    """A window of the same person's browser, in another cookie jar."""

    def sign_in_for(self, frame, person="ada", proof=None):
        """Sign in for a frame, with or without its proof; the code."""
        if proof is None:
            page = self.get(f"/embed/window/alone/?for={frame.challenge}")
        else:
            form = {**self.form(f"/embed/window/?for={frame.challenge}"), "for": frame.challenge, "proof": proof}
            page = self.get(self.post("/embed/window/", form).json()["location"])
        if "/pick/" in page.url:
            page = self._keep(
                self.session.post(page.url.split("?")[0], data={**form_of(page, "pick"), "person": person})
            )
        self.code = markup.parse(page.text).select_one("#frame-completed")["data-code"]
        return page


@pytest.fixture
def frame(framed_console, directory):
    return Frame(framed_console.url).ask()


@pytest.fixture
def window(framed_console):
    return Window(framed_console.url)


def refused(page):
    return page.status_code == 403 and 'data-code="invalid_frame_code"' in page.text


def test_the_frame_gets_the_session_once_and_the_window_none(framed_console, frame, window):
    assert frame.state == "waiting"
    page = window.sign_in_for(frame)
    assert re.fullmatch(r"[0-9A-Z]{5}-[0-9A-Z]{5}", window.code)
    assert page.headers["Cross-Origin-Opener-Policy"] == "unsafe-none"
    assert frame.state == "code"
    assert refused(frame.receive("")), "without the frame's proof the code is needed"
    answer = frame.receive(window.code.lower().replace("-", " "))
    assert (answer.status_code, answer.headers["Location"]) == (303, NEXT)
    assert frame.get(NEXT).status_code == 200
    assert "Ada Admin" in text_of(frame.last)
    assert window.get("/orgs/acme/types/", follow=False).status_code == 302, "the window itself is not signed in"
    token = frame.soup.select_one("[name=csrfmiddlewaretoken]")["value"]
    assert refused(frame.receive(window.code, csrfmiddlewaretoken=token)), "a second time it is worth nothing"


def test_proven_needs_no_code(frame, window):
    window.sign_in_for(frame, proof=frame.proof)
    assert frame.state == "ready"
    assert frame.receive().headers["Location"] == NEXT
    assert frame.state == "signed_in"


@pytest.mark.parametrize("proof", ["", "0" * 64])
def test_a_forged_proof_proves_nothing(frame, window, proof):
    window.sign_in_for(frame, proof=proof)
    assert frame.state == "code"


def test_a_proof_in_an_address_proves_nothing(frame, window):
    """A stranger may send a link with what their own frame holds; whoever follows it signs nobody in."""
    window.get(f"/embed/window/?for={frame.challenge}&proof={frame.proof}")
    page = window.get(f"/embed/window/alone/?for={frame.challenge}&proof={frame.proof}")
    window._keep(window.session.post(page.url.split("?")[0], data={**form_of(page, "pick"), "person": "ada"}))
    assert frame.state == "code"
    assert refused(frame.receive())
    sent = {"for": frame.challenge, "proof": frame.proof}
    assert window.post("/embed/window/", sent).status_code == 403, "and nobody else's page can post it"


def test_the_code_is_worth_nothing_in_another_session(framed_console, frame, window):
    window.sign_in_for(frame)
    other = Frame(framed_console.url).ask()
    assert refused(other.receive(window.code))
    assert other.state == "waiting"
    stranger = Frame(framed_console.url)
    stranger.token = stranger.form("/signout/", "/appearance/")["csrfmiddlewaretoken"]
    assert refused(stranger.receive(window.code))
    assert stranger.state == "lost"
    assert frame.receive(window.code).status_code == 303


def test_two_frames_of_two_people_are_not_mixed_up(framed_console, frame, window):
    other, second = Frame(framed_console.url).ask("/orgs/acme/accounts/"), Window(framed_console.url)
    window.sign_in_for(frame, "ada")
    second.sign_in_for(other, "otto")
    assert refused(frame.receive(second.code))
    assert other.receive(second.code).headers["Location"] == "/orgs/acme/accounts/"
    assert frame.receive(window.code).headers["Location"] == NEXT
    assert "Otto Auditor" in text_of(other.get("/orgs/acme/types/"))
    assert "Ada Admin" in text_of(frame.get("/orgs/acme/types/"))


def tokens_of(console, frame):
    """The tokens that wait for a frame, as somebody with the console's keys reads them."""
    [(secret,)] = rows(console, "SELECT secret FROM signin_framesignin WHERE challenge = ?", frame.challenge)
    answer = json.loads(Fernet(console.server.env["TOKEN_ENCRYPTION_KEYS"]).decrypt(secret))["token_response"]
    return answer["access_token"], answer["refresh_token"]


def accepts(console, provider, tokens):
    """Whether the provider takes the access token, and the refresh token (which it then replaces)."""
    discovery = requests.get(f"{provider.url}/.well-known/openid-configuration", timeout=20).json()
    access, refresh = tokens
    who = requests.get(discovery["userinfo_endpoint"], headers={"Authorization": f"Bearer {access}"}, timeout=20)
    client = (console.server.env["OIDC_CLIENT_ID"], console.server.env["OIDC_CLIENT_SECRET"])
    sent = {"grant_type": "refresh_token", "refresh_token": refresh}
    fresh = requests.post(discovery["token_endpoint"], sent, auth=client, timeout=20)
    return who.ok, fresh.ok


def test_five_wrong_codes_end_it(framed_console, provider, frame, window):
    window.sign_in_for(frame)
    tokens = tokens_of(framed_console, frame)
    for _ in range(5):
        assert refused(frame.receive("00000-00000"))
    assert frame.state == "waiting"
    assert refused(frame.receive(window.code))
    assert accepts(framed_console, provider, tokens) == (False, False), "nobody can fetch them: they are revoked"


def test_another_window_for_the_frame_takes_the_place_of_the_first(framed_console, provider, frame, window):
    window.sign_in_for(frame)
    first = tokens_of(framed_console, frame)
    Window(framed_console.url).sign_in_for(frame, proof=frame.proof)
    second = tokens_of(framed_console, frame)
    assert frame.receive().status_code == 303
    assert accepts(framed_console, provider, first) == (False, False)
    assert accepts(framed_console, provider, second) == (True, True), "those of the session are not revoked"


def test_two_minutes_end_it(framed_console, provider, frame, window):
    window.sign_in_for(frame, proof=frame.proof)
    script = "from console.signin.models import FrameSignIn as H; from django.utils import timezone as t; import datetime as d\n"
    script += (
        "row = H.objects.get(challenge='CHALLENGE'); assert 60 < (row.expires_at - t.now()).total_seconds() <= 120\n"
    )
    script += "assert 'person-ada' not in row.secret; H.objects.update(expires_at=t.now() - d.timedelta(seconds=1))"
    done = framed_console.manage("shell", "--no-imports", "-v", "0", "-c", script.replace("CHALLENGE", frame.challenge))
    assert done.returncode == 0, done.stderr
    assert frame.state == "waiting"
    assert refused(frame.receive(window.code))
    tokens = tokens_of(framed_console, frame)
    Window(framed_console.url).sign_in_for(Frame(framed_console.url).ask())  # whoever comes next clears it away
    assert accepts(framed_console, provider, tokens) == (False, False)


def test_clearing_sessions_discards_what_no_frame_collected(framed_console, provider, frame, window):
    window.sign_in_for(frame, proof=frame.proof)
    tokens = tokens_of(framed_console, frame)
    expired = "UPDATE signin_framesignin SET expires_at = datetime('now', '-1 seconds') WHERE challenge = ?"
    rows(framed_console, expired, frame.challenge)
    done = framed_console.manage("clearsessions")
    assert done.returncode == 0, done.stderr
    assert rows(framed_console, "SELECT 1 FROM signin_framesignin WHERE challenge = ?", frame.challenge) == []
    assert accepts(framed_console, provider, tokens) == (False, False)


def test_an_operator_ends_what_is_on_its_way_too(framed_console, frame, window):
    window.sign_in_for(frame, proof=frame.proof)
    framed_console.manage("endsessions", "--subject", "person-ada")
    assert frame.state == "waiting"
    assert refused(frame.receive(window.code))


def test_no_form_of_somebody_else_fetches_it(frame, window):
    window.sign_in_for(frame, proof=frame.proof)
    assert frame.post("/embed/receive/", {"code": window.code}).status_code == 403
    assert frame.state == "ready"


@pytest.mark.parametrize("text", ["", "x", "x" * 43 + "'", "é" * 43])
def test_what_is_no_challenge_leads_nowhere(window, text):
    for path in ("/embed/window/", "/embed/window/alone/"):
        assert window.get(f"{path}?for={text}").status_code == 404


def test_only_a_frame_is_asked_to_open_a_window(framed_console, sqlite_console, directory):
    assert "/pick/" in Browser(framed_console.url).get("/signin/", Sec_Fetch_Dest="document").url
    assert "/pick/" in Browser(sqlite_console.url).get("/signin/", Sec_Fetch_Dest="iframe").url, (
        "mode none has no frames"
    )


def test_a_form_that_came_too_late_waits_in_the_frame(framed_console, frame, window, directory):
    window.sign_in_for(frame, proof=frame.proof)
    frame.receive()
    subject = directory.person("worker")
    path = f"/orgs/acme/accounts/{subject}/worker/status/"
    sent = {**frame.form(path), "status": "expired", "message": "written before the session ended"}
    framed_console.manage("endsessions", "--all")
    answer = frame.post(path, sent, follow=False)
    frame.ask(
        re.search(r"next=(.*)", answer.headers["Location"])
        .group(1)
        .replace("%2F", "/")
        .replace("%3F", "?")
        .replace("%3D", "=")
    )
    again = Window(framed_console.url)
    again.sign_in_for(frame, proof=frame.proof)
    assert "written before the session ended" in frame.get(frame.receive().headers["Location"]).text
    assert directory.writes(subject) == []


def test_signing_out_stays_in_the_frame(frame, window):
    window.sign_in_for(frame, proof=frame.proof)
    frame.receive()
    page = frame.post("/signout/", frame.form("/orgs/acme/types/", "/signout/"), follow=False, Sec_Fetch_Dest="iframe")
    assert page.status_code == 200
    assert "post_logout_redirect_uri" in frame.soup.select_one("main a[target=_blank]")["href"]
    assert frame.get("/orgs/acme/types/", follow=False).status_code == 302
