"""The selected accounts, posted as lines of ``subject_id,code``, or as a field for each."""

import csv
from typing import Final

from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.translation import gettext

from accounts_ui.services.errors import InvalidInput
from accounts_ui.views.form_errors import cleaned
from accounts_ui.views.lists.forms import SelectionForm

MAX_SELECTED: Final = 5000


def read_selected(sent: QueryDict) -> list[tuple[str, str]]:
    """Return subject id and code of each, in their order; the code is empty if a person's own row was selected.

    Raises:
        InvalidInput: a line is not such a pair, or there are too many.

    """
    fields = cleaned(SelectionForm(sent))["selected"]
    lines = [line for field in fields for line in field.splitlines() if line.strip()]
    if len(lines) > MAX_SELECTED:
        most = number_format(MAX_SELECTED, force_grouping=True)
        raise InvalidInput("selected", gettext("At most %(most)s rows can be selected.") % {"most": most})
    pairs = []
    for cells in csv.reader(lines):
        if len(cells) != 2 or not cells[0]:
            raise InvalidInput("selected", gettext("What is selected has to be a subject id and a code in each line."))
        pairs.append((cells[0], cells[1]))
    return list(dict.fromkeys(pairs))
