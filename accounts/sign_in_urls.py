"""List the pages of the sign-in library that the product offers. No other page of it exists.

The names are those that the library uses to redirect from one page to the next.
"""

from allauth.account import views
from django.urls import path, re_path

from accounts.sign_in_views import second_step, sign_up

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("second-factor/", second_step, name="mfa_authenticate"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", sign_up, name="account_signup"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
]
