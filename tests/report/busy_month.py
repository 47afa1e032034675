"""November 2026 in a town whose desk has too much to do: mail, calls, late and missing answers, faults, complaints.

The same month in every run. What happens is drawn by a seed; what the desk makes of it is the desk's.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random

from tests.world import AGENT, MADRID, OFFICE, World

TEXTS = (
    "Bon dia, com puc signar la instància amb l'idCAT? Gràcies.",
    "Buenos días, ¿cómo presento la solicitud de la subvención? Gracias.",
    "Hello, how can I sign the form with my digital certificate? Thank you.",
    "Bon dia, no trobo la convocatòria de la beca. On és? Gràcies.",
    "Bon dia, la carpeta ciutadana no em deixa entrar, com ho faig? Gràcies.",
    "Bon dia, vull presentar una queixa: l'atenció ha estat molt dolenta i ningú no em contesta.",
    "Bon dia, des d'ahir la seu electrònica dona error 500 en enviar la instància.",
    "Bon dia, em podeu trucar al 612 345 678 al matí, si us plau? No puc signar la instància.",
    "Bon dia, em podeu trucar al 612 345 678 a la tarda, si us plau? No puc signar la instància.",
)
Step = tuple[datetime, int, Callable[[], object]]


class BusyMonth:
    """`play` lives the month to its end and through the first working day after it."""

    def __init__(self, world: World, seed: int = 5) -> None:
        self.world, self.random = world, Random(seed)
        self._steps: list[Step] = []
        self._order = 0

    def play(self) -> None:
        day = date(2026, 11, 2)
        while day < date(2026, 12, 1):
            for _ in range(self.random.randint(0, 2) if day.weekday() > 4 else self.random.randint(1, 4)):
                self._at(day, self.random.uniform(6, 23.5), self._citizen)
            if day.weekday() < 5:
                self._at(day, 8, lambda: None)
                self._at(day, 20.1, lambda: None)
                if self.random.random() < 0.4:
                    self._at(day, self.random.uniform(9, 18), self._telephone)
            day += timedelta(days=1)
        self._at(date(2026, 12, 1), 8, lambda: None)
        self._at(date(2026, 12, 2), 9, lambda: None)
        while self._steps:
            self._steps.sort(key=lambda step: step[:2])
            moment, _, what = self._steps.pop(0)
            self.world.clock.set(moment)
            what()
            self.world.turn()

    def _at(self, day: date, hour: float, what: Callable[[], object]) -> None:
        moment = datetime(day.year, day.month, day.day, tzinfo=MADRID) + timedelta(minutes=int(hour * 60))
        self._later(moment, what)

    def _later(self, moment: datetime, what: Callable[[], object]) -> None:
        self._order += 1
        self._steps.append((moment, self._order, what))

    def _citizen(self) -> None:
        sender, text = f"veina{self._order}.{self.random.randrange(10**6)}@example.org", self.random.choice(TEXTS)
        mail = self.world.citizen_asks(sender, f"Consulta {self._order}", text)
        rows = self.world.rows("SELECT number FROM cases ORDER BY id DESC LIMIT 1")
        number, now = str(rows[0]["number"]), self.world.clock.now().astimezone(MADRID)
        chance = self.random.random()
        waits = timedelta(hours=self.random.choice((1, 3, 5, 20, 26)))
        if "trucar" in text and chance < 0.8:
            self._call(number, now)
        elif "error 500" in text and chance < 0.8:
            self._later(now + waits, lambda: self._order_given("escalate", number))
            if chance < 0.4:
                self._later(now + waits + timedelta(days=3), lambda: self._order_given("solved", number))
                self._later(now + waits + timedelta(days=4), lambda: self.world.agent_answers(mail))
        elif chance < 0.7:
            self._later(now + waits, lambda: self.world.agent_answers(mail))
        elif chance < 0.78:  # in the evening of the due day, or days later
            self._later(_at_hour(now + timedelta(days=1), 21), lambda: self.world.agent_answers(mail))
        elif chance < 0.86:
            self._later(now + timedelta(days=5), lambda: self.world.agent_answers(mail))
        elif chance < 0.9:
            reason = self.random.choice(("spam", "contact"))
            self._later(now + waits, lambda: self._order_given("close", number, reason=reason))
        elif chance < 0.94:
            self._later(now + waits, lambda: self._order_given("set", number, topic="payment", level="out_of_scope"))
        else:
            self._later(now + waits, lambda: self._returned(mail))

    def _returned(self, question: object) -> None:
        answer = self.world.agent_replies(question)  # type: ignore[arg-type]
        self._later(self.world.clock.now() + timedelta(minutes=7), lambda: self.world.report_on(answer))

    def _call(self, number: str, now: datetime) -> None:
        when = _at_hour(now + timedelta(days=self.random.choice((1, 1, 3))), self.random.choice((9, 12, 16, 19)))
        outcome = self.random.choice(("reached", "reached", "no-answer"))
        self._later(when, lambda: self._order_given("log-call", number, outcome=outcome))
        if outcome == "no-answer":
            self._later(when + timedelta(minutes=40), lambda: self._order_given("log-call", number, outcome=outcome))

    def _telephone(self) -> None:
        said = self.random.choice(("#trucat", ""))
        text = f"#trucada Persona {self._order}, 612 345 678: com renovo l'idCAT?\n{said}\n"
        self.world.staff_writes(AGENT, "trucada", text, to=OFFICE)

    def _order_given(self, verb: str, number: str, **words: str) -> None:
        if self.world.case(number)["status"] != "closed":
            self.world.order(verb, number, **words)


def _at_hour(moment: datetime, hour: int) -> datetime:
    return moment.replace(hour=hour, minute=10, second=0, microsecond=0)
