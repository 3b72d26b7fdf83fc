"""A telephone call, told as it happens: IVR, queue, ringing, talk, hold, transfer, wrap-up.

What enters is a floor and a queue to call; what leaves are ``call.*`` events and the truth about them. ``Call.story``
reads from top to bottom as the caller lives it.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final, Literal, TypeAlias

from streams import events as e
from streams.simulate.contacts import Contact, Floor, Handling
from streams.simulate.kernel import Story
from streams.simulate.staff import Agent, Queue, find

#: What a caller does when the time is up: gives up, or leaves the queue in one of the other ways.
Exit: TypeAlias = Literal["abandon", "callback", "voicemail", "key", "timeout", "overflow", "transfer", "no_agents"]

RING_LIMIT_MS: Final = 18_000
CALLBACK_PATIENCE_MS: Final = 2 * 3_600_000


class Call(Contact):
    """A caller. ``onward`` is the queue the call goes to next, None when it is over after this."""

    __slots__ = ("callback_of", "onward")

    def __init__(self, floor: Floor, queue: Queue, **more: Any) -> None:
        dice = floor.world.random
        habits = floor.spec.habits
        kind = dice.random()
        south = dice.random() < 0.5
        super().__init__(
            floor,
            "call",
            queue,
            "pbx-south" if south else "pbx-north",
            measures=south,
            test=kind < habits.test,
            direction="internal" if habits.test <= kind < habits.test + habits.internal else "inbound",
            priority=queue.priority,
            **more,
        )
        self.onward: Queue | None = queue
        self.callback_of: str | None = None

    def story(self) -> Story:
        """From the first ring to the end."""
        habits, world = self.floor.spec.habits, self.world
        if self.callback_of is None and not world.chance(habits.straight_to_queue):
            self.say(e.CallStarted)
            in_ivr = world.around(habits.ivr_seconds, 0.5)
            if world.chance(habits.ivr_abandon):
                yield int(in_ivr * world.random.random())
                self.say(e.CallIvrAbandoned)
                self.count("ivr_abandoned")
                return
            yield in_ivr
        while self.onward is not None:
            queue, self.onward = self.onward, None
            handling = yield from self.wait(queue)
            if handling is not None:
                yield from self.talk(handling)

    # --- in the queue -------------------------------------------------------------------------------------------------

    def wait(self, queue: Queue) -> Generator[int | None, Any, Handling | None]:
        """One visit, from offered to answered (a segment) or to any other end (None)."""
        world = self.world
        self.enter(queue)
        position = len(queue.line) + 1 if world.chance(0.5) else None
        self.say(e.CallOffered, queue=queue.name, position=position, is_callback=self.is_callback,
                 callback_of=self.callback_of)  # fmt: skip
        if refusal := self._refusal(queue):
            yield world.between(0, 0.4)
            self._flow_out(queue, refusal)
            return None
        patience_ms, leaves = self._patience(queue)
        deadline = world.now + patience_ms
        missed = False
        while True:
            agent = find(queue)
            if agent is None:
                agent = yield from self._stand_in_line(queue, deadline, first=missed)
            if agent is None:
                self._give_up(queue, leaves)
                return None
            missed = world.chance(self.floor.spec.habits.no_answer)
            ring_ms = RING_LIMIT_MS if missed else world.around(self.floor.spec.habits.ring_seconds, 0.5)
            agent.show("ringing")
            self.say(e.CallAlerting, queue=queue.name, agent_id=agent.id)
            self.count("alerted", queue)
            if leaves == "abandon" and deadline - world.now < ring_ms:
                yield max(0, deadline - world.now)
                self._hang_up_while_ringing(queue, agent)
                return None
            yield ring_ms
            if not missed:
                return self._answer(queue, agent, ring_ms)
            reason = "declined" if world.chance(0.2) else "no_answer"
            self.say(e.CallNotAnswered, queue=queue.name, agent_id=agent.id, reason=reason)
            self.count("missed", queue)
            world.start(not_responding(agent))

    def _refusal(self, queue: Queue) -> str | None:
        if not queue.is_open(self.floor.time_of_day()):
            return "closed"
        if len(queue.line) >= queue.spec.full_at:
            return "full"
        return "no_agents" if not queue.staffed and self.world.chance(0.5) else None

    def _patience(self, queue: Queue) -> tuple[int, Exit]:
        """How long this caller stays unanswered, and what ends it: whatever comes first."""
        world, habits = self.world, self.floor.spec.habits
        if self.is_callback:
            return CALLBACK_PATIENCE_MS, "no_agents"
        if world.chance(habits.impatient):
            return world.between(0.2, 6.0), "abandon"
        stays: tuple[int, Exit] = world.around(queue.spec.patience_seconds, 1.1), "abandon"
        limit = int(queue.spec.timeout_seconds * 1000)
        if limit < stays[0]:
            stays = limit, "overflow" if queue.spec.overflow_to else "timeout"
        kind = world.random.random() - habits.callback
        if kind < 0:
            return min(stays, (world.between(40, 70), "callback"))
        if (kind := kind - habits.voicemail) < 0:
            return min(stays, (world.between(30, 120), "voicemail"))
        if (kind := kind - habits.key_exit) < 0:
            return min(stays, (world.between(10, 60), "key"))
        if kind - habits.transfer_waiting < 0 and queue.spec.transfers_to:
            return min(stays, (world.between(3, 40), "transfer"))
        return stays

    def _stand_in_line(self, queue: Queue, deadline: int, *, first: bool) -> Generator[int | None, Any, Agent | None]:
        """Wait for an agent until the deadline; a call nobody picked up goes back to the head of the line."""
        world = self.world
        process = world.current
        queue.line[process] = self.offered_ms
        if first:
            queue.line.move_to_end(process, last=False)
        agent: Agent | None = yield max(0, deadline - world.now)
        if agent is None:
            del queue.line[process]
        return agent

    def _give_up(self, queue: Queue, how: Exit) -> None:
        if how == "abandon":
            said, wait_ms = self.measured(self.world.now - self.offered_ms)
            self.say(e.CallAbandoned, queue=queue.name, wait_ms=said)
            self.leave("abandoned", wait_ms)
        elif how == "transfer":
            self.onward = self.floor.queues[queue.spec.transfers_to[0]]
            said, wait_ms = self.measured(self.world.now - self.offered_ms)
            self.say(e.CallTransferred, queue=queue.name, to=self.onward.name, before_answer=True, wait_ms=said)
            self.leave("flowed_out", wait_ms, "transfer")
        else:
            if how == "overflow" and queue.spec.overflow_to:
                self.onward = self.floor.queues[queue.spec.overflow_to]
            self._flow_out(queue, how)
            if how == "callback":
                self._come_back_later(queue)

    def _flow_out(self, queue: Queue, reason: str) -> None:
        said, wait_ms = self.measured(self.world.now - self.offered_ms)
        self.say(e.CallFlowedOut, queue=queue.name, reason=reason, wait_ms=said)
        self.leave("flowed_out", wait_ms, reason)

    def _come_back_later(self, queue: Queue) -> None:
        back = Call(self.floor, queue, customer_id=self.customer_id)
        back.callback_of = self.id
        back.is_callback = True
        self.world.start(back.story(), self.world.between(600, 3_600), awaited=True)

    def _hang_up_while_ringing(self, queue: Queue, agent: Agent) -> None:
        """An abandonment; the offer was cancelled by the customer, which is not the agent's fault."""
        told = self.world.chance(0.5)
        if told:
            self.say(e.CallNotAnswered, queue=queue.name, agent_id=agent.id, reason="cancelled_by_customer")
            self.count("cancelled", queue)
        self._give_up(queue, "abandon")
        if not told:
            self.count("cancelled", queue)
        agent.release()

    def _answer(self, queue: Queue, agent: Agent, ring_ms: int) -> Handling:
        said_wait, wait_ms = self.measured(self.world.now - self.offered_ms)
        said_ring, ring_ms = self.measured(ring_ms)
        handling = self.begin(agent)
        self.say(e.CallAnswered, queue=queue.name, agent_id=agent.id, team=agent.team, segment_id=handling.id,
                 wait_ms=said_wait, ring_ms=said_ring)  # fmt: skip
        self.leave("answered", wait_ms)
        self.count("rang", queue, ring_ms)
        agent.show("on_contact")
        return handling

    # --- with an agent ------------------------------------------------------------------------------------------------

    def talk(self, handling: Handling) -> Story:
        """One segment, to its end or its transfer; after-contact work goes on without the caller."""
        world, habits, queue, agent = self.world, self.floor.spec.habits, handling.queue, handling.agent
        whose: dict[str, Any] = {"queue": queue.name, "agent_id": agent.id, "segment_id": handling.id}
        talk_ms = world.around(queue.spec.talk_seconds, 0.7)
        fate, hung_up = world.random.random(), False
        if fate < habits.hold:
            hung_up = yield from self._hold(handling, whose, talk_ms // 2)
            talk_ms -= talk_ms // 2
        elif fate < habits.hold + habits.monitored:
            self.say(
                e.CallAnswered, queue=queue.name, agent_id="supervisor-1", role="monitor", segment_id=f"{self.id}/m"
            )
            yield talk_ms // 2
            self.say(e.CallEnded, queue=queue.name, agent_id="supervisor-1", role="monitor", segment_id=f"{self.id}/m")
            talk_ms -= talk_ms // 2
        if not hung_up:
            yield talk_ms
            if world.chance(habits.escalate):
                self.say(e.CallEscalated, **whose)
                handling.escalated = True
        if not hung_up and world.chance(habits.transfer):
            yield from self._hand_on(handling, whose)
        else:
            said_talk, said_hold = handling.measure()
            self.say(e.CallEnded, talk_ms=said_talk, hold_ms=said_hold, **whose)
            handling.over()
            self.count("call_ended", queue, world.now - self.started_ms)
        world.start(self._wrap_up(handling, whose), awaited=True)

    def _hold(self, handling: Handling, whose: dict[str, Any], talk_ms: int) -> Generator[int | None, Any, bool]:
        """Talk, then hold, perhaps again; whether the caller had enough of it and hung up."""
        world = self.world
        yield talk_ms
        self.say(e.CallHeld, **whose)
        handling.holds += 1
        hold_ms = world.around(self.floor.spec.habits.hold_seconds, 0.8)
        yield hold_ms
        handling.hold_ms += hold_ms
        if world.chance(self.floor.spec.habits.hang_up_on_hold):
            return True
        self.say(e.CallResumed, **whose)
        if world.chance(0.2):
            return (yield from self._hold(handling, whose, world.between(2, 30)))
        return False

    def _hand_on(self, handling: Handling, whose: dict[str, Any]) -> Story:
        """To another queue, blindly or after a consultation, or out of the house."""
        world, targets = self.world, handling.queue.spec.transfers_to
        warm = world.chance(0.4)
        if warm:
            leg: dict[str, Any] = {"role": "consult", "agent_id": "desk-2", "segment_id": f"{handling.id}c"}
            self.say(e.CallAnswered, **leg)
            yield world.between(5, 25)
            self.say(e.CallEnded, **leg)
        said_talk, said_hold = handling.measure()
        kind = "warm" if warm else "blind"
        if targets and not world.chance(0.15):
            self.onward = self.floor.queues[world.random.choice(targets)]
            self.say(e.CallTransferred, to=self.onward.name, kind=kind, talk_ms=said_talk, hold_ms=said_hold, **whose)
            handling.over(self.onward.name)
        else:
            self.say(e.CallTransferred, to="+49301234567", to_type="external", kind=kind, talk_ms=said_talk,
                     hold_ms=said_hold, **whose)  # fmt: skip
            handling.over("+49301234567")
            self.say(e.CallEnded)
            self.count("call_ended", handling.queue, world.now - self.started_ms)

    def _wrap_up(self, handling: Handling, whose: dict[str, Any]) -> Story:
        """After-contact work; the next contact waits for it."""
        world, agent = self.world, handling.agent
        if not world.chance(self.floor.spec.habits.no_wrap_up):
            agent.show("after_contact_work")
            self.say(e.CallWrapStarted, **whose)
            handling.wraps_up(over=False)
            yield world.around(handling.queue.spec.acw_seconds, 0.8)
            said, handling.acw_ms = self.measured(world.now - (handling.ended_ms or world.now))
            self.say(e.CallWrappedUp, acw_ms=said, **whose)
            handling.wraps_up(over=True)
        handling.record(world.now)
        agent.release()


def not_responding(agent: Agent) -> Story:
    """The agent who did not pick up is out of the rotation for a while."""
    agent.show("not_responding")
    yield agent.world.between(20, 60)
    agent.release()
