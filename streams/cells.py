"""Cells: what was posted to one book and has not reached its slices yet.

A cell holds what happened in the same ten seconds to visits (or contacts) of the same ten seconds of arrival: fields of
single facts as long as they are few, their sums when they are more. It is entered into six slices and the totals.
"""

from __future__ import annotations

from typing import Any, Final

from streams.books import CELL_MS, CORRECTED, Book, Cell, Slice
from streams.tally import ANSWERED_WAITS, COHORT, MAX_ANSWERED_WAIT, MAX_WAIT, Fields, Pairs

Three = tuple[Slice, Slice, Slice]
"""The ten seconds, the minute and the quarter hour of a moment."""

_MOST: Final = 64
"""Entries of a cell after which they are summed up."""
_FEW: Final = 6
"""So many are entered as they are: their fields are mostly different ones."""


def post(book: Book, at: int, arrival: int, pairs: Pairs) -> None:
    """Put fields into the cell of a moment and an arrival (epoch ms)."""
    key = at // CELL_MS << 30 | arrival // CELL_MS
    cell = book.cells.get(key)
    if cell is None:
        book.cells[key] = [pairs]
    else:
        cell.append(pairs)
        if len(cell) >= _MOST:
            cell[:] = [_summed(cell)]


def taken_back(pairs: Pairs) -> Pairs:
    """The same fields, as they are taken back."""
    return tuple([(field + CORRECTED, n) for field, n in pairs])


def enter(cell: Cell, total: Slice, of_time: Three, of_arrival: Three) -> None:
    """Add a cell to the totals, to the three slices of its time and, shifted by ``COHORT``, to those of its arrival."""
    fine, minute, coarse = of_time[0].fields, of_time[1].fields, of_time[2].fields
    fine_c, minute_c, coarse_c = of_arrival[0].fields, of_arrival[1].fields, of_arrival[2].fields
    ever = total.fields
    entries = cell if len(cell) <= _FEW else [_summed(cell)]
    for pairs in entries:
        for field, n in pairs:
            key = _NUMBERS[field]
            if field >= MAX_ANSWERED_WAIT and field <= MAX_WAIT:
                _raise(of_time, key, n)
                _raise(of_arrival, _NUMBERS[field + COHORT], n)
                continue
            ever[key] = ever.get(key, 0) + n
            if field >= CORRECTED:
                field, n = field - CORRECTED, -n  # noqa: PLW2901 the same field, taken back
                key = _NUMBERS[field]
            shifted = _NUMBERS[field + COHORT]
            minute[key] = minute.get(key, 0) + n
            coarse[key] = coarse.get(key, 0) + n
            minute_c[shifted] = minute_c.get(shifted, 0) + n
            coarse_c[shifted] = coarse_c.get(shifted, 0) + n
            if field < ANSWERED_WAITS:
                fine[key] = fine.get(key, 0) + n
                fine_c[shifted] = fine_c.get(shifted, 0) + n


def _raise(pieces: Three, key: Any, n: int) -> None:
    minute, coarse = pieces[1].maxima, pieces[2].maxima
    if n >= minute.get(key, 0):
        minute[key] = n
    if n >= coarse.get(key, 0):
        coarse[key] = n


def _summed(cell: Cell) -> Pairs:
    """All of a cell in one entry."""
    sums: Fields = {}
    for pairs in cell:
        for field, n in pairs:
            key = _NUMBERS[field]
            if field < MAX_ANSWERED_WAIT or field > MAX_WAIT:
                sums[key] = sums.get(key, 0) + n
            elif n >= sums.get(key, 0):
                sums[key] = n
    return tuple(sums.items())


_NUMBERS: Final[list[Any]] = list(range(CORRECTED + COHORT))
"""Field numbers as objects, made once: a dictionary finds the very key it has soonest."""
