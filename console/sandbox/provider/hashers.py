"""The hasher of the client secret."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class SingleIterationHasher(PBKDF2PasswordHasher):
    """PBKDF2 without stretching, which only weak passwords need: the secret is 32 random bytes (``read_keys``).

    A million iterations take a third of a second of CPU time, for each token request.
    """

    iterations = 1
