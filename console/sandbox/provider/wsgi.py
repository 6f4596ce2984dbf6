"""The provider's WSGI application."""

import functools

from allauth.core.internal import jwkkit
from django.core.wsgi import get_wsgi_application

# allauth parses and checks its private key for each token that it signs, which takes longer than signing.
jwkkit.load_pem = functools.cache(jwkkit.load_pem)

application = get_wsgi_application()
