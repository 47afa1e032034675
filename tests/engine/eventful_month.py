"""The busy month, and beside it each thing that a figure of the report depends on at least once: cases that are merged,
come back from the technical services or are pointed elsewhere, calls at the wrong hour, votes, rescued mail.

The days are chosen so that an edge of a formula lies between two of them.
"""

import re
from collections.abc import Callable
from email.message import EmailMessage
from functools import partial

from testbed.relay import deferred, refused
from tests.engine.busy_month import TEXTS, BusyMonth
from tests.engine.world import AGENT, OFFICE, World, local, text_of

POINTERS = [{"body": "Trànsit", "address": "https://transit.example/"}, {"body": "Renfe", "phone": "900 000 000"}]
FAULT, COMPLAINT, QUESTION = TEXTS[6], TEXTS[5], TEXTS[0]
SUGGESTION = "Bon dia, vull fer un suggeriment: podríeu obrir també els dissabtes al matí? Gràcies."
FRENCH = "Bonjour, comment puis-je signer le formulaire avec mon certificat numérique ? Merci beaucoup."
SPAM = (
    "Dear winner, claim your bitcoin prize now!!! Free money, viagra, casino: click http://win.example http://x.example"
)
MORNING, AFTERNOON = TEXTS[7], TEXTS[8]


class EventfulMonth(BusyMonth):
    """`play` lives the month, as that of its parent."""

    def __init__(self, world: World, seed: int = 5) -> None:
        super().__init__(world, seed)
        self._letters: dict[str, tuple[EmailMessage, str]] = {}  # name -> (letter, number of its case)

    def play(self) -> None:
        for plan in (
            self._before, self._derived, self._merged, self._called, self._pointed, self._spoken, self._acknowledged,
            self._after,
        ):  # fmt: skip
            plan()
        super().play()

    def _on(self, moment: str, what: Callable[..., object], *words: str, **named: str) -> None:
        """`moment`: day and hour of November."""
        self._later(local(f"2026-11-{moment}"), lambda: what(*words, **named))

    # --- what people do -----------------------------------------------------------------------------------

    def _asks(self, name: str, text: str, subject: str = "Una consulta") -> None:
        """A name may be written with a slash: what stands before it is the person."""
        person = name.partition("/")[0].replace(" ", ".")
        letter = self.world.citizen_writes(f"{person}@example.org", f"{subject} ({name})", text)
        self.world.turn()
        (row,) = self.world.rows("SELECT number FROM cases ORDER BY id DESC LIMIT 1")
        self._letters[name] = (letter, row["number"])

    def _asks_again(self, name: str, text: str) -> None:
        letter, number = self._letters[name]
        again = self.world.citizen_writes(str(letter["From"]), "", text, answers=letter)
        self._letters[f"{name} again"] = (again, number)

    def _answers(self, name: str, text: str = "Bon dia, ho heu de fer així: entreu a la seu.") -> None:
        self.world.agent_answers(self._letters[name][0], text)

    def _returned_answer(self, name: str) -> None:
        self._returned(self._letters[name][0])

    def _orders(self, name: str, verb: str, **words: str) -> None:
        if into := words.get("into"):
            words = {"into": self._letters[into][1]}
        self.world.order(verb, self._letters[name][1], **words)

    def _writes_order(self, name: str, text: str) -> None:
        """The agent's order by mail, with the number of the case in its subject."""
        self.world.staff_writes(AGENT, f"cas {self._letters[name][1]}", text, to=OFFICE)

    def _relays(self, name: str, text: str) -> None:
        """The agent writes to the answer address that the last transcript names."""
        *_, last = [mail for mail in self.world.received(AGENT) if mail["X-Oacmail-Kind"] == "transcript"]
        address = re.findall(r"mailto:(oac360\+r-[^?\s]+)\?", text_of(last))[0]
        self.world.staff_writes(AGENT, f"Resposta {name}", text, to=address)

    # --- what happens -------------------------------------------------------------------------------------

    def _before(self) -> None:
        """One is unanswered since October, one was closed there and comes back, one writes in the first hour."""
        for name in ("october", "again"):
            self._later(local("2026-10-29 10:00"), partial(self._asks, name, QUESTION))
        self._later(local("2026-10-29 11:00"), partial(self._answers, "again"))
        self._later(local("2026-10-29 12:00"), partial(self._orders, "again", "close", reason="answered"))
        self._on("03 10:00", self._asks_again, "again", "I si no tinc idCAT, com ho faig per signar?")
        self._on("03 12:00", self._answers, "again again")
        self._on("03 13:00", self._orders, "again", "close", reason="contact")
        self._on("01 00:30", self._asks, "first hour", QUESTION)
        self._on("02 10:00", self._answers, "first hour")

    def _after(self) -> None:
        """One is answered when the month is over, before its report leaves; one writes after midnight."""
        self._on("27 10:00", self._asks, "morning", QUESTION)
        self._later(local("2026-12-01 00:30"), partial(self._asks, "december", QUESTION))
        self._later(local("2026-12-01 07:30"), partial(self._answers, "morning"))

    def _derived(self) -> None:
        """Two come back, one is open for five working days when the month ends, one for six."""
        self._on("03 10:00", self._asks, "back", FAULT)
        self._on("03 11:00", self._orders, "back", "escalate", cause="platform")
        self._on("05 10:00", self._orders, "back", "not-theirs")
        self._on("05 12:00", self._answers, "back")
        self._on("05 12:10", self._orders, "back", "set", level="first")
        self._on("03 10:10", self._asks, "given back", FAULT)
        self._on("03 11:00", self._orders, "given back", "escalate", cause="platform")
        self._on("05 10:00", self._orders, "given back", "not-theirs")
        self._on("05 12:00", self._answers, "given back")
        self._on("20 10:00", self._asks, "six", FAULT)
        self._on("20 11:00", self._orders, "six", "escalate", cause="document_or_form")
        self._on("23 10:00", self._asks, "five", FAULT)
        self._on("23 11:00", self._orders, "five", "escalate", cause="platform")
        self._on("24 09:00", self._asks, "untold", FAULT)
        self._on("25 09:00", self._orders, "untold", "solved")
        self._on("24 09:10", self._asks, "slow", FAULT)
        self._on("26 10:00", self._orders, "slow", "escalate", cause="platform")
        self._on("23 09:00", self._asks, "solved", FAULT)
        self._on("23 10:00", self._orders, "solved", "escalate", cause="platform")
        self._on("26 10:00", self._orders, "solved", "solved")
        self._on("24 10:00", self._asks, "lost", QUESTION)
        self._on("24 11:00", self._returned_answer, "lost")
        self._on("24 10:10", self._asks, "strayed", QUESTION)
        self._on("24 11:00", self._returned_answer, "strayed")
        self._on("26 11:00", self._answers, "strayed")
        self._on("10 10:00", self._asks, "quick", FAULT)
        self._on("10 10:30", self._orders, "quick", "escalate", cause="platform")
        self._on("12 10:00", self._orders, "quick", "solved")
        self._on("17 10:00", self._answers, "quick")

    def _merged(self) -> None:
        """A derived case and a complaint are merged into another case of the same person, a closed one as well."""
        self._on("04 10:00", self._asks, "anna", FAULT)
        self._on("04 11:00", self._orders, "anna", "escalate", cause="platform")
        self._on("05 13:00", self._asks, "anna/two", "Bon dia, com demano un volant de padró?", "Padró")
        self._on("06 10:00", self._orders, "anna", "merge", into="anna/two")
        self._on("18 10:00", self._orders, "anna/two", "solved")
        self._on("19 10:00", self._answers, "anna/two")
        self._on("10 11:00", self._asks, "pere", COMPLAINT)
        self._on("10 11:30", self._asks, "pere/two", "Bon dia, com pago el rebut de la brossa?", "Rebut")
        self._on("10 12:00", self._orders, "pere", "merge", into="pere/two")
        self._on("27 12:00", self._answers, "pere/two")
        self._on("12 11:00", self._asks, "marta", QUESTION)
        self._on("12 12:00", self._answers, "marta")
        self._on("12 13:00", self._orders, "marta", "close", reason="answered")
        self._on("13 11:00", self._asks, "marta/two", "Bon dia, com demano cita prèvia?", "Cita")
        self._on("13 12:00", self._orders, "marta", "merge", into="marta/two")

    def _called(self) -> None:
        """In the morning's slot, at its edge, after it, by mail; the person who is not there; a visit."""
        for name, call in (("first", "17 13:59"), ("edge", "17 14:00"), ("evening", "16 15:30")):
            self._on("16 09:30", self._asks, name, MORNING)
            self._on(call, self._orders, name, "log-call", outcome="reached")
        self._on("16 09:40", self._asks, "never", MORNING)
        self._on("16 10:00", self._asks, "written", AFTERNOON)
        self._on("17 10:00", self._answers, "written")
        self._on("16 10:10", self._asks, "away", AFTERNOON)
        self._on("16 16:00", self._orders, "away", "log-call", outcome="no-answer")
        self._on("17 16:00", self._orders, "away", "log-call", outcome="no-answer")
        self._on("18 10:00", self._visit, "Joan: com demano un volant?")

    def _visit(self, said: str) -> None:
        self.world.staff_writes(AGENT, "visita", f"#trucada {said}\n#trucat\n", to=OFFICE)

    def _pointed(self) -> None:
        """Out of scope, with and without a body; a second question on an answered case; a relayed answer."""
        for name, body in (("road", "trànsit"), ("train", "renfe"), ("street", "trànsit")):
            self._on("11 10:00", self._asks, name, "Bon dia, com recorro la multa que m'heu posat?")
            self._on("11 10:30", self._writes_order, name, f"#foraabast {body}")
        self._on("11 11:00", self._asks, "nobody", "Bon dia, no se m'encén l'ordinador.")
        self._on("11 11:30", self._orders, "nobody", "set", level="out_of_scope")
        self._on("11 11:40", self._orders, "nobody", "set", topic="other")
        self._on("11 12:00", self._asks, "plain", QUESTION)
        self._on("11 13:00", self._answers, "plain")
        self._on("11 14:00", self._orders, "plain", "close", reason="answered")
        self._on("24 10:00", self._asks, "twice", QUESTION)
        self._on("24 11:00", self._answers, "twice")
        self._on("24 15:00", self._asks_again, "twice", "I si no tinc idCAT, com ho faig per signar?")
        self._on("25 11:00", self._answers, "twice again")
        self._on("25 12:00", self._orders, "twice", "close", reason="answered")
        self._on("24 12:00", self._asks, "relay", "Buenos días, ¿cómo presento la solicitud de la beca? Gracias.")
        self._on("24 12:10", self._writes_order, "relay", "#meu")
        self._on("24 12:20", self._relays, "relay", "Buenos días, entre en la sede electrónica con su certificado.")

    def _spoken(self) -> None:
        """A suggestion, a letter in French, and what people think of the answers."""
        self._on("12 09:00", self._asks, "idea", SUGGESTION)
        self._on("27 09:00", self._answers, "idea")
        self._on("12 09:05", self._asks, "misread", COMPLAINT)
        self._on("12 09:30", self._orders, "misread", "set", intent="question")
        self._on("12 09:40", self._answers, "misread")
        self._on("12 09:10", self._asks, "paris", FRENCH)
        self._on("13 09:10", self._answers, "paris", "Bonjour, vous devez entrer sur le site et signer. Merci.")
        self._on("29 18:00", self._vote)
        self._on("30 18:00", self._vote_again)

    def _surveys(self) -> list[tuple[str, EmailMessage]]:
        return [
            (address, mail)
            for address, mails in sorted(self.world.relay.inboxes.items())
            for mail in mails
            if mail["X-Oacmail-Kind"] == "survey"
        ]

    def _vote(self) -> None:
        """All but every third, with the marks 5, 4, 2 in turn; one of them by another hand."""
        for place, (address, survey) in enumerate(self._surveys()):
            if place % 3 < 2:
                self._votes("amiga@example.net" if place == 1 else address, survey, (5, 4, 2)[place // 2 % 3])

    def _vote_again(self) -> None:
        """The first changes its mind."""
        address, survey = self._surveys()[0]
        self._votes(address, survey, 3)

    def _votes(self, sender: str, survey: EmailMessage, mark: int) -> None:
        self.world.citizen_writes(sender, f"Re: {survey['Subject']}", f"{mark}", answers=survey)

    def _acknowledged(self) -> None:
        """Too late, never, and after somebody has found that it was no spam."""
        self._on("26 09:00", self._not_taken)
        self._on("26 09:01", self._asks, "waits", QUESTION)
        self._on("26 10:00", self._refused, "nowhere@example.org")
        self._on("26 10:01", self._asks, "nowhere", QUESTION)
        self._on("25 09:00", self._suspected, "winner@example.net")
        self._on("25 09:01", self._suspected, "loser@example.net")
        self._on("25 09:30", self._judged)

    def _not_taken(self) -> None:
        self.world.relay.when(deferred(), kind="ack", times=1)

    def _refused(self, address: str) -> None:
        self.world.relay.when(refused(), to=address)

    def _suspected(self, sender: str) -> None:
        self.world.citizen_writes(sender, "You won bitcoin", SPAM, dmarc="")

    def _judged(self) -> None:
        """What the agent says of each message that waits for a person."""
        said = {"winner@example.net": "és persona", "loser@example.net": "és brossa"}
        rows = self.world.rows(
            """SELECT r.fingerprint, p.address FROM reviews r JOIN messages m USING(fingerprint)
            JOIN people p ON p.id = m.author_id WHERE r.done_at IS NULL"""
        )
        text = "\n".join(f"{row['fingerprint'][:8]} {said[row['address']]}" for row in rows if row["address"] in said)
        *_, digest = [mail for mail in self.world.received(AGENT) if mail["X-Oacmail-Kind"] == "digest"]
        self.world.staff_writes(AGENT, "", text, answers=digest)
