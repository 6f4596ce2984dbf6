"""The addresses of sign-in."""

from django.urls import path

from console.signin import session_views, views
from console.signin.frames import views as frame_views

urlpatterns = [
    path("signin/", views.signin, name="signin"),
    path("signin/callback/", views.callback, name="signin-callback"),
    path("signout/", views.signout, name="signout"),
    path("sessions/", session_views.sessions, name="sessions"),
    path("embed/window/", frame_views.window, name="embed-window"),
    path("embed/window/alone/", frame_views.window_alone, name="embed-window-alone"),
    path("embed/waiting/", frame_views.waiting, name="embed-waiting"),
    path("embed/receive/", frame_views.receive, name="embed-receive"),
    path("session/stay/", views.stay, name="stay"),
]
