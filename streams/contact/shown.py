"""Who waits, who is served, what is left to be dealt with: views of the open contacts, brought up to date one by one.

A contact enters after each event; each dictionary then holds what is true of it, or nothing. So a view is never counted
up and down. The contact itself remembers which of them have it: where it never was, nothing is looked up.
"""

from __future__ import annotations

from typing import Any, Final

from streams.contact.history import Contact
from streams.contact.nouns import OPEN, Head, Voicemail, Waiting
from streams.contact.state import excluded


class Shown:
    """By contact id: the visits that wait, queue and channel of what an agent has in hand, and which agent that is."""

    def __init__(self) -> None:
        self.waiting: dict[str, list[Waiting]] = {}
        self.handling: dict[str, tuple[str, str]] = {}
        self.hands: dict[str, str] = {}
        self.voicemails: dict[str, Voicemail] = {}
        self.open_conversations: dict[str, Head] = {}
        self._places: dict[Any, Any] = {}

    def update(self, contact: Contact, head: Head) -> None:
        """This is the contact's state now."""
        name, before = contact.contact_id, contact.shown
        counts = not (head.flags and excluded(head.flags))
        now = 0
        if counts:
            if head.dialogue is not None and head.done_at < 0:
                now |= _OPEN
                self.open_conversations[name] = head
            waiting = _waiting(head)
            if waiting:
                now |= _WAITING
                self.waiting[name] = waiting
            segment = head.in_hand() if head.segments else None
            if segment is not None:
                now |= _HANDLED
                place: Any = (
                    segment.queue,
                    head.channel,
                )  # compiled, what is known to be a pair is another with each use
                self.handling[name] = self._one_of_each(place)
                if segment.agent_id is not None:
                    now |= _IN_HAND
                    self.hands[name] = segment.agent_id
            if head.voicemail_at >= 0:
                now |= _VOICEMAIL
                self.voicemails[name] = Voicemail(head.voicemail_queue, head.channel, head.voicemail_at)
        contact.shown = now
        gone = before & ~now
        if gone:
            self._remove(name, gone)

    def _one_of_each(self, place: Any) -> Any:
        """The same queue and channel in one piece of memory, however many contacts are there."""
        if len(self._places) > _MOST_PLACES:
            self._places.clear()
        return self._places.setdefault(place, place)

    def _remove(self, name: str, gone: int) -> None:
        if gone & _OPEN:
            del self.open_conversations[name]
        if gone & _WAITING:
            del self.waiting[name]
        if gone & _HANDLED:
            del self.handling[name]
        if gone & _IN_HAND:
            del self.hands[name]
        if gone & _VOICEMAIL:
            del self.voicemails[name]


def _waiting(head: Head) -> list[Waiting]:
    found: list[Waiting] = []
    for visit in head.visits:
        if visit.outcome == OPEN and visit.offered_at >= 0:
            found.append(  # noqa: PERF401 mostly there is none or one, and this runs for every event
                Waiting(visit.queue, head.channel, visit.offered_at, visit.priority, visit.callback, visit.position)
            )
    return found


_MOST_PLACES: Final = 10_000
_OPEN: Final = 1
_WAITING: Final = 2
_HANDLED: Final = 4
_IN_HAND: Final = 8
_VOICEMAIL: Final = 16
