"""The routes of sign-in."""

from django.urls import path

from console.signin import backchannel_logout, session_views, views
from console.signin.frames import views as frame_views

urlpatterns = [
    path("signin/", views.signin, name="signin"),
    path("signin/callback/", views.signin_callback, name="signin-callback"),
    path("signin/backchannel-logout/", backchannel_logout.backchannel_logout, name="backchannel-logout"),
    path("signout/", views.signout, name="signout"),
    path("sessions/", session_views.own_sessions_view, name="sessions"),
    path("embed/window/", frame_views.signin_window, name="signin-window"),
    path("embed/window/alone/", frame_views.unproven_signin, name="unproven-signin"),
    path("embed/waiting/", frame_views.frame_signin_state, name="frame-signin-state"),
    path("embed/receive/", frame_views.collect_frame_signin, name="collect-frame-signin"),
    path("session/stay/", views.extend_session, name="extend-session"),
]
