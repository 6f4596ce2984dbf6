"""What an admin can do, in whole sentences: browse, assign, change status, delete, resolve.

Each function takes the directory client of that admin and an ``AuditContext`` (who asks, from where, for which
organization), and never a request.
"""
