"""I14: what the program itself owes: quick acknowledgements, no answer that comes back, no request taken for spam."""

from datetime import timedelta

from oacmail.core.report.cohorts import Cohorts
from oacmail.core.report.figures import Indicator, Measure
from oacmail.core.report.rows import AckRow
from oacmail.core.report.statistics import share

WITHIN = timedelta(minutes=5)
ACK_TARGET = 99.0


def quality(of: Cohorts) -> Indicator:
    """I14. Of the messages that arrived in the month; the other figures by the moment of the event."""
    acks = [one for one in of.rows.acks if of.holds(one.asked_at)]
    quick = sum(_quick(of, one) for one in acks)
    returned = {(one.case, one.text("message") or one.message) for one in of.in_month("answer-undelivered")}
    corrected = {one.case for one in of.in_month("corrected")}
    return Indicator(
        id="I14",
        main=Measure(key="acknowledged", value=share(quick, len(acks)), unit="percent", n=len(acks), target=ACK_TARGET),
        measures=(
            _none_wanted("returned_answers", len(returned)),
            _none_wanted("corrected_cases", len(corrected)),
            _none_wanted("rescued", of.rows.rescued),
        ),
    )


def _quick(of: Cohorts, ack: AckRow) -> bool:
    return ack.sent_at is not None and ack.sent_at < of.ends and ack.sent_at - ack.asked_at <= WITHIN


def _none_wanted(key: str, value: int) -> Measure:
    return Measure(key=key, value=value, unit="count", target=0, at_least=False)
