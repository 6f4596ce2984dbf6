"""The forms of operations on accounts. Which values are possible stands in ``services.validation``."""

from typing import Final

from django import forms
from django.utils.translation import gettext_lazy

from accounts_ui.directory.statuses import STATUSES
from accounts_ui.services.bulk.planner import BULK_ACTIONS
from accounts_ui.services.validation import (
    check_code,
    check_expected,
    check_message,
    check_operation_id,
    check_status,
    check_subject,
)
from accounts_ui.views.form_errors import rule
from console.forms import DocumentField, ManyField, StrictForm, TextField

YES: Final = ("1", "on", "true", "yes")


class NoteField(TextField):
    """What an admin writes for the log: optional, some lines."""

    def __init__(self) -> None:
        super().__init__(
            required=False,
            multi_line=True,
            validators=[rule(check_message)],
            label=gettext_lazy("Note (shown in the change log)"),
        )


class OperationForm(StrictForm):
    """What every operation has: its id, made when the form was drawn, and a note."""

    operation_id = TextField(widget=forms.HiddenInput, validators=[rule(check_operation_id)])
    message = NoteField()


class UndoForm(OperationForm):
    """Undo a change."""


class AssignForm(OperationForm):
    """Assign a person an account."""

    subject_id = TextField(
        validators=[rule(check_subject)],
        label=gettext_lazy("Person"),
        error_messages={"required": gettext_lazy("Choose a person.")},
    )
    code = TextField(
        validators=[rule(check_code)],
        label=gettext_lazy("Account type"),
        error_messages={"required": gettext_lazy("Choose an account type.")},
    )
    confirm_unknown = forms.ChoiceField(required=False, choices=[("", ""), *((word, word) for word in YES)])

    field_order = ("subject_id", "code", "message", "confirm_unknown", "operation_id")

    def clean_confirm_unknown(self) -> bool:
        """Any of the words means yes."""
        return bool(self.cleaned_data["confirm_unknown"])


class DeleteForm(OperationForm):
    """Delete an account."""

    expected_status = TextField(
        required=False, strip=False, widget=forms.HiddenInput, validators=[rule(check_expected)]
    )


class StatusForm(DeleteForm):
    """Change the status of an account."""

    status = TextField(
        validators=[rule(check_status)],
        label=gettext_lazy("New status"),
        error_messages={"required": gettext_lazy("Choose a status.")},
    )

    field_order = ("status", "message", "expected_status", "operation_id")


class BulkForm(StrictForm):
    """Make a plan of a file, of pasted text, or of selected rows."""

    action = forms.ChoiceField(choices=[(action, action) for action in BULK_ACTIONS], label=gettext_lazy("Action"))
    status = forms.ChoiceField(
        required=False,
        choices=[("", ""), *((status, status) for status in STATUSES)],
        label=gettext_lazy("New status (only for status changes)"),
    )
    file = forms.FileField(required=False, allow_empty_file=True, label=gettext_lazy("CSV file"))
    list = DocumentField(required=False, label=gettext_lazy("Or paste the list"))
    selected = ManyField(required=False)
    message = NoteField()


class ConfirmPlanForm(StrictForm):
    """Confirm a plan with the number of rows that will change."""

    count = TextField(required=False)


class RunPlanForm(StrictForm):
    """Run the next chunk of a plan; ``next`` is 1 if the page goes on by itself."""

    next = TextField(required=False, widget=forms.HiddenInput)
