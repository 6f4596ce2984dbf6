"""The Django application of the product."""

from django.apps import AppConfig


class AccountsUiConfig(AppConfig):
    """Accounts of organizations: pages over services over the directory and the change log."""

    name = "accounts_ui"
    verbose_name = "Accounts"
