"""Forms and ``services.validation``: its rules at the fields of a form, and its errors there."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from accounts_ui.services.errors import InvalidInput
from console.forms import StrictForm
from console.recorded_text import translate


def rule(check: Callable[[str], object]) -> Callable[[str], None]:
    """Turn a check of ``services.validation`` into a validator of a form field."""

    def validate(value: str) -> None:
        try:
            check(value)
        except InvalidInput as error:
            raise ValidationError(in_words(error)) from error

    return validate


def in_words(error: InvalidInput) -> str:
    """Return what is wrong, in the reader's language, without the name of the field."""
    return translate(error.detail).removeprefix(f"{error.field}: ")


def add_input_error(form: StrictForm, error: InvalidInput) -> None:
    """Show at its field what a service refused."""
    form.add_error(error.field if error.field in form.fields else None, in_words(error))


def cleaned(form: StrictForm) -> dict[str, Any]:
    """Return the values of a form that no page shows again if it is wrong.

    Raises:
        InvalidInput: the first thing that is wrong with it.

    """
    if form.is_valid():
        return dict(form.cleaned_data)
    name, messages = next(iter(form.errors.items()))
    raise InvalidInput(name, str(messages[0]))
