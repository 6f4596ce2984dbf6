"""Evidence packs: what a stranger needs to judge a selection of the log, in one zip.

``pack`` makes one; ``verify`` goes into each, and verifies it with nothing of ours.
"""
