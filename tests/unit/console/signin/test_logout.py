"""The address that ends the provider's session."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import RequestFactory, override_settings

from console.signin.logout import end_session_url

RETURN = "http://localhost/signout/"


@pytest.mark.parametrize(
    ("issuer", "endpoint", "expected"),
    [
        ("https://login.example.org", "https://login.example.org/out", {"post_logout_redirect_uri": RETURN}),
        ("https://login.example.org", "https://a.example/o?t=1", {"t": "1", "post_logout_redirect_uri": RETURN}),
        ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x", "https://d.example/logout", {"logout_uri": RETURN}),
        (
            "https://cognito-idp.x.amazonaws.com.evil.example",
            "https://e.example/",
            {"post_logout_redirect_uri": RETURN},
        ),
    ],
)
def test_parameters(issuer: str, endpoint: str, expected: dict[str, str]) -> None:
    request = RequestFactory().get("/", headers={"host": "localhost"})
    with override_settings(OIDC_ISSUER=issuer, OIDC_CLIENT_ID="console", ALLOWED_HOSTS=["localhost"]):
        address = end_session_url(request, endpoint, None)  # type: ignore[arg-type]
    assert address.startswith(endpoint)
    assert dict(parse_qsl(urlsplit(address).query)) == {"client_id": "console", **expected}
