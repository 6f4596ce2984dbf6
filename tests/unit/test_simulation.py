"""The simulation of appends: what waits in it, and for how long."""

import re

import pytest

from tests.benchmarks import simulation


def times(*arguments: str) -> tuple[int, int]:
    """Median and 99th percentile, in milliseconds."""
    told = simulation.main(["--seconds", "120", *arguments])
    found = re.search(r"(\d+) ms median, (\d+) ms 99th percentile$", told)
    assert found, told
    return int(found[1]), int(found[2])


def test_without_contention_an_append_takes_its_own_commit() -> None:
    assert times("--admins", "10", "--bulk-runs", "0", "--commit", "0.005") == (5, 5)


@pytest.mark.parametrize("heavier", [["--admins", "12000"], ["--bulk-runs", "20"], ["--commit", "0.05"]])
def test_more_work_waits_longer(heavier: list[str]) -> None:
    light, heavy = times(), times(*heavier)
    assert heavy[0] > light[0]
    assert heavy[1] > light[1]


def test_one_log_commits_together_what_waits_for_it() -> None:
    """With 50 ms a commit, 133 appends a second would need 6.7 logs, if each took a commit of its own."""
    assert times("--admins", "4000", "--organizations", "1", "--commit", "0.05")[1] < 1000
