"""What the benchmarks count with."""

from pathlib import Path
from smtplib import SMTP

import pytest

from bench import instructions
from bench.sink import Sink
from tests.servers.ports import HOST

MAIL = "From: a@b.example\r\n\r\nHola\r\n"


def test_a_count_above_the_record_is_named() -> None:
    """A change that makes a mail dearer says so: `make check` counts the instructions of `once`."""
    recorded = {instructions.build(): 1_000}
    assert not instructions.check(1_030, recorded)
    assert "1.031" in instructions.check(1_031, recorded)
    assert not instructions.check(9_999, {"another build": 1_000})


def test_a_client_that_leaves_within_a_mail_is_no_error_of_the_sink(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Sink(tmp_path) as sink:
        with SMTP(HOST, sink.port) as leaving:
            leaving.ehlo()
            leaving.mail("a@b.example")
            leaving.rcpt("c@d.example")
            assert leaving.docmd("DATA")[0] == 354
            leaving.send(MAIL)
            leaving.close()
        with SMTP(HOST, sink.port) as staying:
            staying.sendmail("e@f.example", "g@h.example", MAIL)
        (taken,) = sink.mails()
    assert taken["from"] == "e@f.example"
    assert capfd.readouterr().err == ""
