"""The change log, and the only code that writes it.

``writer`` appends, ``queries`` reads, ``exports`` writes CSV and JSON lines, ``verification`` verifies. An ``Event`` is
one appended record and never changes. A ``Change`` is the current state that its events add up to, stored separately so
that it can be searched and sorted.
"""
