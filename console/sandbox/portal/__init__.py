"""A portal that frames the console: an example for authors of portals."""
