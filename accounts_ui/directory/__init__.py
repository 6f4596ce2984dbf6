"""The service module: the only code that calls the Directory API. It knows no request and no template.

``HttpDirectoryClient`` calls, ``Listing`` and the rows are what it answers, ``DirectoryError`` and its subclasses are
what it raises.
"""
