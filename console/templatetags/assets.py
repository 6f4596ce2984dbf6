"""The tags of our own scripts and style sheets, with what the policy and the browser want to see on them."""

from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from console.static_files import integrity

register = template.Library()


@register.simple_tag(takes_context=True)
def script(context: dict[str, Any], name: str) -> SafeString:
    """A script of ours, deferred: with the nonce of this answer, without which none runs, and its hash."""
    nonce = str(getattr(context.get("request"), "csp_nonce", ""))
    return format_html(
        '<script src="{}" integrity="{}" nonce="{}" defer></script>', static(name), integrity(name), nonce
    )


@register.simple_tag
def stylesheet(name: str) -> SafeString:
    """A style sheet of ours, with its hash."""
    return format_html('<link rel="stylesheet" href="{}" integrity="{}">', static(name), integrity(name))
