"""The addresses of sign-in."""

from django.urls import path

from console.signin import views

urlpatterns = [
    path("signin/", views.signin, name="signin"),
    path("signin/callback/", views.callback, name="signin-callback"),
    path("signout/", views.signout, name="signout"),
    path("session/stay/", views.stay, name="stay"),
]
