"""Every package that a worker runs on is listed with its licence, as the package itself says."""

from __future__ import annotations

from docs.licences import PAGE, licence_of, listed, locked, page

COPYLEFT = ("GPL", "AGPL", "SSPL", "BUSL")


def test_every_package_of_the_runtime_lock_is_listed_and_nothing_else() -> None:
    assert list(listed()) == locked()


def test_every_package_names_a_licence_that_may_be_used() -> None:
    assert [name for name, licence in listed().items() if not licence] == []
    assert [name for name, licence in listed().items() if any(word in licence for word in COPYLEFT)] == []


def test_the_page_is_what_the_installed_packages_say() -> None:
    assert PAGE.read_text("utf-8") == page()
    assert licence_of("aiokafka") == listed()["aiokafka"] == "Apache-2.0"
