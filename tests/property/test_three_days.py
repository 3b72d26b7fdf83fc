"""Three days of a simulated floor with every fault: in batches of any size, every KPI is the oracle's.

Thirty days are ``python -m benchmarks.prove_days``.
"""

from __future__ import annotations

import pytest

from benchmarks.prove_days import BATCHES, prove


@pytest.mark.parametrize("batch", BATCHES)
def test_every_kpi_of_three_days_is_the_oracles_in_batches_of_any_size(batch: int) -> None:
    proof = prove(3, 0.15, batch)

    assert proof.wrong == []
    assert proof.never == {"fcr_final_ratio"}  # seven days must pass: thirty have it
    assert proof.records > 90_000
    assert proof.checked > 1_500
