"""The KPIs of customers, leads and agents across contacts: one function each, like ``streams.kpis``.

Counts enter, seconds and ratios leave; nothing to divide by means ``None``. Only contacts whose source names the
customer (the lead, the agent) count. Sources: the definitions in ``docs/definitions.md``.
"""

from __future__ import annotations

from typing import Final

from streams.counts import Counts
from streams.kpis.kpi import Kpi, kpi, mean_seconds, ratio


def fcr_ratio(c: Counts) -> float | None:
    """First contact resolution so far: resolved without coming back or reopening / resolved, repeats aside."""
    resolved = c.of_people("first_contacts_resolved")
    return ratio(resolved - c.of_people("first_contacts_recurred"), resolved)


def fcr_final_ratio(c: Counts) -> float | None:
    """The same, of contacts whose repeat window ended in the window: it changes no more."""
    final = c.of_people("first_contacts_final")
    return ratio(final - c.of_people("first_contacts_final_recurred"), final)


def recurring_ratio(c: Counts) -> float | None:
    """Resolved contacts after which the customer came back, or that were reopened / resolved contacts."""
    return ratio(c.of_people("cases_recurred"), c.of_people("cases_resolved"))


def repeat_ratio(c: Counts) -> float | None:
    """Contacts begun soon after another of the customer's was resolved / contacts of known customers."""
    return ratio(c.of_people("repeat_contacts"), c.of_people("customer_contacts"))


def attempts_per_lead(c: Counts) -> float | None:
    """Attempts made so far at leads first dialled in the window / those leads."""
    return ratio(c.of_people("lead_attempts"), c.of_people("leads"))


def connected_ratio(c: Counts) -> float | None:
    """Outbound attempts a person answered, those abandoned included / attempts."""
    return ratio(_persons(c), c.of_people("dials"))


def outbound_abandonment_ratio(c: Counts) -> float | None:
    """A person answered and no agent was there / outbound attempts a person answered."""
    return ratio(c.of_people("outbound_abandoned"), _persons(c))


def _persons(c: Counts) -> int:
    return c.of_people("connected_person") + c.of_people("connected_abandoned")


def taken_per_agent(c: Counts) -> float | None:
    """Calls per agent: contacts taken / agents who took any."""
    return ratio(c.of_people("agent_taken"), c.of_people("agents_taking"))


def replied_per_agent(c: Counts) -> float | None:
    """Written contacts agents replied to / agents who replied to any."""
    return ratio(c.of_people("agent_replied"), c.of_people("agents_replying"))


def resolved_per_agent(c: Counts) -> float | None:
    """Written contacts agents resolved / agents who resolved any."""
    return ratio(c.of_people("agent_resolved"), c.of_people("agents_resolving"))


def between_seconds(c: Counts) -> float | None:
    """Time between two calls of an agent, from the end of after-contact work to the next answer: mean."""
    return mean_seconds(c.of_people("between_ms"), c.of_people("between"))


REGISTRY: Final[tuple[Kpi, ...]] = (
    kpi("fcr_ratio", "ratio", fcr_ratio),
    kpi("fcr_final_ratio", "ratio", fcr_final_ratio),
    kpi("recurring_ratio", "ratio", recurring_ratio),
    kpi("repeat_ratio", "ratio", repeat_ratio),
    kpi("attempts_per_lead", "attempts", attempts_per_lead),
    kpi("connected_ratio", "ratio", connected_ratio),
    kpi("outbound_abandonment_ratio", "ratio", outbound_abandonment_ratio),
    kpi("taken_per_agent", "contacts", taken_per_agent),
    kpi("replied_per_agent", "contacts", replied_per_agent),
    kpi("resolved_per_agent", "contacts", resolved_per_agent),
    kpi("between_seconds", "seconds", between_seconds),
)
