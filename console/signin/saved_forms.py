"""Forms that arrive after their session has ended come back after signing in, to the person they were drawn for.

Every form of a page that somebody is signed in to has a hidden field, ``form_owner``, that names this person: a hash,
signed. So the console knows whose form it is, however the session ended and whatever is left of its cookie, and nobody
can save a form for anybody else. It is stored encrypted, for an hour.

To let the form of a page come back, its view calls ``find_returned_form(request, action=…)`` and draws the form with
the fields that it returns; views of organizations call ``views.base.take_returned_form``. A form that posts to another
path than that of its page names the page's route: ``@organization(role, form_page=…)``. A page whose form is a mere
button has nothing to do: it says at its top that nothing was done.
"""

import datetime
import uuid
from dataclasses import dataclass, field
from typing import Final

from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature, Signer
from django.db.models import Q
from django.dispatch import receiver
from django.utils import timezone

from console.request import ConsoleRequest
from console.signin.encryption import decrypt_json, encrypt_json, hash_form
from console.signin.models import SavedForm
from console.signin.signals import expired_sessions_cleared

OWNER_FIELD: Final = "form_owner"
MAX_FORMS: Final = 20  # of one person; the oldest ones give way. Django limits the size of each.
MAX_AGE: Final = 3600  # seconds for which a form is saved
PARAMETER: Final = "returned"

_NEVER_SAVED: Final = frozenset({"csrfmiddlewaretoken", OWNER_FIELD})
_signer: Final = Signer(salt="console.signin.saved_forms")


@dataclass(frozen=True, slots=True)
class ReturnedForm:
    """A form that came back.

    Attributes:
        fields: the values of each field, as they were sent.
        files: the name of the file that was chosen in a field. Browsers let nobody choose it for them.

    """

    id: str
    fields: dict[str, list[str]] = field(repr=False)
    files: dict[str, str] = field(repr=False)


def owner_token(request: ConsoleRequest) -> str:
    """Return the value of ``form_owner`` for the forms of this page; empty if nobody is signed in."""
    actor = request.actor
    return _signer.sign(_owner_hash(actor.issuer, actor.subject)) if actor else ""


def save_form(request: ConsoleRequest) -> str:
    """Save the submitted form for the person it was drawn for. Return its id; empty if it does not say for whom."""
    owner = _owner_of_form(request)
    fields = {name: values for name, values in request.POST.lists() if name not in _NEVER_SAVED}
    files = {name: str(file.name) for name, file in request.FILES.items() if isinstance(file, UploadedFile)}
    if not owner:
        return ""
    saved = SavedForm.objects.create(
        owner_hash=owner,
        path_hash=hash_form(request.path),
        operation_hash=hash_form(*request.POST.getlist("operation_id")),
        secret=encrypt_json({"fields": fields, "files": files}),
        saved_at=timezone.now(),
    )
    _delete_oldest(owner)
    return saved.id.hex


def save_stale_form(request: ConsoleRequest) -> str:
    """Save a form whose CSRF token is not valid (any more), if it is one of this console's own.

    The ``Origin`` header must name this console, so that no other site can prefill a form; and if somebody is signed
    in, it must be their own form. Return its id; empty if it is not saved.
    """
    own_origin = f"{request.scheme}://{request.get_host()}"
    actor = request.actor
    is_own = actor is None or _owner_of_form(request) == _owner_hash(actor.issuer, actor.subject)
    return save_form(request) if is_own and request.headers.get("Origin") == own_origin else ""


def find_returned_form(request: ConsoleRequest, *, action: str = "") -> ReturnedForm | None:
    """Return the form that this person sent to ``action`` after their session had ended.

    If the URL names a form, it is returned until it is submitted. Otherwise the newest one is returned, once. Within a
    request, the answer is always the same.

    Args:
        action: the path to which the form posts, if that is not the page itself.

    """
    path = action or request.path
    if path not in request.returned_forms:
        request.returned_forms[path] = _find(request, path)
    return request.returned_forms[path]


def find_named_form(request: ConsoleRequest, *, action: str) -> ReturnedForm | None:
    """Return the form that the URL names, if this person sent it to ``action``: for pages with many small forms."""
    found = find_returned_form(request, action=action) if _named_form(request) else None
    return found if found and found.id == request.GET.get(PARAMETER) else None


def is_unsent(request: ConsoleRequest) -> bool:
    """Return whether the URL names a form of this person that no form of the page shows: it was a mere button."""
    named = _named_form(request)
    if request.actor is None or named is None or request.method != "GET":
        return False
    if any(form is not None and form.id == named.hex for form in request.returned_forms.values()):
        return False
    return bool(_forms_of(request.actor.issuer, request.actor.subject).filter(pk=named).exists())


def discard_sent_form(request: ConsoleRequest) -> None:
    """Delete the saved form that is now being submitted."""
    if request.actor is not None:
        sent = hash_form(*request.POST.getlist("operation_id"))
        of_path = _forms_of(request.actor.issuer, request.actor.subject).filter(path_hash=hash_form(request.path))
        of_path.filter(operation_hash=sent).delete()


@receiver(expired_sessions_cleared)
def delete_old_forms(**_: object) -> None:
    """Delete the forms that nobody came back for."""
    SavedForm.objects.filter(saved_at__lt=_oldest()).delete()


def _find(request: ConsoleRequest, path: str) -> ReturnedForm | None:
    if request.actor is None:
        return None
    named = _named_form(request)
    forms = _forms_of(request.actor.issuer, request.actor.subject).filter(path_hash=hash_form(path))
    found = list(forms.filter(Q(is_shown=False) | Q(pk=named)).order_by("-saved_at"))
    if named:  # whoever opens the address of another person's form ends its way here
        SavedForm.objects.filter(pk=named).exclude(owner_hash=_owner_hash_of(request)).delete()
    row = next((row for row in found if row.pk == named), found[0] if found else None)
    if row is None:
        return None
    if row.pk != named:
        SavedForm.objects.filter(pk=row.pk).update(is_shown=True)
    try:
        return ReturnedForm(row.id.hex, **decrypt_json(row.secret))
    except ValueError:  # none of the encryption keys fits any more
        return None


def _named_form(request: ConsoleRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get(PARAMETER, ""))
    except ValueError:
        return None


def _forms_of(issuer: str, subject: str):  # type: ignore[no-untyped-def]
    return SavedForm.objects.filter(owner_hash=_owner_hash(issuer, subject), saved_at__gte=_oldest())


def _owner_hash_of(request: ConsoleRequest) -> str:
    return _owner_hash(request.actor.issuer, request.actor.subject) if request.actor else ""


def _owner_hash(issuer: str, subject: str) -> str:
    return hash_form("owner", issuer, subject)


def _owner_of_form(request: ConsoleRequest) -> str:
    try:
        return _signer.unsign(request.POST.get(OWNER_FIELD, ""))
    except BadSignature:
        return ""


def _oldest() -> datetime.datetime:
    return timezone.now() - datetime.timedelta(seconds=MAX_AGE)


def _delete_oldest(owner: str) -> None:
    surplus = SavedForm.objects.filter(owner_hash=owner).order_by("-saved_at", "pk").values_list("pk", flat=True)
    SavedForm.objects.filter(pk__in=list(surplus[MAX_FORMS : MAX_FORMS + 10])).delete()
