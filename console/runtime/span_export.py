"""Sends spans to the collector of ``OTEL_EXPORTER_OTLP_ENDPOINT``. Imported only where one is configured.

The exporter brings its own HTTP client. Here that leaves the machine as every other call does: through
``OUTGOING_PROXY`` or directly, trusting ``CA_BUNDLE`` too, and deaf to ``HTTPS_PROXY`` and ``.netrc``.
"""

import os
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from requests.adapters import HTTPAdapter

from console.outgoing import outgoing_network
from console.trust import tls_context


def exporting_provider() -> TracerProvider:
    """Return a provider of tracers that sends its spans in the background, and what is left when the process ends."""
    os.environ.setdefault("OTEL_SERVICE_NAME", "org-accounts-console")
    provider = TracerProvider()
    exporter = OTLPSpanExporter(session=_CollectorSession())
    provider.add_span_processor(BatchSpanProcessor(exporter))  # restarts its thread after a fork
    return provider


class _CollectorSession(requests.Session):
    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("https://", _TrustingAdapter())

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        options["proxies"] = _proxies_for(str(url))
        return super().request(method, url, *args, **options)


class _TrustingAdapter(HTTPAdapter):
    """Trusts ``CA_BUNDLE`` beside the usual authorities and those that the exporter's own variables name."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, ssl_context=tls_context(outgoing_network().ca_bundle))

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return super().proxy_manager_for(proxy, **options, ssl_context=tls_context(outgoing_network().ca_bundle))


def _proxies_for(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    proxy = outgoing_network().proxy_for(parts.hostname or "", port)
    if proxy is None:
        return {}
    credentials = f"{quote(proxy.user, safe='')}:{quote(proxy.password, safe='')}@" if proxy.user else ""
    return {parts.scheme: f"http://{credentials}{proxy.address}"}
