"""Every map over the statuses, outcomes, actions and events of the contract is complete.

Whoever adds a status adds it to ``directory/statuses.py``; these tests then name each place that lacks it.
"""

import re
from pathlib import Path

import pytest
from django.utils.translation import override

from accounts_ui.changes.models import Action, EventKind, Outcome
from accounts_ui.changes.statistics import activity, tally_sql
from accounts_ui.changes.verification import tamper_report
from accounts_ui.directory.statuses import ENDED_STATUSES, NEXT_AFTER_OTHER, STATUS_RULES, STATUSES, next_statuses
from accounts_ui.plans.models import CheckResult
from accounts_ui.services.operations import outcome_rules
from accounts_ui.services.operations.status_transitions import other_transitions, usual_transitions
from accounts_ui.services.state import drift
from accounts_ui.text import evidence, labels
from accounts_ui.text.change_sentences import SENTENCES
from accounts_ui.views.operations.bulk import CHECK_LABELS

CSS = Path(__file__).parents[3] / "static" / "css"
LANGUAGES = ("de", "fr")


def coloured(file: str, selector: str) -> set[str]:
    """The tones for which the style sheet has a rule."""
    return set(re.findall(selector + r'\[data-tone="?([a-z_]+)"?\]', (CSS / file).read_text()))


@pytest.mark.parametrize("status", STATUSES)
def test_the_statuses_that_follow_exist_and_differ(status: str) -> None:
    following = STATUS_RULES[status].next_statuses
    assert following
    assert set(following) <= set(STATUSES) - {status}
    assert set(usual_transitions(status)) | set(other_transitions(status)) == set(STATUSES)


@pytest.mark.parametrize("status", [None, "", "suspended-by-hr"])
def test_a_status_that_is_not_documented_offers_all(status: str | None) -> None:
    assert next_statuses(status) == NEXT_AFTER_OTHER
    assert set(usual_transitions(status)) | set(other_transitions(status)) == set(STATUSES)


def test_which_statuses_end_an_account() -> None:
    assert {"disabled", "deleted"} == ENDED_STATUSES


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_a_label_a_meaning_and_a_colour(status: str) -> None:
    assert status in labels.STATUS_LABELS
    assert status in labels.STATUS_MEANINGS
    assert status in coloured("parts.css", "")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_meaning_of_each_status_is_translated(status: str, language: str) -> None:
    english = str(labels.STATUS_MEANINGS[status])
    with override(language):
        assert str(labels.STATUS_MEANINGS[status]) != english


def test_no_map_has_a_status_that_does_not_exist() -> None:
    assert set(labels.STATUS_MEANINGS) == set(STATUSES)


@pytest.mark.parametrize("field", ["before", "after"])
def test_the_tamper_report_tries_every_status(field: str) -> None:
    assert set(tamper_report._POSSIBLE_VALUES[field]) == {None, *STATUSES}


def test_each_outcome_has_a_label_and_a_colour() -> None:
    assert set(labels.OUTCOME_LABELS) == set(Outcome.values)
    assert set(Outcome.values) <= coloured("parts.css", "")
    assert set(Outcome.values) == coloured("log.css", r".chart-segment")


def test_outcomes_of_the_log_are_counted_drawn_and_explained() -> None:
    assert set(tally_sql.OUTCOMES) == set(Outcome.values)
    assert {outcome.value for outcome in activity.OUTCOMES} == set(Outcome.values)
    assert set(outcome_rules._DETAILS) == set(Outcome) - {Outcome.PENDING}, "a read decides, or says that it cannot"


def test_each_action_with_each_outcome_is_a_sentence() -> None:
    assert set(SENTENCES) == {(action, outcome) for action in Action.values for outcome in Outcome.values}
    assert set(labels.ACTION_LABELS) == set(Action.values)


@pytest.mark.parametrize("event", EventKind.values)
def test_each_event_has_a_label(event: str) -> None:
    assert event in labels.EVENT_LABELS or event in labels.OUTCOME_LABELS


def test_each_kind_of_drift_and_each_check_result_has_words() -> None:
    assert set(evidence._DRIFT) == {drift.CHANGED, drift.GONE, drift.BACK, drift.EXPIRED}
    assert set(CHECK_LABELS) == set(CheckResult)
