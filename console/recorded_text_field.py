"""A model field for recorded texts: the English sentence in one column, its parts in another one beside it."""

from typing import Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from console.recorded_text import RecordedText, parts_of


class _RecordedTextAttribute(DeferredAttribute):
    """Reads the text together with its parts, and sets both at once."""

    field: "RecordedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        text = super().__get__(instance, cls)
        return RecordedText(text, getattr(instance, self.field.parts)) if isinstance(text, str) else text

    def __set__(self, instance: Any, text: str) -> None:
        name, values = self.field.attname, instance.__dict__
        if isinstance(text, RecordedText):
            values[self.field.parts] = parts_of(text)
        elif values.get(name, text) != text:  # another text, of which nothing is known
            values[self.field.parts] = []
        values[name] = str(text)


class RecordedTextField(models.TextField):  # type: ignore[type-arg]
    """The English text of a ``RecordedText``.

    Args:
        parts: the name of the ``JSONField`` that holds its parts. It has to stand before this field in the model, as
            Django sets the fields of a new row in their order.

    """

    descriptor_class = _RecordedTextAttribute

    def __init__(self, *args: Any, parts: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.parts = parts

    def deconstruct(self) -> Any:
        """As a plain text field: migrations need nothing of this module."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs

    def clone(self) -> "RecordedTextField":
        """A copy for a model that inherits the field."""
        _name, _path, args, kwargs = self.deconstruct()
        return type(self)(*args, parts=self.parts, **kwargs)

    def get_prep_value(self, value: Any) -> Any:
        """The plain text: database drivers need not know ``RecordedText``."""
        prepared = super().get_prep_value(value)
        return str(prepared) if isinstance(prepared, str) else prepared
