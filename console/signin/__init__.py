"""Sign-in with the company's OpenID provider, sessions, the access token's life, and who may open what."""
