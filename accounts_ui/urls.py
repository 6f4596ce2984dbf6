"""The addresses of the product."""

from django.urls import path

from accounts_ui.views import accounts, home, person, types
from accounts_ui.views.lists import preferences
from accounts_ui.views.log import changes, verification
from accounts_ui.views.operations import assign, bulk, bulk_downloads, status_and_delete, undo

_ORG = "orgs/<str:org>"
_ACCOUNT = f"{_ORG}/accounts/<str:subject_id>/<str:code>"
_PLAN = f"{_ORG}/accounts/bulk/<uuid:plan_id>"

urlpatterns = [
    path("", home.home, name="home"),
    path(f"{_ORG}/accounts/", accounts.accounts, name="accounts"),
    path(f"{_ORG}/accounts/export.csv", accounts.export, name="accounts-export"),
    path(f"{_ORG}/accounts/matching/", accounts.matching, name="accounts-matching"),
    path(f"{_ORG}/accounts/columns/", preferences.save_columns, name="columns"),
    path(f"{_ORG}/views/", preferences.edit_saved_view, name="views"),
    path(f"{_ORG}/accounts/assign/", assign.assign_view, name="assign"),
    path(f"{_ORG}/accounts/bulk/", bulk.bulk, name="bulk"),
    path(f"{_ORG}/accounts/bulk/template.csv", bulk_downloads.template, name="bulk-template"),
    path(f"{_PLAN}/", bulk.plan, name="plan"),
    path(f"{_PLAN}/confirm/", bulk.confirm_view, name="plan-confirm"),
    path(f"{_PLAN}/run/", bulk.run, name="plan-run"),
    path(f"{_PLAN}/retry/", bulk.retry_view, name="plan-retry"),
    path(f"{_PLAN}/pause/", bulk.pause_view, name="plan-pause"),
    path(f"{_PLAN}/stop/", bulk.stop_view, name="plan-stop"),
    path(f"{_PLAN}/rest.csv", bulk_downloads.rest, name="plan-rest"),
    path(f"{_PLAN}/failures.csv", bulk_downloads.failures, name="plan-failures"),
    path(f"{_ACCOUNT}/status/", status_and_delete.status, name="status"),
    path(f"{_ACCOUNT}/delete/", status_and_delete.remove, name="delete"),
    path(f"{_ORG}/types/", types.types, name="types"),
    path(f"{_ORG}/users/<str:subject_id>/", person.person, name="person"),
    path(f"{_ORG}/changes/", changes.changes, name="changes"),
    path(f"{_ORG}/changes/export.csv", changes.csv_export, name="changes-csv"),
    path(f"{_ORG}/changes/export.jsonl", changes.jsonl_export, name="changes-jsonl"),
    path(f"{_ORG}/changes/evidence.zip", changes.evidence_export, name="changes-evidence"),
    path(f"{_ORG}/changes/new/", verification.news, name="changes-new"),
    path(f"{_ORG}/changes/verify/", verification.verify, name="verify"),
    path(f"{_ORG}/changes/<str:change_id>/", changes.change, name="change"),
    path(f"{_ORG}/changes/<str:change_id>/result/", changes.change_result, name="change-result"),
    path(f"{_ORG}/changes/<str:change_id>/check/", changes.check, name="check"),
    path(f"{_ORG}/changes/<str:change_id>/decide/", changes.decide, name="decide"),
    path(f"{_ORG}/changes/<str:change_id>/undo/", undo.undo_view, name="undo"),
]
