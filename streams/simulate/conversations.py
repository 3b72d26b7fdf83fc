"""A written conversation, told as it happens: bot, queue, an agent with several at once, resolve, close, survey.

What enters is a floor and a queue; what leaves are ``conversation.*`` events and the truth about them. Talk time of a
chat is the time from assignment to its end; of slower channels only what the source measured itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Final

from streams import events as e
from streams.simulate.contacts import Contact, Floor, Handling
from streams.simulate.kernel import Story
from streams.simulate.staff import Agent, Queue, find
from streams.simulate.truth import Moment

TAGS: Final = ("invoice", "delivery", "password", "contract", "refund", "outage")
RATINGS: Final = (
    ("csat", 1, 5), ("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7), ("agent_nps", 0, 10), ("emotion", -1, 1),
    ("servqual", 1, 7),
)  # fmt: skip
CLOSE_AFTER_SECONDS: Final = (300.0, 1_500.0)


SAID: Final[dict[object, str]] = {
    e.ConversationStarted: "started", e.ConversationQueued: "queued", e.ConversationHandedOff: "handed_off",
    e.ConversationResolved: "resolved", e.ConversationClosed: "closed", e.ConversationReopened: "reopened",
    e.ConversationAbandoned: "abandoned", e.ConversationMerged: "merged", e.ConversationCommented: "commented",
    e.SurveySent: "survey_sent",
}  # fmt: skip
"""What the truth calls what is said; other events are told in words of their own."""


class Conversation(Contact):
    """A customer who writes. ``onward`` is the queue it goes to next, None when nothing is left to do.

    ``place`` is the queue it belongs to, "" before the first.
    """

    topic = e.CONVERSATION_EVENTS
    __slots__ = ("onward", "place")

    def __init__(self, floor: Floor, queue: Queue) -> None:
        super().__init__(
            floor, queue.channel, queue, "desk", measures=queue.channel != "chat", priority=queue.priority,
            test=floor.world.chance(floor.spec.habits.test),
        )  # fmt: skip
        self.onward: Queue | None = queue
        self.place = ""

    def say(self, tells: Callable[..., e.Event], /, **fields: Any) -> None:
        """Publish one event, and keep the moment."""
        super().say(tells, **fields)
        if self.lost:
            return
        if tells is e.ConversationQueued:
            self.place = fields["queue"]
        agent = fields.get("agent_id", "")
        if tells in SAID:
            self._keep(SAID[tells], agent_id=agent)
        elif tells is e.ConversationMessage:
            self._keep(fields["author"] if fields["public"] else "note", agent_id=agent)
        elif tells is e.ConversationTagged and fields["complaint"]:
            self._keep("complaint")
        elif tells is e.Rated:
            self._keep(fields["kind"], fields["score"], fields["scale_min"], fields["scale_max"])
            if fields["expected"] is not None:
                self._keep("expected", fields["expected"], fields["scale_min"], fields["scale_max"])
        elif tells is e.Reviewed:
            self._keep("peer" if fields["peer"] else "qa", fields["score"])

    def _keep(
        self, what: str, value: float = 0.0, low: float = 0.0, high: float = 1.0, agent_id: str = ""
    ) -> None:  # fmt: skip
        now, place = self.world.now, self.place
        self.floor.ledger.add(
            Moment(self.id, self.channel, self.counted, now, what, place, value, low, high, agent_id)
        )  # fmt: skip

    def story(self) -> Story:
        """From the first word to the last survey answer."""
        world, habits = self.world, self.floor.spec.habits
        self.say(e.ConversationStarted)
        self._message("customer")
        if world.chance(habits.merged):
            yield world.between(1, 5)
            self.say(e.ConversationMerged, into=f"{self.id}-original")
            self.count("merged")
            return
        if self.channel != "email":
            yield from self._with_bot()
        else:
            self._message("auto")
        while self.onward is not None:
            queue, self.onward = self.onward, None
            agent = yield from self._wait(queue)
            if agent is None:
                return
            yield from self._handle(self.begin(agent))
        yield from self._afterwards()

    def _with_bot(self) -> Story:
        world = self.world
        for _ in range(world.random.randrange(1, 4)):
            yield world.between(1, 3)
            self._message("bot")
            yield world.around(12, 0.6)
            self._message("customer")
        if world.chance(self.floor.spec.habits.solved_by_bot):
            self.onward = None
            self.say(e.ConversationResolved)
            self.count("solved_by_bot")
        else:
            self.say(e.ConversationHandedOff)

    def _wait(self, queue: Queue) -> Generator[int | None, Any, Agent | None]:
        """One visit: the agent who took it, or None when the customer left."""
        world = self.world
        self.enter(queue)
        self.say(e.ConversationQueued, queue=queue.name, position=len(queue.line) + 1)
        if self.channel == "chat" and world.chance(0.5):
            self._message("auto")
        agent = find(queue)
        if agent is None:
            process = world.current
            queue.line[process] = self.offered_ms
            agent = yield world.around(queue.spec.patience_seconds, 1.0)
            if agent is None:
                del queue.line[process]
                said, wait_ms = self.measured(world.now - self.offered_ms)
                self.say(e.ConversationAbandoned, queue=queue.name, wait_ms=said)
                self.leave("abandoned", wait_ms)
                return None
        said, wait_ms = self.measured(world.now - self.offered_ms)
        self.say(e.ConversationAssigned, queue=queue.name, agent_id=agent.id, team=agent.team, wait_ms=said)
        self.leave("answered", wait_ms)
        agent.show("on_contact")
        return agent

    def _handle(self, handling: Handling) -> Story:
        """Turn by turn with one agent; ends resolved, or handed on to another queue."""
        world, habits, agent = self.world, self.floor.spec.habits, handling.agent
        whose: dict[str, Any] = {"queue": handling.queue.name, "agent_id": agent.id}
        turns = 1 + min(8, int(world.random.expovariate(0.5)))
        turn_seconds = handling.queue.spec.talk_seconds / 6
        for turn in range(turns):
            yield world.around(turn_seconds, 0.6)
            self._message("agent", **whose)
            if turn == 0 and world.chance(0.1):
                self._message("agent", public=False, **whose)
            if turn < turns - 1:
                yield world.around(turn_seconds, 0.8)
                self._message("customer")
        if world.chance(habits.escalate):
            self.say(e.ConversationEscalated, **whose)
            handling.escalated = True
        self.say(e.ConversationTagged, tags=(world.random.choice(TAGS),), complaint=world.chance(0.05), **whose)
        handling_ms = world.now - handling.answered_ms
        targets = handling.queue.spec.transfers_to
        said_talk, _ = handling.measure()
        if self.measures:  # worked on it for part of the time only
            said_talk, handling.talk_ms = self.measured(handling_ms * 2 // 3)
        if targets and world.chance(habits.transfer):
            self.onward = self.floor.queues[targets[0]]
            self.say(e.ConversationTransferred, to=self.onward.name, talk_ms=said_talk, **whose)
            handling.over(self.onward.name)
        else:
            self.say(e.ConversationResolved, talk_ms=said_talk, **whose)
            handling.over()
        handling.record(world.now)
        agent.release()

    def _afterwards(self) -> Story:
        """Thanks, perhaps a second thought, the end, and what the customer thinks of it."""
        world, habits = self.world, self.floor.spec.habits
        if world.chance(0.3):
            yield world.between(5, 60)
            self._message("customer")
        elif world.chance(habits.reopened):
            yield world.between(60, 1_500)
            self.say(e.ConversationReopened)
            self.count("reopened")
            self._message("customer")
            agent = yield from self._wait(self.queue)
            if agent is None:
                return
            yield from self._handle(self.begin(agent))
            self.onward = None
        yield world.between(*CLOSE_AFTER_SECONDS)
        self.say(e.ConversationClosed)
        self.world.start(self._survey())

    def _survey(self) -> Story:
        """Answers and reviews, if any, come later than the drain of a simulation waits for."""
        world, habits = self.world, self.floor.spec.habits
        if world.chance(habits.surveyed):
            yield world.between(5, 60)
            survey = f"{self.id}-survey"
            self.say(e.SurveySent, survey_id=survey)
            self.count("survey_sent")
            if world.chance(habits.responds):
                yield world.around(600, 1.0)
                kind, low, high = world.random.choice(RATINGS)
                score = round(min(high, max(low, world.random.gauss(low + 0.8 * (high - low), 0.2 * (high - low)))))
                expected = float(world.random.randint(low, high)) if kind == "servqual" else None
                self.say(e.Rated, kind=kind, survey_id=survey, score=float(score), scale_min=float(low),
                         scale_max=float(high), expected=expected)  # fmt: skip
                self.count("rated")
                if world.chance(0.3):
                    self.say(e.ConversationCommented, text="Friendly." if score > high / 2 else "Took too long.")
                    self.count("commented")
        if world.chance(habits.reviewed):
            yield world.between(600, 3_600)
            peer = world.chance(0.3)
            quality = round(min(1.0, max(0.0, world.random.gauss(0.85, 0.1))), 2)
            self.say(e.Reviewed, kind="peer" if peer else "qa", score=quality, reviewer="reviewer-1", peer=peer)
            self.count("reviewed")

    def _message(self, author: str, *, public: bool = True, **whose: Any) -> None:
        self.say(e.ConversationMessage, author=author, public=public, **whose)
