"""Who waits, who is served, what is left to be dealt with: views of the open contacts, brought up to date one by one.

A contact's head enters after each event; each dictionary then holds what is true of it, or nothing. So a view is never
counted up and down: adding or removing a contact twice is harmless.
"""

from __future__ import annotations

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

    def update(self, name: str, head: Head) -> None:
        """This is the contact's state now."""
        counts = not (head.flags and excluded(head.flags))
        if head.dialogue is not None:
            if counts and head.done_at < 0:
                self.open_conversations[name] = head
            else:
                self.open_conversations.pop(name, None)
        self._show_waiting(name, head, counts)
        segment = head.in_hand() if counts and head.segments else None
        if segment is not None:
            self.handling[name] = (segment.queue, head.channel)
            if segment.agent_id is not None:
                self.hands[name] = segment.agent_id
        elif name in self.handling:
            del self.handling[name]
            self.hands.pop(name, None)
        if counts and head.voicemail_at >= 0:
            self.voicemails[name] = Voicemail(head.voicemail_queue, head.channel, head.voicemail_at)
        elif name in self.voicemails:
            del self.voicemails[name]

    def _show_waiting(self, name: str, head: Head, counts: bool) -> None:
        waiting: list[Waiting] | None = None
        if counts:
            for visit in head.visits:
                if visit.outcome == OPEN and visit.offered_at >= 0:
                    waits = Waiting(
                        visit.queue, head.channel, visit.offered_at, visit.priority, visit.callback, visit.position
                    )
                    if waiting is None:
                        waiting = [waits]
                    else:
                        waiting.append(waits)
        if waiting is not None:
            self.waiting[name] = waiting
        elif name in self.waiting:
            del self.waiting[name]
