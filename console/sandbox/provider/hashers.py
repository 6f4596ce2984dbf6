"""How the provider keeps the secret of its one client."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class OneRound(PBKDF2PasswordHasher):
    """PBKDF2 without stretching, which is for what people think of; ours is 32 random bytes (``processes.read_keys``).

    A million rounds take a third of a second of a processor, for each token that is asked for or renewed.
    """

    iterations = 1
