"""``python -m console.sandbox.provider.register CLIENT_ID``: register the console as client, or update its secret."""

import os
import sys

import django

django.setup()

from allauth.idp.oidc.models import Client

client = Client.objects.filter(pk=sys.argv[1]).first() or Client(pk=sys.argv[1], name="Org Accounts Console")
client.set_secret(os.environ["CLIENT_SECRET"])
client.set_scopes(["openid", "profile", "email", "offline_access"])
client.set_grant_types(["authorization_code", "refresh_token"])
client.skip_consent = True
client.save()
