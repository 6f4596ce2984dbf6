"""The small forms beside a list: columns, saved views, selected rows."""

from django import forms

from accounts_ui.views.lists.columns import PAGE_SIZES
from accounts_ui.views.lists.list_query import SAVED_LISTS
from console.forms import ManyField, StrictForm, TextField


class ColumnsForm(StrictForm):
    """Which columns to show, in which order, and how many rows a page has.

    Attributes:
        move: such as ``up:code``. Without scripts a button moves one column.

    """

    order = ManyField(required=False)
    columns = ManyField(required=False)
    per_page = forms.ChoiceField(required=False, choices=[("", ""), *((str(size), str(size)) for size in PAGE_SIZES)])
    move = TextField(required=False)
    reset = TextField(required=False)
    query = TextField(required=False)


class SavedViewForm(StrictForm):
    """Save the list as it is under a name, or delete a saved view."""

    page = forms.ChoiceField(required=False, choices=[("", ""), *((name, name) for name in SAVED_LISTS)])
    do = forms.ChoiceField(required=False, choices=[("", ""), ("save", "save"), ("delete", "delete")])
    name = TextField(required=False)
    query = TextField(required=False)


class SelectionForm(StrictForm):
    """Selected rows, as lines of ``subject_id,code`` or as a field for each (``views.lists.selection``)."""

    selected = ManyField(required=False)
