"""Evidence packs: a selection of the log in one zip, with everything that a third party needs to verify it.

``pack`` writes a pack. ``verify`` is a copy in each pack, and verifies it without the code of the console.
"""
