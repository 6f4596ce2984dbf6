"""The whole thing on one machine: an OpenID provider and a Directory API, each a real HTTP server of its own."""
