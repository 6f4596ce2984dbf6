"""The signals of sign-in."""

from typing import Final

from django.dispatch import Signal

expired_sessions_cleared: Final = Signal()
"""Sent by ``manage.py clearsessions``, for other data that expires with time."""
