"""The browser's table of folded characters is the one that the server's rules make."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

SCRIPT = str(Path(__file__).parents[4] / ".ci" / "makefolding")


def test_the_table_is_up_to_date() -> None:
    loader = SourceFileLoader("makefolding", SCRIPT)
    spec = spec_from_loader("makefolding", loader)
    assert spec is not None
    made = module_from_spec(spec)
    loader.exec_module(made)
    assert made.TABLE.read_text("utf-8") == made.table(), "run .ci/makefolding"
