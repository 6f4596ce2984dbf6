"""Claims come from two documents, the ID token and userinfo: a flag vouches only for the address beside it."""

import json

import pytest

from tests.servers import text_of
from tests.signin.hostile_provider import Attempt, HostileProvider

RULES = {"acme": {"name": "Acme GmbH", "admins": {"email": ["boss@acme.example"]}}}
BOSS, OWN = "boss@acme.example", "eve@evil.example"


@pytest.fixture(scope="module")
def provider_of_addresses():
    provider = HostileProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture(scope="module")
def console_of_addresses(start_console, provider_of_addresses):
    return start_console(
        "sqlite", OIDC_ISSUER=provider_of_addresses.issuer, CONSOLE_ORGANIZATIONS=json.dumps(RULES), OIDC_TIMEOUT="2"
    )


# Claims of the ID token, claims of userinfo, whether they give access.
DOCUMENTS = {
    "address in the ID token, flag in userinfo": ({"email": BOSS}, {"email_verified": True}, False),
    "address in userinfo, flag in the ID token": ({"email_verified": True}, {"email": BOSS}, False),
    "the flag of another address": ({"email": OWN, "email_verified": True}, {"email": BOSS}, False),
    "userinfo does not vouch": (
        {"email": BOSS, "email_verified": True},
        {"email": BOSS, "email_verified": False},
        False,
    ),
    "both in the ID token": ({"email": BOSS, "email_verified": True}, {}, True),
    "both in userinfo": ({}, {"email": BOSS, "email_verified": True}, True),
    "a flag that is text": ({}, {"email": BOSS, "email_verified": "true"}, True),
    "a flag that is text and says no": ({}, {"email": BOSS, "email_verified": "False"}, False),
    "an address in capitals": ({}, {"email": BOSS.upper(), "email_verified": True}, True),
    "userinfo is newer": (
        {"email": OWN, "email_verified": True},
        {"email": BOSS, "email_verified": True},
        True,
    ),
    "userinfo repeats the address without the flag": (
        {"email": BOSS, "email_verified": True},
        {"email": BOSS},
        True,
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_flag_vouches_for_the_address_beside_it(console_of_addresses, provider_of_addresses, directory, name):
    in_token, in_userinfo, has_access = DOCUMENTS[name]
    provider_of_addresses.behave()
    provider_of_addresses.claims = in_token
    provider_of_addresses.answers["/userinfo"] = {"sub": "ada", "name": "Ada", **in_userinfo}
    attempt = Attempt(console_of_addresses, provider_of_addresses)
    assert attempt.run().status_code == 302
    page = attempt.browser.get("/orgs/acme/changes/")
    assert page.status_code == (200 if has_access else 404), text_of(page)
