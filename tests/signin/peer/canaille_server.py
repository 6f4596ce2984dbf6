"""Canaille with one person and one client, all in memory. Usage: canaille_server.py FOLDER PORT CONSOLE_URL CLIENT_ID SECRET"""

import sys

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

_, port, console, client_id, client_secret = sys.argv[1:]
config = {
    "SECRET_KEY": "only-for-tests",
    "SERVER_NAME": f"127.0.0.1:{port}",
    "PREFERRED_URL_SCHEME": "http",
    "CANAILLE": {"DATABASE": "memory"},
    "CANAILLE_OIDC": {
        "ACTIVE_JWKS": [RSAKey.generate_key(2048, auto_kid=True, parameters={"use": "sig"}).as_dict(private=True)],
        "TRUSTED_DOMAINS": [],  # it asks for consent, as in production
    },
}
app = create_app(config=config)
with app.app_context():
    backend = Backend.instance
    user = models.User(
        user_name="carol",
        formatted_name="Carol Canaille",
        family_name="Canaille",
        given_name="Carol",
        emails=["carol@acme.example"],
        password="correct horse battery staple",
    )
    backend.save(user)
    group = models.Group(display_name="acme-admins", members=[user])
    backend.save(group)
    client = models.Client(
        client_id=client_id,
        client_secret=client_secret,
        client_name="Org Accounts Console",
        client_uri=console,
        redirect_uris=[f"{console}/signin/callback/"],
        post_logout_redirect_uris=[f"{console}/signout/"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method="client_secret_basic",
    )
    backend.save(client)
    client.audience = [client]
    backend.save(client)
server = make_server("127.0.0.1", int(port), app, threaded=False)
print("ready", flush=True)
server.serve_forever()
