"""How many examples Hypothesis tries, where, and how."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = {
    "addresses": 880,
    "forms": 200,
    "headers": 350,
    "bodies": 80,
    "lists": 200,
    "writes": 60,
    "provider": 250,
}
"""Two thousand or more a run, in all."""

_KINDS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much, HealthCheck.large_base_example)


def hostile(name: str) -> settings:
    """A fresh seed each time; in CI the same one, so that a run there can be had again."""
    return settings(
        max_examples=EXAMPLES[name],
        deadline=None,
        derandomize=bool(os.environ.get("CI")),
        database=None if os.environ.get("CI") else settings().database,
        suppress_health_check=[*_KINDS, HealthCheck.function_scoped_fixture],
        print_blob=True,
    )


class Tally:
    """Counts the examples of one test, and says so."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0

    def one(self) -> None:
        self.count += 1

    def done(self) -> None:
        print(f"{self.name}: {self.count} examples")
        assert self.count >= EXAMPLES[self.name], f"{self.name}: only {self.count} examples"


def test_two_thousand_in_all() -> None:
    assert sum(EXAMPLES.values()) >= 2000
