"""What an admin can do, in whole sentences: browse, assign, change status, delete, settle.

Each takes the directory client of that admin and an ``Origin`` (who asks, from where, for which organization), and
never a request.
"""
