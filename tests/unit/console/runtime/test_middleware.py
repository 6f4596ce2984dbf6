"""Request ids."""

import uuid

import pytest

from console.runtime.middleware import read_request_id


def test_a_safe_request_id_is_kept() -> None:
    assert read_request_id("from-proxy_1.2") == "from-proxy_1.2"


@pytest.mark.parametrize("header", ["", "a b", "a\nb", "x" * 129, "é"])
def test_any_other_request_id_is_replaced(header: str) -> None:
    assert uuid.UUID(read_request_id(header))
