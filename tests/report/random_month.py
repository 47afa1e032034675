"""A month of random stories at the desk, played with mail and orders, and written down as facts (paper.py).

A story is a generator that acts, writes down what it did, and yields how long it waits. Nothing is read back from the
desk but the numbers of cases, which orders need, and how it has read the topic and the level of an opening message.
"""

import heapq
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from random import Random

from testbed.relay import deferred, refused
from tests.board.test_board import OPEN, REVIEW
from tests.report.busy_month import TEXTS
from tests.report.paper import HOURS, MADRID, Fact, Paper, at_hour, working_day
from tests.world import AGENT, OFFICE, World

Story = Iterator[timedelta]
QUESTIONS = {
    "ca": TEXTS[0],
    "es": TEXTS[1],
    "en": TEXTS[2],
    "fr": "Bonjour, comment puis-je signer le formulaire avec mon certificat numérique ? Merci beaucoup.",
}
OPINIONS = {
    "complaint": TEXTS[5],
    "suggestion": "Bon dia, vull fer un suggeriment: podríeu obrir també els dissabtes al matí? Gràcies.",
}
FAULT = TEXTS[6]
CALLS = {
    "morning": TEXTS[7],
    "afternoon": TEXTS[8],
    "any": "Bon dia, em podeu trucar al 612 345 678, si us plau? No puc signar la instància.",
}
ELSEWHERE = "Bon dia, com recorro la multa de trànsit que m'ha posat la Generalitat?"
AGAIN = "I si no tinc idCAT, com ho faig per signar?"
WRONG = "Vull presentar una altra queixa: avui la persona del taulell m'ha tractat molt malament."
ANSWER = "Bon dia, ho heu de fer així: entreu a la seu electrònica i signeu amb l'idCAT."
POINTERS = [{"body": "Trànsit", "address": "https://transit.example/"}, {"body": "Renfe", "phone": "900 000 000"}]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class RandomMonth:
    """`play` lives it with some days before and after. `classes`: of each case, as when all is over."""

    def __init__(self, world: World, year: int, month: int, seed: int, stories: int) -> None:
        self.world, self.random = world, Random(seed)
        self.begin = datetime(year, month, 1, tzinfo=MADRID)
        self.end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=MADRID)
        self.facts: list[Fact] = []
        self.classes: dict[str, dict[str, str]] = {}
        self.numbers: dict[str, str] = {}
        self.letters: dict[str, list[EmailMessage]] = {}
        self._steps: list[tuple[datetime, int, Story]] = []
        self._count = 0
        kinds: tuple[Callable[[], Story], ...] = (
            self._question, self._question, self._question, self._bounced, self._put_aside, self._called, self._called,
            self._contact, self._fault, self._opinion, self._elsewhere, self._rated, self._merged, self._reclassified,
            self._slowly_acknowledged,
        )  # fmt: skip
        for _ in range(stories):
            start = self.begin - 14 * DAY + self.random.random() * (self.end - self.begin + 15 * DAY)
            self._later(start, self.random.choice(kinds)())
        day = (self.begin - 14 * DAY).date()
        while day < (self.end + 10 * DAY).date():
            if working_day(day - DAY, 1) == day:
                self._later(at_hour(day, 8), iter(()))
            day += DAY

    @property
    def paper(self) -> Paper:
        return Paper(self.facts, self.classes)

    # --- time ---------------------------------------------------------------------------------------------

    def _later(self, at: datetime, story: Story) -> None:
        self._count += 1
        heapq.heappush(self._steps, (at.replace(second=0, microsecond=0), self._count, story))

    def play(self) -> None:
        last = self.begin - 15 * DAY
        while self._steps:
            at, _, story = heapq.heappop(self._steps)
            last = max(at, last + MINUTE)
            self.world.clock.set(last)
            wait = next(story, None)
            self.world.turn()
            if wait is not None:
                self._later(self.now + max(wait, MINUTE), story)

    @property
    def now(self) -> datetime:
        return self.world.clock.now().astimezone(MADRID)

    def _soon(self) -> timedelta:
        """Within minutes, hours, or days."""
        return self.random.choice((7 * MINUTE, HOUR, 3 * HOUR, 7 * HOUR, 20 * HOUR, 26 * HOUR, 3 * DAY, 6 * DAY)) + (
            self.random.randrange(50) * MINUTE
        )

    def _until(self, day: int, hour: float) -> timedelta:
        """Until this hour of the working day `day` from now; 0 = today."""
        date = working_day(self.now.date(), day) if day else self.now.date()
        return at_hour(date, 0) + hour * HOUR + self.random.randrange(50) * MINUTE - self.now

    def _next_opening(self) -> datetime:
        today = self.now.date()
        early = self.now.hour < 8 and working_day(today - DAY, 1) == today
        return at_hour(today if early else working_day(today, 1), 8)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    # --- what is done, and written down -------------------------------------------------------------------

    def _write(self, case: str, what: str, at: datetime | None = None, **data: object) -> None:
        self.facts.append(Fact(at or self.now, self.now, case, what, data))

    def _asks(self, text: str, lang: str = "ca", *, by: str = "", **class_: str) -> str:
        name = f"{len(self.classes)}"
        self.classes[name] = {"intent": "question", **class_}
        letter = self.world.citizen_writes(by or f"veina{name}@example.org", f"Consulta {name}", text)
        self._number(name)
        self.letters[name] = [letter]
        slot = class_.get("slot", "")
        channel = "callback" if slot else "mail"
        quick = class_.get("quick", "yes") == "yes"
        self._write(
            name, "ask", lang=lang, intent=self.classes[name]["intent"], channel=channel, slot=slot, quick=quick
        )
        return name

    def _number(self, name: str) -> None:
        self.world.turn()
        (row,) = self.world.rows("SELECT number, topic, level, intent FROM cases ORDER BY id DESC LIMIT 1")
        assert row["number"] not in self.numbers.values(), "no case of its own"
        self.numbers[name] = str(row["number"])
        self.classes[name] = {"topic": row["topic"], "level": row["level"], **self.classes[name]}

    def _asks_again(self, name: str, text: str = AGAIN, intent: str = "question") -> None:
        first = self.letters[name][0]
        self.letters[name].append(self.world.citizen_writes(str(first["From"]), "", text, answers=first))
        self._write(name, "ask", lang="ca", intent=intent, quick=True)

    def _answers(self, name: str) -> EmailMessage:
        self._write(name, "answer", how="mail", lang="ca")
        return self.world.agent_answers(self.letters[name][-1], ANSWER)

    def _orders(self, name: str, verb: str, **words: str) -> None:
        self.world.order(verb, self.numbers[name], **words)

    def _calls(self, name: str, at: datetime | None = None) -> None:
        """`at`: when the call was made, which is noted now."""
        self._write(name, "answer", at, how="call")
        self._orders(name, "log-call", **({"at": at.isoformat()} if at else {}))

    def _closes(self, name: str, reason: str) -> None:
        if reason == "contact":
            self._write(name, "answer", how="contact")
        self._write(name, "close", reason=reason)
        self._orders(name, "close", reason=reason)
        if reason in ("answered", "contact") and name in self.letters:
            self._write(name, "survey", self._next_opening())

    def _drags(self, name: str, to: str) -> None:
        """A person moves the opening message, and two passes see it."""
        wanted = str(self.letters[name][0]["Message-ID"])
        for folder, box in self.world.mailbox.folders.items():
            for uid in [uid for uid, one in box.messages.items() if one.message_id == wanted]:
                self.world.mailbox.move(folder, uid, to)
        self.world.sync()
        self.world.sync()
        self._write(name, "changed")

    # --- stories ------------------------------------------------------------------------------------------

    def _question(self) -> Story:
        """Perhaps a further message while it waits, perhaps one after the answer."""
        lang = self.random.choice([*QUESTIONS])
        name = self._asks(QUESTIONS[lang], lang)
        if self._chance(0.3):
            yield self._soon()
            self._asks_again(name)
        if self._chance(0.8):
            yield self._soon()
            self._answers(name)
            if self._chance(0.4):
                yield self._soon()
                self._asks_again(name)
                if self._chance(0.7):
                    yield self._soon()
                    self._answers(name)
                    yield self._soon()
                    self._closes(name, self.random.choice(("answered", "contact", "duplicate", "spam")))

    def _bounced(self) -> Story:
        name = self._asks(QUESTIONS["ca"])
        yield self._soon()
        answer = self._answers(name)
        yield 7 * MINUTE
        self.world.report_on(answer)
        self._write(name, "bounce")
        if self._chance(0.6):
            yield self._soon()
            self._answers(name)

    def _put_aside(self) -> Story:
        """By an order or on the board, and perhaps taken back, once or twice."""
        name = self._asks(QUESTIONS["es"], "es")
        for _ in range(self.random.randint(1, 2)):
            yield self._soon()
            dragged = self._chance(0.6)
            if dragged:
                self._write(name, "close", reason="spam")
                self._drags(name, REVIEW)
            else:
                self._closes(name, self.random.choice(("spam", "duplicate")))
            if self._chance(0.3):
                return
            yield self._soon()
            self._write(name, "back")
            if dragged:
                self._drags(name, OPEN)
            else:
                self._orders(name, "reopen")
        if self._chance(0.5):
            yield self._soon()
            self._answers(name)

    def _called(self) -> Story:
        """In the slot or outside, in time or late, noted at once or later, by mail before or instead, in vain."""
        slot = self.random.choice([*CALLS])
        name = self._asks(CALLS[slot], slot=slot, intent="callback")
        if self._chance(0.3):
            yield self._until(1, 7.1)
            self._answers(name)
        what = self.random.choice(("call", "call", "noted later", "in vain", "nothing"))
        if what == "nothing":
            return
        yield self._until(self.random.choice((1, 1, 1, 2)), self.random.choice((8, 9, 12, 14, 16, 18, 20)))
        if what == "call":
            self._calls(name)
        elif what == "noted later":
            made = self.now
            if self._chance(0.4):
                yield self._soon()
                self._answers(name)
            yield self.random.choice((2 * HOUR, 30 * HOUR, 9 * DAY))
            self._calls(name, made)
        else:
            yield from self._in_vain(name, slot)

    def _in_vain(self, name: str, slot: str) -> Story:
        begins, ends = HOURS[slot]
        waits, counting = not any(fact.case == name and fact.what == "answer" for fact in self.facts), 0
        for _ in range(2):
            counting += begins <= self.now.hour < ends
            if waits and counting == 2:
                self._write(name, "answer", how="not_located")
            self._orders(name, "log-call", outcome="no-answer")
            yield 20 * MINUTE

    def _contact(self) -> Story:
        """A call to us or a visit, solved at once, later, or never."""
        name = f"{len(self.classes)}"
        self.classes[name] = {"intent": "question"}
        telephone, solved = self._chance(0.7), self._chance(0.5)
        who = f"Persona {name}, 61{int(name):07d}" if telephone else f"Persona {name}"
        text = f"#trucada {who}: com renovo l'idCAT?\n{'#trucat' if solved else ''}\n"
        self.world.staff_writes(AGENT, "trucada", text, to=OFFICE)
        self._number(name)
        self._write(name, "contact", channel="telephone" if telephone else "visit")
        if solved:
            self._write(name, "answer", how="call")
        elif self._chance(0.6):
            yield self._soon()
            self._calls(name)
        yield self._soon()
        if self._chance(0.4):
            self._closes(name, "contact")

    def _fault(self) -> Story:
        """Passed on by the program; told by an order or in an agent's words; solved, not theirs, or open."""
        name = self._asks(FAULT, level="second", fault="yes")
        if self._chance(0.8):
            yield self._soon()
            if self._chance(0.5):
                self._answers(name)
            else:
                self._write(name, "answer", how="notice")
                self._write(name, "passed")
                self._orders(name, "escalate")
        what = self.random.choice(("solved", "solved", "not-theirs", "nothing", "spam"))
        if what == "nothing":
            return
        yield self.random.choice((2 * HOUR, DAY, 3 * DAY))
        if what == "solved":
            self._write(name, "solved")
            self._orders(name, "solved")
            if self._chance(0.7):
                yield self._soon()
                self._answers(name)
        elif what == "spam":
            self._closes(name, "spam")
        else:
            self._write(name, "returned")
            self._orders(name, "not-theirs")
            yield self._soon()
            self._answers(name)

    def _opinion(self) -> Story:
        """One or two, dragged away and back before, between or after, corrected, answered or not."""
        intent = self.random.choice([*OPINIONS])
        name = self._asks(OPINIONS[intent], intent=intent)
        if self._chance(0.3):
            yield from self._away_and_back(name)
        if self._chance(0.5):
            yield self._soon()
            if self._chance(0.3):
                self._answers(name)
                yield self._soon()
            self._asks_again(name, WRONG, "complaint")
        if self._chance(0.3):
            yield from self._away_and_back(name)
        if self._chance(0.2):
            yield self._soon()
            self.classes[name]["intent"] = "question"
            self._write(name, "changed")
            self._orders(name, "set", intent="question")
        if self._chance(0.7):
            yield self._soon() + self.random.choice((timedelta(), 12 * DAY))
            self._answers(name)

    def _away_and_back(self, name: str) -> Story:
        yield self._soon()
        self._write(name, "close", reason="spam")
        self._drags(name, REVIEW)
        yield self._soon()
        self._write(name, "back")
        self._drags(name, OPEN)

    def _elsewhere(self) -> Story:
        """With a body and its mail, or by hand; told once more what is known."""
        name = self._asks(ELSEWHERE, level="out_of_scope")
        yield self._soon()
        if self._chance(0.6):
            self._write(name, "answer", how="referral", body="Trànsit")
            self.world.staff_writes(AGENT, f"cas {self.numbers[name]}", "#foraabast trànsit", to=OFFICE)
        else:
            self._orders(name, "set", level="out_of_scope")
            yield self._soon()
            self._answers(name)

    def _rated(self) -> Story:
        """Closed, asked, and rated once, twice, by another hand, or not at all."""
        name = self._asks(QUESTIONS["ca"])
        yield self._until(0, 12) if self.now.hour < 12 else self._until(1, 12)
        self._answers(name)
        yield 2 * HOUR
        self._closes(name, self.random.choice(("answered", "contact")))
        asked = self._next_opening()
        yield asked + HOUR - self.now
        address = str(self.letters[name][0]["From"])
        (survey,) = self.world.received(address, "survey")
        for _ in range(self.random.choice((0, 1, 1, 1, 2))):
            signed, mark = self._chance(0.8), self.random.choice((5, 5, 4, 3, 1))
            self._write(name, "vote", mark=mark, signed=signed)
            by = address if signed else "amiga@example.net"
            self.world.citizen_writes(by, f"Re: {survey['Subject']}", f"{mark}", answers=survey)
            yield self._soon()

    def _merged(self) -> Story:
        """Two cases of one person; one goes on for both."""
        person = f"dues{len(self.classes)}@example.org"
        one = self._asks(QUESTIONS["ca"], by=person)
        yield 3 * HOUR
        other = self._asks(QUESTIONS["es"], "es", by=person)
        if self._chance(0.3):
            yield self._soon()
            self._answers(one)
        yield self._soon()
        self.classes[one]["into"] = other
        self._write(one, "merged")
        self._orders(one, "merge", into=self.numbers[other])
        if self._chance(0.7):
            yield self._soon()
            self._answers(other)

    def _reclassified(self) -> Story:
        name = self._asks(QUESTIONS["en"], "en")
        yield self._soon()
        topic = self.random.choice(("payment", self.classes[name]["topic"]))
        if topic != self.classes[name]["topic"]:
            self._write(name, "changed")
        self.classes[name]["topic"] = topic
        self._orders(name, "set", topic=topic)
        if self._chance(0.6):
            yield self._soon()
            self._answers(name)
            yield self._soon()
            self._closes(name, "answered")

    def _slowly_acknowledged(self) -> Story:
        """The relay takes the acknowledgement later, or never."""
        person, answer = f"lenta{len(self.classes)}@example.org", deferred() if self._chance(0.5) else refused()
        self.world.relay.when(answer, to=person, kind="ack", times=2)  # once more after five minutes
        name = self._asks(QUESTIONS["ca"], by=person, quick="no")
        yield 5 * HOUR
        self._answers(name)
