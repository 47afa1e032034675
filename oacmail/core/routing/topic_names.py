"""The topic that an agent names in an order: by its own name, a common word for it, or its label in our mails.

It decides nothing about a message of a citizen, and never guesses between two topics.
"""

import re
from collections.abc import Mapping

from oacmail.core.model import Topic
from oacmail.core.routing.orders import folded

_NAMES: Mapping[Topic, str] = {
    Topic.CERTIFICATE: "certificat certificats certificado certificados certificates",
    Topic.APPLICATION: "instancia instancies instancias solicitud solicituds solicitudes applications",
    Topic.GRANT: "subvencio subvencions subvencion subvenciones ajut ajuts ayuda ayudas beca beques becas grants",
    Topic.PROCUREMENT: "contractacio contratacion licitacio licitacions licitacion licitaciones tender tenders",
    Topic.NOTIFICATION: "notificacio notificacions notificacion notificaciones notifications",
    Topic.ENROLMENT: "inscripcio inscripcions inscripcion inscripciones enrolments enrollment",
    Topic.FOLDER: "carpeta padro padron",
    Topic.PAYMENT: "pagament pagaments pago pagos tribut tributs tributo tributos payments tax taxes",
    Topic.APPOINTMENT: "cita cites citas appointments",
    Topic.OTHER: "altres otros otras",
}
_TOPICS: Mapping[str, Topic] = {word: topic for topic, words in _NAMES.items() for word in (topic, *words.split())}


def topic_named(text: str) -> str:
    """The topic that the words of `text` name; the text itself in lower case if they name none, or more than one."""
    wanted = folded(text)
    found = {_TOPICS[word] for word in re.findall(r"\w+", wanted) if word in _TOPICS}
    return found.pop() if len(found) == 1 else wanted
