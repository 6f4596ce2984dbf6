"""Verify pieces side by side, each in a process of its own, and return what they are in their order."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

from django.db import connection

from accounts_ui.changes.verification.pieces import LogPiece, PieceResult, verify_piece
from accounts_ui.changes.verification.worker_process import begin

_AHEAD: Final = 2  # pieces a process that may wait for their turn, so that no process waits for another
_WORTHWHILE: Final = 3  # pieces from which on it pays to start processes, which takes a second or two


def verify_pieces(pieces: Iterable[LogPiece], workers: int) -> Iterator[PieceResult]:
    """Yield the results in the order of the pieces. Raises ``BrokenLog`` at the first break in that order."""
    waiting = iter(pieces)
    first = [piece for _, piece in zip(range(_WORTHWHILE), waiting, strict=False)]
    if workers < 2 or len(first) < _WORTHWHILE:
        yield from map(verify_piece, first)
        yield from map(verify_piece, waiting)
        return
    # A forked process would share this one's connection to the database, so each begins anew.
    pool = ProcessPoolExecutor(
        workers,
        mp_context=get_context("spawn"),
        initializer=begin,
        initargs=(str(connection.settings_dict["NAME"]),),
    )
    try:
        yield from _in_order(pool, [*first], waiting, workers * _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ProcessPoolExecutor, first: list[LogPiece], waiting: Iterator[LogPiece], most: int
) -> Iterator[PieceResult]:
    running: deque[Future[PieceResult]] = deque(pool.submit(verify_piece, piece) for piece in first)
    while running:
        while len(running) < most and (piece := next(waiting, None)) is not None:
            running.append(pool.submit(verify_piece, piece))
        yield running.popleft().result()
