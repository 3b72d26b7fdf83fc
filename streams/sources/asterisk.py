"""Asterisk's ``queue_log``: rows ``epoch|callid|queue|agent|EVENT|data1|...`` enter, our events leave.

Waits and talk times come from the data fields (whole seconds), as the switch measured them, never from differences of
stamps. A call turned away at the door (FULL, CLOSED, JOINEMPTY, DIVERT_*) is an offer that flows out at once. Event
ids are made of the row itself: reading a log twice, or a rotated copy of it, repeats ids and so changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from streams import events as e
from streams.sources import Bad, Hints, Ignored, SourceRow

_EVENTS_PER_ROW: Final = 4  # a row stands for three events at most; source_seq keeps them apart
_MAX_EPOCH: Final = 2**40
_CALLS_REMEMBERED: Final = 100_000

_Made: TypeAlias = list[tuple[Callable[..., e.Event], dict[str, Any]]]


class _Row(NamedTuple):
    at_ms: int
    epoch: str
    call_id: str
    queue: str | None
    agent: str | None
    event: str
    data: tuple[str, str, str, str, str]
    line_number: int


class _WrongFieldError(ValueError):
    """A field that is not what the event needs."""


class AsteriskQueueLog:
    """Reads the native pipe format. It remembers which queues each agent is a member of, and when open calls were
    last heard of."""

    hints: Final = Hints(attribution="arrival")  # a call belongs to the hour of its ENTERQUEUE

    def __init__(self, source: str = "asterisk") -> None:
        self._source = source
        self._line_number = 0
        self._member_of: dict[str, set[str]] = {}
        self._latest: dict[str, int] = {}

    def read(self, line: bytes) -> Sequence[SourceRow]:
        self._line_number += 1
        text = line.decode("utf-8", "replace").strip("\r\n")
        if not text.strip():
            return ()
        try:
            return self._events(_parse(text, self._line_number))
        except _WrongFieldError as wrong:
            return (Bad(self._line_number, str(wrong)),)

    def end(self) -> Sequence[SourceRow]:
        return ()

    def _events(self, row: _Row) -> Sequence[SourceRow]:
        if row.event in _SYSTEM:
            return (Ignored(row.at_ms, row.queue, None, row.event),)
        if row.event in _AGENT_EVENTS:
            if row.agent is None:
                return (Ignored(row.at_ms, None, None, "no_agent"),)
            return (self._presence(row, row.agent),)
        if row.event not in _CALL_EVENTS:
            return (Ignored(row.at_ms, row.queue, None, "unknown_event"),)
        if row.queue is None:
            raise _WrongFieldError(f"{row.event} names no queue")
        _fits(row.call_id, 200, "call id")
        made = _CALL_EVENTS[row.event](row)
        row = self._in_order(row)
        return [self._event(row, n, make, extra) for n, (make, extra) in enumerate(made)]

    def _in_order(self, row: _Row) -> _Row:
        """The order of the log wins over its stamps: a call's row is never before the call's row above it.

        (A CONNECT can be stamped before its ENTERQUEUE: processes of the switch read the clock at different moments.)
        """
        at_ms = max(row.at_ms, self._latest.pop(row.call_id, row.at_ms))
        if row.event not in _LAST_OF_A_CALL:
            self._latest[row.call_id] = at_ms
            if len(self._latest) > _CALLS_REMEMBERED:
                del self._latest[next(iter(self._latest))]
        return row._replace(at_ms=at_ms)

    def _event(self, row: _Row, n: int, make: Callable[..., e.Event], extra: dict[str, Any]) -> e.Event:
        return make(
            event_id=_event_id(row, n),
            occurred_at=row.at_ms,
            source=self._source,
            source_seq=row.line_number * _EVENTS_PER_ROW + n,
            contact_id=row.call_id,
            channel="voice",
            queue=row.queue,
            **{"agent_id": row.agent, **extra},
        )

    def _presence(self, row: _Row, agent: str) -> e.AgentStateChanged:
        queues = self._member_of.setdefault(agent, set())
        state: e.AgentState = _AGENT_EVENTS[row.event]
        if row.event == "ADDMEMBER":
            queues.update({row.queue} if row.queue else ())
            state = "break" if row.data[0] == "PAUSED" else "available"
        elif row.event == "REMOVEMEMBER":
            queues.discard(row.queue or "")
            state = "available" if queues else "signed_out"
        elif state == "signed_out":
            queues.clear()
        return e.AgentStateChanged(
            event_id=_event_id(row, 0),
            occurred_at=row.at_ms,
            source=self._source,
            source_seq=row.line_number * _EVENTS_PER_ROW,
            agent_id=agent,
            state=state,
            queues=tuple(sorted(queues)),
        )


def _parse(text: str, line_number: int) -> _Row:
    fields = text.split("|")
    if len(fields) < 5:
        raise _WrongFieldError(f"{len(fields)} fields between bars, at least 5 expected")
    epoch, call_id, queue, agent, event, *data = fields
    try:
        seconds = Decimal(epoch)
        fits = abs(seconds) <= _MAX_EPOCH
    except ArithmeticError:
        fits = False
    if not fits:
        raise _WrongFieldError("the time is not epoch seconds")
    d1, d2, d3, d4, d5 = (*data, "", "", "", "", "")[:5]
    return _Row(
        at_ms=int((seconds * 1000).to_integral_value("ROUND_FLOOR")),
        epoch=epoch,
        call_id=call_id,
        queue=_fits(queue, 120, "queue") if queue not in ("", "NONE") else None,
        agent=_fits(agent, 200, "agent") if agent not in ("", "NONE") else None,
        event=event,
        data=(d1, d2, d3, d4, d5),
        line_number=line_number,
    )


def _fits(text: str, length: int, what: str) -> str:
    if not 1 <= len(text) <= length:
        raise _WrongFieldError(f"the {what} has {len(text)} characters, 1 to {length} are allowed")
    return text


def _event_id(row: _Row, n: int) -> str:
    """The same for the same row wherever it is read; ``n`` tells apart the events one row stands for."""
    plain = f"{row.call_id}/{row.epoch}/{row.event}/{row.queue or ''}/{row.agent or ''}/{n}"
    return plain if len(plain) <= 200 else hashlib.sha256(plain.encode()).hexdigest()


def _ms(field: str, unit_ms: int = 1000) -> int | None:
    """A duration of the log in milliseconds; None where the field is empty."""
    if not field:
        return None
    if not field.isascii() or not field.isdigit() or len(field) > 9:
        raise _WrongFieldError("a duration is not a whole number")
    return int(field) * unit_ms


def _position(field: str) -> int | None:
    return int(field) if field.isascii() and field.isdigit() and len(field) <= 9 else None


def _enter(row: _Row) -> _Made:
    caller = row.data[1][:200] or None
    return [(e.CallOffered, {"customer_id": caller, "position": _position(row.data[2])})]


def _connect(row: _Row) -> _Made:
    return [(e.CallAnswered, {"wait_ms": _ms(row.data[0]), "ring_ms": _ms(row.data[2])})]


def _complete(row: _Row) -> _Made:
    return [(e.CallEnded, {"wait_ms": _ms(row.data[0]), "talk_ms": _ms(row.data[1])})]


def _abandon(row: _Row) -> _Made:
    return [(e.CallAbandoned, {"wait_ms": _ms(row.data[2])})]


def _exit(reason: e.FlowOutReason, wait_field: int) -> Callable[[_Row], _Made]:
    return lambda row: [(e.CallFlowedOut, {"reason": reason, "wait_ms": _ms(row.data[wait_field])})]


def _turned_away(reason: e.FlowOutReason) -> Callable[[_Row], _Made]:
    return lambda _row: [(e.CallOffered, {}), (e.CallFlowedOut, {"reason": reason, "wait_ms": 0})]


def _unanswered(reason: e.NotAnsweredReason) -> Callable[[_Row], _Made]:
    return lambda row: [(e.CallNotAnswered, {"reason": reason, "ring_ms": _ms(row.data[0], 1)})]


def _transfer(kind: e.TransferKind) -> Callable[[_Row], _Made]:
    """The agent hands the call on, and the log says no more of it: it ends, unless it enters another queue later.

    Where it goes is a dial-plan extension, which is nobody's queue by name.
    """

    def made(row: _Row) -> _Made:
        to = {"to": row.data[0][:120] or "unknown", "to_type": "external", "kind": kind}
        return [(e.CallTransferred, {**to, "talk_ms": _ms(row.data[3])}), (e.CallEnded, {"agent_id": None})]

    return made


_CALL_EVENTS: Final[dict[str, Callable[[_Row], _Made]]] = {
    "ENTERQUEUE": _enter,
    "CONNECT": _connect,
    "COMPLETEAGENT": _complete,
    "COMPLETECALLER": _complete,
    "ABANDON": _abandon,
    "EXITWITHKEY": _exit("key", 3),
    "EXITWITHTIMEOUT": _exit("timeout", 2),
    "EXITEMPTY": _exit("no_agents", 2),
    "JOINEMPTY": _turned_away("no_agents"),
    "FULL": _turned_away("full"),
    "CLOSED": _turned_away("closed"),
    "DIVERT_CA_RATIO": _turned_away("diverted"),
    "DIVERT_HOLDTIME": _turned_away("diverted"),
    "TRANSFER": _transfer("blind"),
    "BLINDTRANSFER": _transfer("blind"),
    "ATTENDEDTRANSFER": _transfer("warm"),
    "RINGNOANSWER": _unanswered("no_answer"),
    "RINGCANCELED": _unanswered("cancelled_by_customer"),
}

_LAST_OF_A_CALL: Final = frozenset({
    "COMPLETEAGENT", "COMPLETECALLER", "ABANDON", "EXITWITHKEY", "EXITWITHTIMEOUT", "EXITEMPTY", "JOINEMPTY", "FULL",
    "CLOSED", "DIVERT_CA_RATIO", "DIVERT_HOLDTIME", "TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER",
})  # fmt: skip
"""After these the log says no more of the call's stay in the queue."""

_AGENT_EVENTS: Final[dict[str, e.AgentState]] = {
    "ADDMEMBER": "available",
    "REMOVEMEMBER": "signed_out",
    "AGENTLOGIN": "available",
    "AGENTCALLBACKLOGIN": "available",
    "AGENTLOGOFF": "signed_out",
    "AGENTCALLBACKLOGOFF": "signed_out",
    "PAUSE": "break",
    "PAUSEALL": "break",
    "UNPAUSE": "available",
    "UNPAUSEALL": "available",
}

_SYSTEM: Final = frozenset({
    "CONFIGRELOAD", "QUEUESTART", "SYSCOMPAT", "AGENTDUMP", "MEMBERPENALTY", "QUEUEPENALTY", "DID", "INFO",
})  # fmt: skip
