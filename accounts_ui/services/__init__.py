"""What an admin can do with accounts.

* ``listing``: list accounts, people and types, and show one change;
* ``operations``: assign, change the status, delete, undo, and resolve an unknown outcome;
* ``bulk``: import a list, preview its changes as a plan, and apply the plan;
* ``state``: what directory and log know of one account or of all of them.

Each function takes the directory client of that admin and an ``AuditContext`` (who asks, from where, for which
organization), and never a request.
"""
