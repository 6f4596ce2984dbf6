"""The claims of a logout token: OpenID Connect Back-Channel Logout 1.0, section 2.6, steps 4 to 6."""

import hashlib
import time
from typing import Any

import pytest

from console.signin.errors import InvalidLogoutToken
from console.signin.oidc.logout_token import EVENT, LogoutToken, read_logout_claims

JTI = hashlib.sha256(b"j").hexdigest()


def claims(**changes: Any) -> dict[str, Any]:
    document = {"sub": "ada", "sid": "s", "iat": time.time(), "jti": "j", "events": {EVENT: {}}, **changes}
    return {name: value for name, value in document.items() if value is not None}


def test_subject_and_session_or_one_of_them() -> None:
    assert read_logout_claims(claims()) == LogoutToken("ada", "s", JTI)
    assert read_logout_claims(claims(sub=None)) == LogoutToken("", "s", JTI)
    assert read_logout_claims(claims(sid=None)) == LogoutToken("ada", "", JTI)
    assert read_logout_claims(claims(events={EVENT: {}, "https://example.org/": {}})) == LogoutToken("ada", "s", JTI)


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None, "sid": None},
        *({"sub": value} for value in ("", 5, ["ada"], {})),
        *({"sid": value} for value in ("", 5, ["s"], True)),
        *({"events": value} for value in (None, EVENT, [EVENT], {}, {EVENT: None}, {EVENT: []}, {EVENT: "{}"})),
        *({"nonce": value} for value in ("n", "", 0)),
        *({"jti": value} for value in (None, "", 5, ["j"], "j" * 1001)),
        {"iat": time.time() - 3600},
    ],
)
def test_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidLogoutToken):
        read_logout_claims(claims(**changes))
