"""One clock: the product asks it for the time, and only the sandbox's history moves it."""

import ast
import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import clock

ROOT = Path(clock.__file__).parents[1]
PRODUCT = ROOT / "accounts_ui"
STANDALONE = PRODUCT / "changes" / "evidence" / "verify.py"
HISTORY = PRODUCT / "sandbox_history"
OTHER_CLOCKS = {"timezone.now", "datetime.now", "datetime.datetime.now", "datetime.utcnow", "date.today", "time.time"}
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def a_past_time() -> Iterator[datetime.datetime]:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    clock.pretend(moment)
    yield moment
    clock.pretend(None)


def test_it_tells_the_time() -> None:
    assert abs(clock.now() - datetime.datetime.now(datetime.UTC)) < MINUTE


def test_time_goes_on_from_where_it_pretends_to_be(a_past_time: datetime.datetime) -> None:
    first = clock.now()
    second = clock.now()
    assert a_past_time <= first <= second < a_past_time + MINUTE


def test_it_tells_the_time_again_afterwards(a_past_time: datetime.datetime) -> None:
    clock.pretend(None)
    assert clock.now() - a_past_time > MINUTE


def names(path: Path) -> set[str]:
    """The dotted names that a file uses."""
    return {ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}


def test_the_product_asks_no_other_clock() -> None:
    files = [path for path in PRODUCT.rglob("*.py") if path != STANDALONE and "migrations" not in path.parts]
    assert len(files) > 100
    assert {str(path): found for path in files if (found := names(path) & OTHER_CLOCKS)} == {}


def test_only_the_sandboxs_history_moves_the_clock() -> None:
    files = [*PRODUCT.rglob("*.py"), *(ROOT / "console").rglob("*.py")]
    assert {path.parent for path in files if "clock.pretend" in names(path)} <= {HISTORY}
