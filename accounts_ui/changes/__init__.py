"""The change log, and the only code that writes it.

``log`` appends, ``reading`` finds, ``export`` hands out, ``verifying`` proves. An ``Event`` is one appended line and
never changes; a ``Change`` is what its events come to, kept beside them so that it can be found and sorted.
"""
