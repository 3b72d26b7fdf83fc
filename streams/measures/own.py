"""Our own counts as inputs of the composed KPIs: the counts of a period enter, numbers by input name leave."""

from __future__ import annotations

from streams.counts import Counts
from streams.kpis import WORKING
from streams.slices import HOUR


def own_counts(c: Counts) -> dict[str, float]:
    """What the counts of a whole period say, by the names of ``streams.measures.inputs``.

    Surveys and agents' states that nobody sends are left out: nobody asked is not the same as nobody content.
    """
    numbers: dict[str, float] = {
        "contacts": c.calls + c.say("created"),
        "calls": c.calls,
        "resolutions": c.say("resolutions"),
    }
    if c.say("satisfaction_ratings"):
        numbers |= {
            "employees_asked": c.say("satisfaction_ratings"),
            "employees_satisfied": c.say("satisfaction_high"),
        }
    if c.say("engagement_ratings"):
        numbers |= {"engagement_answers": c.say("engagement_ratings"), "employees_engaged": c.say("engagement_high")}
    if c.state_ms:
        numbers["worked_hours"] = sum(c.state_ms.get(state, 0) for state in WORKING) / HOUR
    return numbers
