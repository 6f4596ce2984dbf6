"""One file a page: a view reads the form, calls one service and picks a template."""
