"""Errors of lower layers become ours: each class is mapped, and nesting does not hide the one that matters."""

import re
import socket
import ssl
from types import ModuleType

import pytest
import requests.exceptions
import urllib3.exceptions

from console import http_errors
from console.http_errors import LOWER_LAYER_ERRORS, ExchangeError, translate_error


def error_classes(module: ModuleType) -> set[type[BaseException]]:
    return {
        member
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, Exception)
        and not issubclass(member, Warning)
        and member.__module__ == module.__name__
    }


@pytest.mark.parametrize("module", [requests.exceptions, urllib3.exceptions], ids=lambda module: module.__name__)
def test_every_lower_layer_error_is_mapped(module: ModuleType) -> None:
    classes = error_classes(module)
    assert len(classes) > 20
    assert sorted(error.__name__ for error in classes - LOWER_LAYER_ERRORS.keys()) == []


def test_the_docstring_shows_the_whole_tree() -> None:
    classes = {error for error in error_classes(http_errors) if issubclass(error, ExchangeError)}
    tree = (http_errors.__doc__ or "").split("::")[1]
    assert set(re.findall(r"^ +(?:[│ ]*[├└]── )?([A-Z]\w+)", tree, re.MULTILINE)) == {kind.__name__ for kind in classes}


def nested(outer: BaseException, *inner: BaseException) -> BaseException:
    for error in inner:
        outer, outer.__cause__ = error, outer
    return outer


CERTIFICATE = ssl.SSLCertVerificationError()
CERTIFICATE.verify_message = "self-signed certificate"

CASES = [
    (socket.gaierror(), "NameNotResolved", "MalformedResponse"),
    (UnicodeError(), "NameNotResolved", "MalformedResponse"),
    (TimeoutError(), "ConnectTimedOut", "TimedOut"),
    (requests.exceptions.ReadTimeout(), "ConnectTimedOut", "TimedOut"),
    (CERTIFICATE, "TlsFailed", "ConnectionReset"),
    (ConnectionRefusedError(), "ConnectionRefused", "ConnectionReset"),
    (ConnectionResetError(), "ConnectionRefused", "ConnectionReset"),
    (urllib3.exceptions.IncompleteRead(1, 2), "ConnectionRefused", "ConnectionReset"),
    (urllib3.exceptions.DecodeError(), "ConnectionRefused", "MalformedResponse"),
    (ValueError(), "ConnectionRefused", "MalformedResponse"),
    (KeyError(), "ConnectionRefused", "MalformedResponse"),
]


@pytest.mark.parametrize(("error", "before", "after"), CASES, ids=lambda case: str(type(case).__name__))
def test_the_most_specific_error_counts(error: BaseException, before: str, after: str) -> None:
    wrapped = nested(error, urllib3.exceptions.ProtocolError("broken"), requests.exceptions.ConnectionError())
    in_arguments = requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("broken", error))
    for chain in (error, wrapped, in_arguments):
        assert type(translate_error(chain, connected=False)).__name__ == before
        assert type(translate_error(chain, connected=True)).__name__ == after


def test_a_certificate_error_says_what_is_wrong() -> None:
    assert translate_error(CERTIFICATE, connected=False).specifics == "self-signed certificate"
