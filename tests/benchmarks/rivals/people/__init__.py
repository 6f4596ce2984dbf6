"""The directory's rows as a table."""
