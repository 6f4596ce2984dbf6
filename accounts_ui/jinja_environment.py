"""The site's Jinja2 environment, with the words for accounts and changes."""

from typing import Any

from jinja2 import Environment

from accounts_ui.text import change_sentences, evidence, facets, labels, times
from accounts_ui.views.csv_download import other_separator, preferred_separator
from console import jinja_environment
from console.recorded_text import translate


def product_environment(**options: Any) -> Environment:
    """Return the environment that ``settings.TEMPLATES`` names."""
    made = jinja_environment.environment(**options)
    made.globals.update(preferred_separator=preferred_separator, other_separator=other_separator)
    made.filters.update(
        action_label=labels.action_word,
        drift_description=evidence.drift_description,
        event_label=labels.event_word,
        evidence_lines=evidence.evidence_lines,
        facet_label=facets.facet_label,
        focusable_timestamp=times.focusable_timestamp,
        linked_sentence=change_sentences.linked_sentence,
        list_age=facets.list_age,
        option_label=facets.option_label,
        outcome_label=labels.outcome_word,
        sentence=change_sentences.sentence,
        source_label=facets.source_label,
        status_label=labels.status_word,
        time_ago=times.time_ago,
        time_of_day=times.time_of_day,
        timestamp=times.timestamp,
        translated=translate,
    )
    return made
