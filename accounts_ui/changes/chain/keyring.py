"""The public keys that verify a log, each with the part of the log that it signs."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from accounts_ui.changes.chain.records import key_id


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """A public key, and the sequence of the first event that it signs. It signs until the next period begins."""

    id: str
    public: Ed25519PublicKey
    first: int


class Keyring:
    """The keys of one log, oldest first."""

    def __init__(self, periods: Iterable[KeyPeriod]) -> None:
        self.periods = list(periods)
        self._firsts = [period.first for period in self.periods]

    def __reduce__(self) -> tuple[Any, ...]:
        """Let another process have it: public keys alone cannot be handed over."""
        return _restore, ([(period.public.public_bytes_raw(), period.first) for period in self.periods],)

    @property
    def current(self) -> KeyPeriod:
        """Return the key that signs the end of the log."""
        return self.periods[-1]

    def at(self, sequence: int) -> KeyPeriod:
        """Return the key that signs this event."""
        return self.periods[max(0, bisect_right(self._firsts, sequence) - 1)]

    def ids(self) -> list[str]:
        """Return the ids of all keys, oldest first."""
        return [period.id for period in self.periods]

    def describe(self, last: int) -> str:
        """Say which key signs which events, up to the last one."""
        ends = [*(first - 1 for first in self._firsts[1:]), last]
        return "; ".join(
            f"key {period.id} signs {period.first} to {end}" for period, end in zip(self.periods, ends, strict=True)
        )


def _restore(periods: list[tuple[bytes, int]]) -> Keyring:
    keys = [(Ed25519PublicKey.from_public_bytes(raw), first) for raw, first in periods]
    return Keyring(KeyPeriod(key_id(public), public, first) for public, first in keys)
