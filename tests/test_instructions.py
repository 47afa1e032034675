"""A change that makes a mail dearer says so: the instructions of `once` are counted and compared with the record."""

import json
import shutil

import pytest

from bench import instructions


def test_a_count_above_the_record_is_named() -> None:
    recorded = {instructions.build(): 1_000}
    assert not instructions.check(1_030, recorded)
    assert "1.031" in instructions.check(1_031, recorded)
    assert not instructions.check(9_999, {"another build": 1_000})


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed: the instructions are not counted")
def test_forty_mails_need_no_more_instructions_than_recorded() -> None:
    found = instructions.count(instructions.COUNT, instructions.VALGRIND)
    assert not instructions.check(found, json.loads(instructions.RECORDED.read_text()))
