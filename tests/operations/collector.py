"""A collector of OpenTelemetry spans: OTLP over HTTP, stored in memory."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """Receives spans: ``spans`` has all of them, ``bodies`` the raw requests."""

    def __init__(self) -> None:
        self.spans = []
        self.bodies = []
        self._arrived = threading.Condition()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                collector._take(body)

            def log_message(self, *_args) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def of_trace(self, trace_id: str, count: int):
        """Return the first ``count`` spans of the trace, or as many as arrive within 20 seconds."""
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._found(trace_id)) >= count, timeout=20)
            return self._found(trace_id)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _found(self, trace_id: str):
        return [span for span in self.spans if span.trace_id.hex() == trace_id]

    def _take(self, body: bytes) -> None:
        batch = ExportTraceServiceRequest.FromString(body)
        with self._arrived:
            self.bodies.append(body)
            self.spans += [
                span for resource in batch.resource_spans for scope in resource.scope_spans for span in scope.spans
            ]
            self._arrived.notify_all()
