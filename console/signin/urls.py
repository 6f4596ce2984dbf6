"""The addresses of sign-in."""

from django.urls import path

from console.signin import framed, listing, views

urlpatterns = [
    path("signin/", views.signin, name="signin"),
    path("signin/callback/", views.callback, name="signin-callback"),
    path("signout/", views.signout, name="signout"),
    path("sessions/", listing.sessions, name="sessions"),
    path("embed/window/", framed.window, name="embed-window"),
    path("embed/window/alone/", framed.window_alone, name="embed-window-alone"),
    path("embed/waiting/", framed.waiting, name="embed-waiting"),
    path("embed/receive/", framed.receive, name="embed-receive"),
    path("session/stay/", views.stay, name="stay"),
]
