"""The sandbox's Directory API: a real HTTP server with all quirks of the real one, and faults on demand."""
