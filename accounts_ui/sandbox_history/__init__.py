"""The sandbox's history: some weeks of changes by several admins, so that every page has something to show.

``story`` says who did what and when. ``player`` does it, through the same services as the pages, at the times of the
story. ``manage.py sandbox`` runs ``python -m accounts_ui.sandbox_history`` on its first start.
"""
