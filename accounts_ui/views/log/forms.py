"""The forms of the change log: verify it, and decide an unknown outcome."""

from django import forms
from django.utils.translation import gettext_lazy

from accounts_ui.changes.models import Outcome
from accounts_ui.services.validation import check_message
from accounts_ui.views.form_errors import rule
from console.forms import StrictForm, TextField


class DecisionForm(StrictForm):
    """Decide an unknown outcome, and say how it is known."""

    decision = forms.ChoiceField(
        choices=[(outcome, outcome) for outcome in (Outcome.APPLIED.value, Outcome.NOT_APPLIED.value)],
        label=gettext_lazy("Outcome"),
        error_messages={"required": gettext_lazy("Choose an outcome.")},
    )
    message = TextField(
        multi_line=True,
        validators=[rule(check_message)],
        label=gettext_lazy("How do you know? (shown in the change log)"),
    )


class VerificationForm(StrictForm):
    """Start a verification run, of everything or of what is new; or go on with one."""

    scope = forms.ChoiceField(required=False, choices=[("", ""), ("new", "new"), ("all", "all")])
    run = TextField(required=False)
