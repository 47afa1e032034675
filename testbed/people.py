"""The people and machines of the invented town: one population for the demo, the simulation, the bench and the tests.

Who needs somebody for a reason that no row has yet adds a row. What they write stands where they write it.
"""

from dataclasses import dataclass
from typing import Literal

from testbed.messages import MAILER

Language = Literal["ca", "es", "en", "fr"]

OFFICE, TOWN = "oac360@castellbisbal.example", "Castellbisbal"
SUPERVISOR, OPERATOR = "cap@town.example", "sistemes@town.example"
AGENTS = [AGENT, PAU] = ["agent@town.example", "pau@town.example"]
TECHNICAL, FORMS = "tecnics@town.example", "formularis@town.example"
STAFF = {SUPERVISOR: "supervisor", OPERATOR: "operator", AGENT: "Marta", PAU: "Pau", TECHNICAL: "technical"}
"""How each of them signs."""
ROLES = {"supervisor": SUPERVISOR, "operator": OPERATOR, "agents": [AGENT]}
"""For [people]: the smallest office, which has an agent, somebody above, and somebody for the machine."""


@dataclass(frozen=True, slots=True)
class Resident:
    """`proven`: the provider signs, so that DMARC passes."""

    name: str
    address: str
    language: Language = "ca"
    proven: bool = True


ANNA, PERE, MARTA = "anna@example.org", "pere@example.net", "marta@gmail.com"
REGULARS = (
    Resident("Anna Puig", ANNA),
    Resident("Pere Mas", PERE),
    Resident("Marta Riu", MARTA),
    Resident("Jordi Camps", "jordi.camps@gmail.com"),
    Resident("Rosa Gil", "rosa@hotmail.com", "es"),
    Resident("Luis Mora", "luis@example.com", "es"),
    Resident("Gestoria Pons", "gestoria@assessors.example", "es"),
    Resident("Carmen Ortega", "carmen@telefonica.net", "es"),
    Resident("Emma Clarke", "emma@example.co.uk", "en"),
    Resident("Tom Lee", "tom@proton.me", "en"),
    Resident("Avi Font", "avi@unsigned.example", proven=False),
    Resident("Taller Ros", "taller@unsigned.example", "es", proven=False),
)
"""They write for weeks in the simulation: several of one provider, and two whose provider proves nothing."""
CITIZENS = (
    *REGULARS,
    Resident("Lucía Navarro", "lucia.navarro@mail.example", "es"),
    Resident("Montserrat Vila", "montserrat.vila@correu.example"),
    Resident("Antonio Ruiz", "antonio.ruiz@mail.example", "es"),
    Resident("Jean Morel", "jean.morel@poste.example", "fr"),
    Resident("Construccions Pla", "ofertes@construccionspla.example"),
    Resident("Rosa Ferrer", "rosa.ferrer@correu.example"),
    Resident("Josep Roca", "josep.roca@correu.example"),
    Resident("Laia Soler", "laia.soler@correu.example"),
    Resident("Nil Bosch", "nil.bosch@correu.example"),
    Resident("Pilar Gómez", "pilar.gomez@mail.example", "es"),
    Resident("Marc Serra", "marc.serra@correu.example"),
    Resident("Fatima Alaoui", "fatima.alaoui@correu.example"),
    Resident("David Price", "david.price@post.example", "en"),
    Resident("Teresa Puig", "teresa.puig@correu.example"),
    Resident("Omar Benali", "omar.benali@mail.example", "es"),
    Resident("Núria Tort", "nuria.tort@correu.example"),
    Resident("Biel Coll", "biel.coll@correu.example"),
    Resident("Quim Rovira", "quim.rovira@correu.example"),
    Resident("Aina Grau", "aina.grau@correu.example"),
)
NEIGHBOURS = ("veina@example.cat", "cunyat@example.es", "flatmate@example.uk")
"""To whom citizens show our mails."""
ROBOTS = (MAILER.lower(), "butlleti@news.example", "no-reply@shop.example", "alertes@bank.example")
DISOWNED = "director@forged.example"
"""The domain says that the mail is not its own: DMARC fails."""
