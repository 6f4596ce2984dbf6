"""All URLs of the site. Those of ``accounts_ui`` are included by name, so that this package does not import it."""

from django.urls import include, path

from console import embed_check
from console.appearance import set_appearance
from console.design_page import routes_in_debug

urlpatterns = [
    path("appearance/", set_appearance, name="appearance"),
    path("embed/check/", embed_check.embed_check_page, name="embed-check"),
    path("embed/check/seen/", embed_check.embed_check_cookies, name="embed-check-seen"),
    path("embed/check/window/", embed_check.embed_check_window, name="embed-check-window"),
    *routes_in_debug(),
    path("", include("console.runtime.urls")),
    path("", include("console.signin.urls")),
    path("", include("accounts_ui.urls")),
]

handler400 = "console.error_pages.bad_request"
handler403 = "console.error_pages.permission_denied"
handler404 = "console.error_pages.page_not_found"
handler500 = "console.error_pages.server_error"
