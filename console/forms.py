"""Forms that take each field once, as text in UTF-8, without characters that nobody can see.

Browsers send nothing else from the console's own pages. What comes otherwise was made by a script, or is an attack, and
must not be guessed at: Django would take the last of two values, and put U+FFFD where bytes are not UTF-8.
"""

from typing import Any, ClassVar, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, gettext_lazy, ngettext

from console.plain_text import find_control, with_newlines

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # what Django's decoding leaves of bytes that are not UTF-8


class TextField(forms.CharField):
    """Text without control characters.

    Args:
        multi_line: whether newlines and tabs are allowed, as a ``textarea`` sends them.

    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "required": gettext_lazy("This field is empty or missing. If it is not on the page, open the form again."),
    }

    def __init__(self, *, multi_line: bool = False, **more: Any) -> None:
        if multi_line:
            more.setdefault("widget", forms.Textarea)
        super().__init__(**more)
        self.multi_line = multi_line

    def to_python(self, value: Any) -> str:
        """End lines with a newline: browsers also send a carriage return (HTML standard, 4.10.21.4)."""
        text = str(super().to_python(value))
        return with_newlines(text) if self.multi_line else text

    def validate(self, value: str) -> None:
        """Refuse what is not UTF-8, and control characters."""
        super().validate(value)
        if _REPLACEMENT in value:
            raise ValidationError(gettext("This is not text in UTF-8."), code="encoding")
        if control := find_control(value, allowed="\n\t" if self.multi_line else ""):
            message = gettext("Remove %(character)s at position %(position)s: it cannot be shown.")
            values = {"character": control.name, "position": control.position}
            raise ValidationError(message % values, code="control")


class DocumentField(forms.Field):
    """A pasted document, taken as it came: whoever reads it checks it line by line."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        return str(value or "")


class ManyField(forms.Field):
    """A field that may come any number of times, such as checkboxes. Each value is text, as in ``TextField``."""

    widget = forms.MultipleHiddenInput
    _text = TextField(multi_line=True, required=False)

    def to_python(self, value: Any) -> list[str]:
        return [self._text.to_python(text) for text in value or ()]

    def validate(self, value: list[str]) -> None:
        """Refuse what ``TextField`` refuses, in any of the values."""
        super().validate(value)
        for text in value:
            self._text.validate(text)


class FormError(NamedTuple):
    """An error for the summary of a form. ``name`` is empty if no visible field of the page is wrong."""

    name: str
    label: str
    text: str


class StrictForm(forms.Form):
    """A form whose fields may each be given once."""

    def clean(self) -> dict[str, Any]:
        """Refuse fields that came twice."""
        cleaned: dict[str, Any] = super().clean() or {}
        sent = self.data
        for name, field in self.fields.items():
            number = len(sent.getlist(name)) if isinstance(sent, QueryDict) else 1
            if number > 1 and not isinstance(field, ManyField):
                message = ngettext(
                    "This field came %(number)s time; one is possible.",
                    "This field came %(number)s times; one is possible.",
                    number,
                )
                self.add_error(name, message % {"number": number})
        return cleaned

    @property
    def values(self) -> dict[str, str]:
        """What the fields show: what was sent, or else the initial values."""
        shown = self.data if self.is_bound else self.initial
        return {name: str(shown.get(name) or "") for name in self.fields}

    @property
    def error_list(self) -> list[FormError]:
        """Every error, for the summary at the top of the form."""
        return [
            FormError(*self._named(name), str(message))
            for name, messages in self.errors.items()
            for message in messages
        ]

    def error_of(self, name: str) -> str:
        """Return the first error of a field; empty if it has none."""
        messages = self.errors.get(name) if self.is_bound else None
        return str(messages[0]) if messages else ""

    def _named(self, name: str) -> tuple[str, str]:
        field = self.fields.get(name)
        if field is None or not field.label or isinstance(field.widget, forms.HiddenInput):
            return "", ""
        return name, str(field.label)


def field_attributes(form: StrictForm, name: str, *, hint: str = "") -> SafeString:
    """Return the ``id`` of the field ``name``, and what assistive technology needs to know if the field is wrong.

    Args:
        hint: the id of a hint that the page shows at the field.

    """
    is_wrong = bool(form.error_of(name))
    ids = " ".join(filter(None, [hint, f"error-{name}" if is_wrong else ""]))
    described = format_html(' aria-describedby="{}"', ids) if ids else ""
    return format_html('id="field-{}"{}{}', name, described, mark_safe(' aria-invalid="true"') if is_wrong else "")
