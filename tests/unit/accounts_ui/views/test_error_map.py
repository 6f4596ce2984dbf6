"""Every error of both trees has a message, a next step and a status of its own."""

import inspect

import pytest

from accounts_ui.directory import errors as directory
from accounts_ui.services import errors as services
from accounts_ui.views.error_map import EXPLANATIONS, Explanation, explanation_of, pause_header


def classes_below(root: type[Exception]) -> list[type[Exception]]:
    return [each for child in root.__subclasses__() for each in (child, *classes_below(child))]


ERRORS = [
    error
    for root in (services.ServiceError, directory.DirectoryError)
    for error in classes_below(root)
    if not error.__name__.startswith("_")
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_each_class_is_in_the_map(error):
    explanation = EXPLANATIONS[error]
    assert 400 <= explanation.status < 600
    assert str(explanation.title)
    assert str(explanation.next_step)
    assert not str(explanation.title).endswith("."), "a title is no sentence"


def test_the_map_has_nothing_else():
    assert set(EXPLANATIONS) == set(ERRORS)


@pytest.mark.parametrize("module", [services, directory], ids=["services", "directory"])
def test_each_class_stands_in_the_tree_of_its_module(module):
    own = [
        name for name, value in vars(module).items() if inspect.isclass(value) and value.__module__ == module.__name__
    ]
    tree = inspect.getdoc(module) or ""
    assert [name for name in own if name not in tree and not name.startswith("_")] == []


def test_a_class_that_is_not_in_the_map_is_explained_by_the_nearest_one_above():
    class Unheard(directory.TypeUnknown):
        """A class that the map has not heard of."""

    explanation = explanation_of(Unheard("no such type"))
    assert isinstance(explanation, Explanation)
    assert explanation is EXPLANATIONS[directory.TypeUnknown]


@pytest.mark.parametrize(("seconds", "header"), [(None, {}), (0.2, {"Retry-After": "1"}), (7, {"Retry-After": "7"})])
def test_pauses_are_whole_seconds(seconds, header):
    assert pause_header(seconds) == header
