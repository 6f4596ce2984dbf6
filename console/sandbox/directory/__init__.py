"""The sandbox's Directory API: a real HTTP server with every quirk of the real one, and faults on demand."""
