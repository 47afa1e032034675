"""A change that makes a mail dearer says so: `make check` counts the instructions of `once`, and this judges them."""

from bench import instructions


def test_a_count_above_the_record_is_named() -> None:
    recorded = {instructions.build(): 1_000}
    assert not instructions.check(1_030, recorded)
    assert "1.031" in instructions.check(1_031, recorded)
    assert not instructions.check(9_999, {"another build": 1_000})
