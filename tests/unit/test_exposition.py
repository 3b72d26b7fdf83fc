"""``/metrics`` and ``/metrics/floor`` of a floor written by hand: literal numbers, counted on ten fingers."""

from __future__ import annotations

import shutil
import subprocess

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams import events as e
from streams import snapshot
from streams.delay import Delay
from streams.exposition import Exposition
from streams.exposition.families import Family, gauge
from streams.exposition.floor import floor_families
from streams.exposition.worker import worker_families
from streams.partition import Partition, Record
from streams.settings import Settings, from_raw
from streams.snapshot import Snapshot, WorkerStatus
from tests import floor_by_hand as by_hand

Samples = dict[str, dict[tuple[tuple[str, str], ...], float]]
BILLING = (("channel", "voice"), ("queue", "billing"))
PHONES = (("channel", "voice"), ("partition", "0"), ("queue", "billing"), ("topic", "call-events"))


def taken(*, flushed: bool = True, status: WorkerStatus | None = None, now: int = by_hand.NOW) -> Snapshot:
    settings = by_hand.settings()
    partitions = by_hand.applied(settings)
    if flushed:
        by_hand.flush(partitions)
    return snapshot.take(list(partitions.values()), settings, status or WorkerStatus(), now)


def text(families: list[Family], budget: int = 20_000) -> str:
    return Exposition(budget, with_process=False).text(families).decode()


def samples(families: list[Family]) -> Samples:
    """Samples as Prometheus reads them: name, sorted labels, value."""
    found: Samples = {}
    for family in text_string_to_metric_families(text(families)):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            series = found.setdefault(sample.name, {})
            assert labels not in series, f"{sample.name}{labels} twice"
            series[labels] = sample.value
    return found


def within(labels: tuple[tuple[str, str], ...], **more: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted([*labels, *more.items()]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("offered_total", 6),
        ("answered_total", 2),
        ("abandoned_total", 2),
        ("short_abandoned_total", 1),
        ("answered_in_threshold_total", 1),
        ("answered_wait_seconds_total", 40),
        ("abandoned_wait_seconds_total", 43),
        ("talk_seconds_total", 150),
        ("handle_segments_total", 2),
    ],
)
def test_totals_are_counted_by_queue_channel_topic_and_partition(name: str, value: float) -> None:
    assert samples(worker_families(taken()))[f"contactcenter_{name}"] == {PHONES: value}


def test_flow_outs_are_counted_by_reason() -> None:
    found = samples(worker_families(taken()))["contactcenter_flowed_out_total"]

    assert found == {within(PHONES, reason="overflow"): 1}


def test_usual_thresholds_are_edges_of_the_histogram() -> None:
    found = samples(worker_families(taken()))

    buckets = found["contactcenter_speed_of_answer_seconds_bucket"]
    assert [buckets[within(PHONES, le=edge)] for edge in ("5.0", "10.0", "20.0", "30.0", "+Inf")] == [0, 1, 1, 2, 2]
    assert found["contactcenter_speed_of_answer_seconds_sum"] == {PHONES: 40}
    assert found["contactcenter_speed_of_answer_seconds_count"] == {PHONES: 2}


def test_what_became_of_the_events_is_counted() -> None:
    found = samples(worker_families(taken()))
    where = (("partition", "0"), ("topic", "call-events"))

    assert found["contactcenter_events_total"][within(where, type="call.offered")] == 7
    assert found["contactcenter_duplicates_total"] == {where: 1}
    assert found["contactcenter_rejected_total"] == {within(where, reason="not_json"): 1}


def test_the_delay_of_events_is_a_histogram_that_adds_over_workers() -> None:
    delay = Delay()
    delay.add(0.06, 40)
    delay.add(0.075, 2)
    delay.add(-3)
    delay.add(1_000)
    rules = by_hand.settings()
    status = WorkerStatus(rebalances=2, event_delays=delay.taken())

    found = samples(worker_families(snapshot.take([], rules, status, by_hand.NOW)))

    buckets = {dict(labels)["le"]: n for labels, n in found["contactcenter_event_delay_seconds_bucket"].items()}
    assert (buckets["0.01"], buckets["0.05"], buckets["0.075"], buckets["300.0"], buckets["+Inf"]) == (1, 1, 43, 43, 44)
    assert found["contactcenter_event_delay_seconds_count"] == {(): 44}
    assert found["contactcenter_event_delay_seconds_sum"][()] == pytest.approx(1002.55)
    assert found["contactcenter_rebalances_total"] == {(): 2}


def test_counters_do_not_show_what_is_not_flushed() -> None:
    found = samples(worker_families(taken(flushed=False)))

    assert [name for name in found if name.endswith("_total")] == [
        "contactcenter_flushes_total",
        "contactcenter_rebalances_total",
    ]
    assert found["contactcenter_waiting"] == {BILLING: 1}, "gauges come from the state as it is"


def test_what_a_correction_takes_back_is_beside_the_counter_that_never_goes_down() -> None:
    settings = by_hand.settings()
    phones = Partition(settings, e.CALL_EVENTS, 0)
    at = by_hand.TEN
    history: list[e.Event] = [
        by_hand.call(1, at, e.CallOffered),
        by_hand.call(1, at + 30_000, e.CallAbandoned),
        by_hand.call(1, at + 10_000, e.CallAnswered, agent_id="ann"),
    ]
    phones.apply(by_hand.records(history))
    by_hand.flush({(phones.topic, 0): phones})

    found = samples(worker_families(snapshot.take([phones], settings, WorkerStatus(), by_hand.NOW)))

    assert found["contactcenter_abandoned_total"] == {PHONES: 1}
    assert found["contactcenter_abandoned_corrected_total"] == {PHONES: 1}
    assert found["contactcenter_abandoned_wait_seconds_corrected_total"] == {PHONES: 30}
    assert found["contactcenter_answered_total"] == {PHONES: 1}


def test_live_gauges_tell_the_queue_as_it_is() -> None:
    found = samples(worker_families(taken()))

    assert found["contactcenter_waiting"] == {BILLING: 1}
    assert found["contactcenter_waiting_past_threshold"] == {BILLING: 1}
    assert found["contactcenter_waiting_by_priority"] == {within(BILLING, priority="7"): 1}
    assert found["contactcenter_oldest_enqueue_timestamp_seconds"] == {BILLING: 1_772_445_600}
    assert found["contactcenter_conservation_residual"] == {BILLING: 0}
    assert found["contactcenter_agents"] == {
        (("queue", "billing"), ("state", "available")): 1,
        (("queue", "billing"), ("state", "on_contact")): 1,
        (("queue", "ALL"), ("state", "available")): 1,
        (("queue", "ALL"), ("state", "on_contact")): 1,
    }


def test_window_components_are_integers_and_sums_and_no_ratios() -> None:
    found = samples(worker_families(taken()))
    five = within(BILLING, window="5m")

    assert found["contactcenter_window_offered"][five] == 6
    assert found["contactcenter_window_answered_wait_seconds"][five] == 40
    assert found["contactcenter_window_left"][five] == 5
    assert found["contactcenter_window_handle_segments"][five] == 2
    assert found["contactcenter_window_start_timestamp_seconds"][five] == 1_772_445_340
    assert [name for name in found if "ratio" in name and not name.endswith("_target_ratio")] == []


def test_an_empty_window_has_zeros_to_add_and_no_ratio() -> None:
    later = taken(now=by_hand.NOW + 10 * by_hand.MINUTE)
    one = within(BILLING, window="1m")

    assert samples(worker_families(later))["contactcenter_window_offered"][one] == 0
    assert one not in samples(worker_families(later))["contactcenter_window_talk_seconds"]
    floor = samples(floor_families(later))
    assert one not in floor["contactcenter_asa_seconds"]
    assert within(one, preset="answered_only") not in floor["contactcenter_service_level_ratio"]
    assert floor["contactcenter_kpi_state"][within(one, kpi="service_level", state="none")] == 1


def test_the_floor_has_ratios_means_and_quantiles_of_every_queue_and_of_all() -> None:
    found = samples(floor_families(taken()))
    five, everybody = within(BILLING, window="5m"), (("channel", ""), ("queue", "ALL"), ("window", "5m"))

    levels = found["contactcenter_service_level_ratio"]
    assert levels[within(five, preset="short_abandons_excluded")] == pytest.approx(1 / 3)
    assert levels[within(everybody, preset="answered_only")] == 0.5
    assert levels[within(five, preset="live_adjusted")] == 0.25
    assert found["contactcenter_asa_seconds"][five] == 20
    assert found["contactcenter_abandonment_ratio"][five] == 0.25
    assert found["contactcenter_aht_seconds"][five] == 75
    assert found["contactcenter_max_wait_seconds"][five] == 40
    assert found["contactcenter_wait_p50_seconds"][five] == pytest.approx(15, rel=0.05)
    assert found["contactcenter_occupancy_ratio"][five] == 0.5


def test_the_floor_tells_how_it_is_now_and_how_it_stands_to_its_targets() -> None:
    found = samples(floor_families(taken()))

    assert found["contactcenter_queue_length"][BILLING] == 1
    assert found["contactcenter_oldest_wait_seconds"][BILLING] == 30
    assert found["contactcenter_expected_wait_seconds"][BILLING] == 75
    states = [labels for labels in found["contactcenter_kpi_state"] if dict(labels)["window"] in ("now", "5m")]
    judged = {(kpi["kpi"], kpi["state"]) for labels in states if (kpi := dict(labels))["queue"] == "billing"}
    assert judged == {
        ("oldest_wait", "fine"), ("service_level", "breach"), ("asa", "fine"), ("abandonment", "breach"),
    }  # fmt: skip


def test_partitions_of_others_and_those_being_restored_are_missing_from_the_floor() -> None:
    status = WorkerStatus(
        expected=frozenset({("call-events", 0), ("call-events", 1), ("agent-events", 3), ("agent-events", 0)}),
        restoring=frozenset({("call-events", 1)}),
        restoring_left=70_000,
    )

    assert samples(floor_families(taken(status=status)))["contactcenter_floor_partitions_missing"] == {(): 2}
    recovering = samples(worker_families(taken(status=status)))["contactcenter_partition_recovering"]
    assert recovering[("partition", "1"), ("topic", "call-events")] == 1
    assert recovering[("partition", "0"), ("topic", "call-events")] == 0
    assert samples(worker_families(taken(status=status)))["contactcenter_recovery_left_offsets"] == {(): 70_000}


def test_a_worker_without_partitions_exposes_no_counter_and_no_ratio() -> None:
    nothing = snapshot.take([], Settings(), WorkerStatus(), by_hand.NOW)

    assert [name for name in samples(worker_families(nothing)) if "window" in name or "waiting" in name] == []
    assert [name for name in samples(floor_families(nothing)) if "asa" in name or "ratio" in name] == []


def test_an_ivr_abandon_is_of_no_queue_and_of_the_floor() -> None:
    settings = by_hand.settings()
    phones = Partition(settings, e.CALL_EVENTS, 0)
    gone = e.CallIvrAbandoned(event_id="1", occurred_at=by_hand.TEN, source="pbx", contact_id="call-1")
    phones.apply(by_hand.records([gone]))

    shot = snapshot.take([phones], settings, WorkerStatus(), by_hand.NOW)

    outside = within((("channel", "voice"), ("queue", "")), window="5m")
    assert samples(worker_families(shot))["contactcenter_window_ivr_abandoned"][outside] == 1
    assert [row.queue for row in shot.rows] == []
    assert shot.floor.windows["5m"].counts.ivr_abandoned == 1


def test_priorities_beyond_the_usual_share_one_series() -> None:
    settings = by_hand.settings()
    phones = Partition(settings, e.CALL_EVENTS, 0)
    phones.apply(by_hand.records([by_hand.call(n, by_hand.TEN, e.CallOffered, priority=n) for n in (1, 21, 99, -5)]))

    found = samples(worker_families(snapshot.take([phones], settings, WorkerStatus(), by_hand.NOW)))

    assert found["contactcenter_waiting_by_priority"] == {
        within(BILLING, priority="below 0"): 1,
        within(BILLING, priority="1"): 1,
        within(BILLING, priority="above 20"): 2,
    }


def test_above_the_series_budget_there_is_one_sentence_and_no_endless_scrape(caplog: pytest.LogCaptureFixture) -> None:
    many = gauge("many", "Too many.", [({"n": str(n)}, n) for n in range(101)])

    shown = text([many], budget=100)

    assert "contactcenter_series_budget_exceeded 1.0" in shown
    assert "contactcenter_series 101.0" in shown
    assert "contactcenter_many" not in shown
    assert "worker.series_budget = 100" in caplog.text


def test_every_family_says_what_it_is_in_base_units() -> None:
    for family in [*worker_families(taken()), *floor_families(taken())]:
        assert len(family.help) > 10, family.name
        assert "_ms" not in family.name
        assert "milliseconds" not in family.help


def test_settings_are_told_by_their_hash_and_their_targets() -> None:
    rules = from_raw({"queues": {"billing": {"service_level_threshold_seconds": 30.0}}}, {})
    phones = Partition(rules, e.CALL_EVENTS, 0)
    phones.apply(by_hand.records([by_hand.call(1, by_hand.TEN, e.CallOffered)]))

    found = samples(worker_families(snapshot.take([phones], rules, WorkerStatus(), by_hand.NOW)))

    assert found["contactcenter_config_info"] == {(("hash", rules.hash),): 1}
    assert found["contactcenter_sla_threshold_seconds"] == {BILLING: 30}
    assert found["contactcenter_sla_target_ratio"] == {BILLING: 0.8}


def test_names_follow_prometheus_rules() -> None:
    for family in [*worker_families(taken()), *floor_families(taken())]:
        assert family.name.isascii(), family.name
        assert family.name == family.name.lower(), family.name
        assert not family.name.endswith(("_total", "_count", "_sum", "_bucket", "_info_info")), family.name
        assert {point.suffix for point in family.points} <= {
            "counter": {"_total"}, "gauge": {""}, "histogram": {"_bucket", "_count", "_sum"},
        }[family.kind]  # fmt: skip


if PROMTOOL := shutil.which("promtool"):  # beyond the rules above; where it is installed

    def test_promtool_has_nothing_against_the_names() -> None:
        for families in (worker_families(taken()), floor_families(taken())):
            command = [str(PROMTOOL), "check", "metrics"]
            done = subprocess.run(command, input=text(families), capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")


def test_the_speed_of_answer_less_its_corrections_is_right_24_25() -> None:
    settings = Settings()
    partition = Partition(settings, "call-events", 0)
    told = {"contact_id": "c1", "queue": "billing", "agent_id": "ann"}
    answered = e.CallAnswered(event_id="2", occurred_at=by_hand.NOW + 50_000, **told)  # type: ignore[arg-type]
    offered = e.CallOffered(event_id="1", occurred_at=by_hand.NOW, **told)  # type: ignore[arg-type]
    earlier = e.CallAnswered(event_id="3", occurred_at=by_hand.NOW + 12_000, **told)  # type: ignore[arg-type]
    for n, event in enumerate((offered, answered, earlier)):
        partition.apply([Record(n, b"c1", msgspec.json.encode(event), 0)])
    by_hand.flush({("call-events", 0): partition})

    found = samples(worker_families(snapshot.take([partition], settings, WorkerStatus(), by_hand.NOW + 60_000)))
    up_to_20 = within(PHONES, le="20.0")
    everything = within(PHONES, le="+Inf")
    counted = found["contactcenter_speed_of_answer_seconds_bucket"]
    taken_back = found["contactcenter_speed_of_answer_corrected_seconds_bucket"]

    assert (counted[up_to_20] - taken_back[up_to_20], counted[everything] - taken_back[everything]) == (1, 1)
    assert taken_back[everything] == 1
