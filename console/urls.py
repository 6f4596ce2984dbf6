"""Every address of the site. The product's own are named by a string, so that this package imports nothing of it."""

from django.urls import include, path

from console import selftest
from console.appearance import appearance
from console.design import routes_in_debug

urlpatterns = [
    path("appearance/", appearance, name="appearance"),
    path("embed/check/", selftest.check, name="embed-check"),
    path("embed/check/seen/", selftest.seen, name="embed-check-seen"),
    path("embed/check/window/", selftest.window, name="embed-check-window"),
    *routes_in_debug(),
    path("", include("console.operations.urls")),
    path("", include("console.signin.urls")),
    path("", include("accounts_ui.urls")),
]

handler400 = "console.errors.bad_request"
handler403 = "console.errors.permission_denied"
handler404 = "console.errors.page_not_found"
handler500 = "console.errors.server_error"
