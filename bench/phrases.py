"""The phrases of the benchmark: names, requests, greetings and thanks, in Catalan and Spanish.

Values only, all of them writable in ISO-8859-1 too, and all invented.
"""

from collections.abc import Mapping
from typing import Final, Literal

Lang = Literal["ca", "es"]

FIRST: Final = ("Núria", "Jordi", "Montserrat", "Martí", "Laia", "Òscar", "Mercè", "Begoña", "Íñigo", "Àngels",
                "Eulàlia", "Concepción", "Andrés", "Lucía", "Xènia", "Iván", "Gemma", "Ramon")  # fmt: skip
LAST: Final = ("Puig", "Solé", "Vilà", "Güell", "Camprubí", "Núñez", "Peña", "Ibáñez", "Muñoz", "Farré", "Llorenç",
               "Castells", "Giménez", "Torrent", "Roca", "Sabaté", "Bosch", "Colomé")  # fmt: skip
DOMAINS: Final = (
    "gmail.com",
    "hotmail.com",
    "yahoo.es",
    "icloud.com",
    "outlook.es",
    "telefonica.net",
    "taller-roca.example",
)
STREETS: Final = ("Major", "de l'Església", "Pau Casals", "Verdaguer", "Sant Vicenç", "del Pi", "de les Pedreres")
CLIENTS: Final = (
    "Apple Mail (2.3774.600.62)",
    "Microsoft Outlook 16.0",
    "Mozilla Thunderbird",
    "Roundcube Webmail/1.6.6",
)

REQUESTS: Final[Mapping[Lang, tuple[tuple[str, str], ...]]] = {
    "ca": (
        ("Fanal apagat al carrer {street}", "El fanal del número {house} del carrer {street} fa dies que no s'encén."),
        (
            "Volant d'empadronament",
            "Necessito un volant d'empadronament per a l'escola bressol. Com el demano des de casa?",
        ),
        (
            "Contenidors plens",
            "Els contenidors del carrer {street} vessen i hi ha bosses a la vorera, davant del {house}.",
        ),
        (
            "Llicència d'obres menors",
            "Vull canviar les rajoles del bany i no sé quina documentació cal per a la comunicació.",
        ),
        ("Rebut de l'IBI repetit", "M'ha arribat dues vegades el rebut de l'IBI i el banc ja n'ha pagat un."),
        (
            "No puc entrar amb l'idCAT",
            "Des d'ahir no puc signar la instància: el navegador diu que el certificat ha caducat.",
        ),
        ("Soroll al carrer {street}", "Cada dissabte la música del local del número {house} dura fins a les tres."),
        (
            "Inscripció al casal d'estiu",
            "El formulari d'inscripció del casal dona error 500 a tothom quan s'hi afegeix el segon fill.",
        ),
        ("Beques de menjador", "Quan s'obre el termini de les beques de menjador i què s'hi ha d'adjuntar?"),
    ),
    "es": (
        ("Farola fundida en {street}", "La farola del número {house} de la calle {street} lleva días apagada."),
        (
            "Recogida de muebles",
            "Querría saber qué día pasa la recogida de muebles y si hay que avisar con antelación.",
        ),
        ("Cambio de domicilio", "Me he mudado a la calle {street} y quiero cambiar mi domicilio en el padrón."),
        ("Plusvalía", "Tras la herencia de mi padre no sé qué plazo tengo para presentar la plusvalía."),
        (
            "No puedo firmar la instancia",
            "El portal dice que mi certificado no es válido y no puedo enviar la instancia.",
        ),
        ("Fuga de agua en {street}", "Sale agua de la acera desde anoche, a la altura del número {house}."),
    ),
}
MORE: Final[Mapping[Lang, tuple[str, ...]]] = {
    "ca": (
        "Us agrairia que em diguéssiu quin tràmit he de seguir i si cal aportar cap document més.",
        "Ja ho vaig explicar per telèfon fa dues setmanes, però ningú no m'ha tornat la trucada.",
        "Si convé, puc passar per l'oficina qualsevol dia a partir de les quatre de la tarda.",
        "Som uns quants veïns i voldríem que es resolgués com més aviat millor.",
        "Quedo a l'espera de la vostra resposta i us dono les gràcies per endavant.",
    ),
    "es": (
        "Les agradecería que me indicaran qué trámite debo seguir y qué documentación hace falta.",
        "Ya lo expliqué por teléfono hace dos semanas, pero nadie me ha devuelto la llamada.",
        "Si es necesario, puedo pasar por la oficina cualquier día por la mañana.",
        "Somos varios vecinos y querríamos que se solucionara cuanto antes.",
        "Quedo a la espera de su respuesta y les doy las gracias por adelantado.",
    ),
}
HELLO: Final[Mapping[Lang, tuple[str, ...]]] = {
    "ca": ("Bon dia,", "Bona tarda,", "Benvolguts,"),
    "es": ("Buenos días,", "Hola:", "Buenas tardes,"),
}
GOODBYE: Final[Mapping[Lang, tuple[str, ...]]] = {
    "ca": ("Salutacions cordials,", "Moltes gràcies,", "Atentament,"),
    "es": ("Un saludo,", "Muchas gracias,", "Atentamente,"),
}
CANARY: Final[Mapping[Lang, str]] = {
    "ca": "una qüestió d'il·luminació, la façana i l'àvia",
    "es": "una cuestión del cigüeñal, el año y la cañería",
}
"""Text that must be stored unchanged; see corpus.py."""
WROTE: Final[Mapping[Lang, str]] = {"ca": "El {day}, {who} va escriure:", "es": "El {day}, {who} escribió:"}
AWAY: Final[Mapping[Lang, tuple[str, str]]] = {
    "ca": ("Resposta automàtica: fora de l'oficina", "Sóc fora de l'oficina fins al dia 15 i no llegeixo el correu."),
    "es": (
        "Respuesta automática: fuera de la oficina",
        "Estoy fuera de la oficina hasta el día 15 y no leo el correo.",
    ),
}
NEWS: Final[Mapping[Lang, tuple[str, str]]] = {
    "ca": ("Butlletí: novetats de contractació pública", "Descobriu les novetats i les activitats d'aquesta setmana."),
    "es": ("Boletín semanal de subvenciones", "Descubra las novedades y las convocatorias de esta semana."),
}
