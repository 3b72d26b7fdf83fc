"""What is counted of customers, leads and agents across contacts: fields 300 to 399.

The third part of ``streams.tally``: a fact enters, (field, number) pairs leave.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, get_args

from streams.events import Disposition
from streams.facts import Fact, Kind

Pairs = tuple[tuple[int, int], ...]

DISPOSITIONS: Final[tuple[str, ...]] = get_args(Disposition)
_MEANINGS: Final = {
    "customer_contacts": "Contacts that known customers began.",
    "repeat_contacts": "Those begun within retention.repeat_days after another of the customer's was resolved.",
    "cases_resolved": "Resolved contacts of known customers.",
    "cases_recurred": "Those after which the customer came back within retention.repeat_days, or that were reopened.",
    "first_contacts_resolved": "Resolved contacts of known customers that were no repeats.",
    "first_contacts_recurred": "Those after which the customer came back or that were reopened, so far.",
    "first_contacts_final": "Resolved contacts that were no repeats, when retention.repeat_days have passed.",
    "first_contacts_final_recurred": "Those after which the customer came back or that were reopened.",
    "leads": "Leads dialled for the first time.",
    "lead_attempts": "Attempts at leads, counted when the lead was dialled for the first time.",
    "dials": "Outbound attempts.",
    **{f"connected_{name}": f"Outbound attempts that reached: {name}." for name in DISPOSITIONS},
    "outbound_abandoned": "Outbound attempts a person answered with no agent there.",
    "agent_taken": "Contacts that agents took.",
    "agent_replied": "Written contacts agents replied to: once for each agent and cycle.",
    "agent_resolved": "Written contacts agents resolved.",
    "between": "Times an agent took a call soon after another.",
    "between_ms": "Sum of the times between, from the end of after-contact work to the next answer.",
}
NAMES: Final[dict[int, str]] = {300 + n: name for n, name in enumerate(_MEANINGS)}
FIELD: Final[dict[str, int]] = {name: n for n, name in NAMES.items()}
MEANINGS: Final[dict[int, str]] = {FIELD[name]: meaning for name, meaning in _MEANINGS.items()}
AGENTS: Final = {
    "agents_taking": "Agents who took any contact.",
    "agents_replying": "Agents who replied to any written contact.",
    "agents_resolving": "Agents who resolved any written contact.",
}
"""What is no field, because it is no sum: how many agents did something in a window, each once."""


def counts(fact: Fact) -> Pairs:
    """The fields one fact about a customer, a lead or an agent adds to."""
    return _COUNTED[fact.kind](fact.value, fact.detail)


Rule = Callable[[int, str], Pairs]


def _one(name: str) -> Rule:
    pair = ((FIELD[name], 1),)
    return lambda _value, _detail: pair


def _and(name: str, detail: str, more: str) -> Rule:
    """One of ``name``, and one of ``more`` when the fact has that detail."""
    one, both = ((FIELD[name], 1),), ((FIELD[name], 1), (FIELD[more], 1))
    return lambda _value, said: both if said == detail else one


_COUNTED: Final[dict[int, Rule]] = {
    Kind.CONTACTED: _and("customer_contacts", "repeat", "repeat_contacts"),
    Kind.CASE_RESOLVED: _and("cases_resolved", "recurred", "cases_recurred"),
    Kind.FIRST_CONTACT: _and("first_contacts_resolved", "again", "first_contacts_recurred"),
    Kind.FIRST_CONTACT_FINAL: _and("first_contacts_final", "again", "first_contacts_final_recurred"),
    Kind.LEAD: _one("leads"),
    Kind.LEAD_DIALLED: _one("lead_attempts"),
    Kind.DIALLED: _one("dials"),
    Kind.CONNECTED: lambda _value, detail: ((FIELD[f"connected_{detail}"], 1),),
    Kind.DROPPED: _one("outbound_abandoned"),
    Kind.TAKEN: _one("agent_taken"),
    Kind.AGENT_REPLIED: _one("agent_replied"),
    Kind.AGENT_RESOLVED: _one("agent_resolved"),
    Kind.BETWEEN: lambda value, _detail: ((FIELD["between"], 1), (FIELD["between_ms"], value)),
}
