"""What the shared cache accepts back."""

import math
import pickle

import pytest

from console.authenticated_cache import seal, unseal

VALUES = [None, True, 1, 1.5, "", "é\u2028", [1, "a"], {"keys": [{"kty": "RSA"}], "at": 1.0}]


@pytest.mark.parametrize("value", VALUES)
def test_a_value_comes_back_under_its_own_name(value):
    assert unseal("name", seal("name", value, 60)) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"1",
        b" 1",
        b"\xff\xfe",
        pickle.dumps({"keys": []}),
        seal("other", 1, 60),
        seal("name", 1, 60)[:-1] + b"2",
        seal("name", 1, 60) + b" ",
        b"0" * 64 + b" 1",
    ],
    ids=range(9),  # a sealed value has the time in it, and workers collect the same names
)
def test_whatever_else_is_there_is_refused(data):
    with pytest.raises(ValueError):
        unseal("name", data)


def test_an_entry_that_is_put_back_after_its_time_is_refused():
    with pytest.raises(ValueError, match="put back"):
        unseal("name", seal("name", {"keys": []}, -65))


@pytest.mark.parametrize(("name", "text"), [("a 1", "2"), ("a", "1 2")])
def test_name_and_value_cannot_be_moved_into_each_other(name, text):
    assert seal("a 1", "2", 60) != seal("a", "1 2", 60)
    assert unseal(name, seal(name, text, 60)) == text


@pytest.mark.parametrize("value", [math.nan, object(), b"bytes"])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        seal("name", value, 60)
