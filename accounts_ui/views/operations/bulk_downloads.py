"""Files of bulk changes: the rows of a plan that are left or failed, and an empty list to fill in."""

import uuid

from django.http import StreamingHttpResponse

from accounts_ui.csv_output import csv_lines
from accounts_ui.services.bulk import row_downloads
from accounts_ui.services.bulk.row_downloads import RowDownload
from accounts_ui.views.base import audit_context_of, page
from accounts_ui.views.csv_download import csv_download, read_separator
from console.request import OrganizationRequest
from console.signin.access.gate import organization
from console.signin.access.rules import Role


@organization(Role.ADMIN)
@page("GET")
def template(request: OrganizationRequest, org: str) -> StreamingHttpResponse:
    """``GET /orgs/{org}/accounts/bulk/template.csv``: the headings of a list, in the language of the page."""
    return _download(request, RowDownload(row_downloads.template_columns(), iter(())), "template.csv")


@organization(Role.ADMIN)
@page("GET")
def rest(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> StreamingHttpResponse:
    """Download what was not sent, as a list that can be uploaded again."""
    rows = row_downloads.download_waiting_rows(context=audit_context_of(request), plan_id=plan_id)
    return _download(request, rows, "rest.csv")


@organization(Role.ADMIN)
@page("GET")
def failures(request: OrganizationRequest, org: str, plan_id: uuid.UUID) -> StreamingHttpResponse:
    """Download what did not go through, likewise, with the reason of each row."""
    rows = row_downloads.download_failed_rows(context=audit_context_of(request), plan_id=plan_id)
    return _download(request, rows, "failures.csv")


def _download(request: OrganizationRequest, rows: RowDownload, name: str) -> StreamingHttpResponse:
    return csv_download(csv_lines(rows.columns, rows.rows, read_separator(request)), name)
