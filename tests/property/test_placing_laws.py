"""Keys are placed where Kafka's own clients place them."""

from __future__ import annotations

from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.placing import by_murmur2, murmur2


@given(st.binary(max_size=70))
def test_the_hash_is_the_one_of_kafkas_clients_for_any_key(key: bytes) -> None:
    assert murmur2(key) == aiokafka_murmur2(key)


def test_known_keys_have_the_partitions_that_kafka_gives_them() -> None:
    # org.apache.kafka.common.utils.UtilsTest.testMurmur2 has these hashes, as signed numbers of 32 bits.
    assert murmur2(b"21") == -973932308 & 0xFFFFFFFF
    assert murmur2(b"foobar") == -790332482 & 0xFFFFFFFF
    assert murmur2(b"a-little-bit-long-string") == -985981536 & 0xFFFFFFFF
    assert by_murmur2(b"21", 8) == (-973932308 & 0x7FFFFFFF) % 8
