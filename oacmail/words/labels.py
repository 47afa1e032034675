"""The names of topics, levels, states, folders and reasons in ca, es and en, side by side. A table, and how a label
is looked up; a name without an entry is shown as it is.
"""

from collections.abc import Mapping

from oacmail.core.model import LANGUAGES, BoardFolder
from oacmail.words.orders import AFTER, BUTTONS, NOT_RELAYED, ORDERS, REFUSED, SAID
from oacmail.words.report import REPORT

# --- Labels of folders -----------------------------------------------------------------------------------------------
#
# Name the folders of the board, and why it asks for a review, in ca, es and en (docs/interfaces.md section 6).


_NAMES: Mapping[BoardFolder, tuple[str, str, str]] = {
    BoardFolder.OPEN: ("1 Pendents", "1 Pendientes", "1 Pending"),
    BoardFolder.ASSIGNED: ("2 En curs", "2 En curso", "2 In progress"),
    BoardFolder.DERIVED: ("3 Nivell 2", "3 Nivel 2", "3 Level 2"),
    BoardFolder.WAITING: ("4 Espera resposta", "4 Espera respuesta", "4 Waiting for reply"),
    BoardFolder.ANSWERED: ("5 Resposts", "5 Respondidos", "5 Answered"),
    BoardFolder.CLOSED: ("6 Tancats", "6 Cerrados", "6 Closed"),
    BoardFolder.AUTOMATIC: ("8 Automàtics", "8 Automáticos", "8 Automatic"),
    BoardFolder.REVIEW: ("9 Per revisar", "9 Por revisar", "9 To review"),
}

FOLDER_REASONS: Mapping[str, tuple[str, str, str]] = {
    "deleted-from-the-mailbox": (
        "algú ha esborrat el missatge de la bústia, i el cas no s'ha tancat",
        "alguien ha borrado el mensaje del buzón, y el caso no se ha cerrado",
        "somebody deleted the message from the mailbox, and the case is not closed",
    ),
    "put-there-by-hand": (
        "algú l'ha posat entre els missatges per revisar",
        "alguien lo ha puesto entre los mensajes por revisar",
        "somebody put it among the messages to review",
    ),
}
"""Why the board puts a message on the review list."""


def folder_names(language: str) -> dict[BoardFolder, str]:
    return {folder: names[LANGUAGES.index(language)] for folder, names in _NAMES.items()}


# --- Labels in lists -------------------------------------------------------------------------------------------------
#
# Name topics and languages in the lines of lists, where a telephone has room for one word, in ca, es and en.
#
# `label` uses this table.


IN_LISTS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "short_topic": {
        "certificate": ("certificat", "certificado", "certificate"),
        "application": ("instància", "instancia", "application"),
        "grant": ("subvenció", "subvención", "grant"),
        "procurement": ("licitació", "licitación", "procurement"),
        "notification": ("notificació", "notificación", "notification"),
        "enrolment": ("inscripció", "inscripción", "enrolment"),
        "folder": ("carpeta", "carpeta", "folder"),
        "payment": ("pagament", "pago", "payment"),
        "appointment": ("cita", "cita", "appointment"),
        "other": ("altres", "otros", "other"),
    },
    "in_language": {
        "ca": ("en català", "en catalán", "in Catalan"),
        "es": ("en castellà", "en castellano", "in Spanish"),
        "en": ("en anglès", "en inglés", "in English"),
        "fr": ("en francès", "en francés", "in French"),
        "other": ("en una altra llengua", "en otro idioma", "in another language"),
        "": ("llengua desconeguda", "idioma desconocido", "language unknown"),
    },
}


# --- Labels of reasons -----------------------------------------------------------------------------------------------
#
# Name the reasons for which a message or a case is on the review list, in ca, es and en.
#
# `label` uses this table. In a reason such as `looks-like-a-form: ADDRESS` the label contains the text after
# the colon. A reason without an entry is shown by its own name.


REASONS: Mapping[str, tuple[str, str, str]] = {
    **FOLDER_REASONS,
    "suspected-spam": ("possible correu brossa", "posible correo no deseado", "suspected spam"),
    "dmarc-fail": (
        "remitent no verificat (DMARC): sense justificant",
        "remitente no verificado (DMARC): sin acuse de recibo",
        "sender not verified (DMARC): not acknowledged",
    ),
    "no-address-to-answer": (
        "sense adreça per respondre",
        "sin dirección para responder",
        "no address to answer to",
    ),
    "thanks-without-a-case": (
        "agraïment sense cas conegut",
        "agradecimiento sin caso conocido",
        "thanks without a known case",
    ),
    "in-junk": ("a la carpeta de correu brossa", "en la carpeta de correo no deseado", "in the junk folder"),
    "filed-thanks": ("agraïment", "agradecimiento", "thanks"),
    "filed-automatic": ("sembla automàtic", "parece automático", "looks automatic"),
    "survey-comment": (
        "comentari en una valoració",
        "comentario en una valoración",
        "comment in a rating",
    ),
    "survey-unclear": (
        "valoració que no s'entén",
        "valoración que no se entiende",
        "a rating that cannot be understood",
    ),
    "survey-without-a-case": (
        "valoració d'un cas que ja no consta",
        "valoración de un caso que ya no consta",
        "a rating of a case that is no longer known",
    ),
    "looks-automatic": (
        "sembla un correu automàtic",
        "parece un correo automático",
        "looks like an automatic mail",
    ),
    "form-sender-not-configured": (
        "formulari web ({}), sense justificant: aviseu qui administra el sistema",
        "formulario web ({}), sin acuse de recibo: avise a quien administra el sistema",
        "a web form ({}), not acknowledged: tell whoever runs the system",
    ),
    "looks-like-a-form": (
        "pot ser un formulari web ({}): si ho és, aviseu qui administra el sistema",
        "puede ser un formulario web ({}): si lo es, avise a quien administra el sistema",
        "may be a web form ({}): if so, tell whoever runs the system",
    ),
    "from-our-own-people": (
        "escrit per personal de la casa: sense justificant",
        "escrito por personal de la casa: sin acuse de recibo",
        "written by our own staff: not acknowledged",
    ),
    "echoes-our-mail": (
        "repeteix un correu nostre des d'una altra adreça: sense justificant",
        "repite un correo nuestro desde otra dirección: sin acuse de recibo",
        "repeats a mail of ours from another address: not acknowledged",
    ),
    "answers-us-from-its-domain": (
        "respon un correu nostre des d'una altra adreça del mateix domini: sense justificant",
        "responde a un correo nuestro desde otra dirección del mismo dominio: sin acuse de recibo",
        "answers a mail of ours from another address of the same domain: not acknowledged",
    ),
    "acknowledgement-not-found": (
        "sense còpia del justificant de recepció: potser no es va enviar",
        "sin copia del acuse de recibo: quizá no se envió",
        "no copy of its acknowledgement was found: it may not have been sent",
    ),
    "first-seen-late": (
        "vist amb retard: sense justificant",
        "visto con retraso: sin acuse de recibo",
        "first seen late: not acknowledged",
    ),
    "same-mail-again-and-again": (
        "el mateix correu repetit: sense justificant",
        "el mismo correo repetido: sin acuse de recibo",
        "the same mail again and again: not acknowledged",
    ),
    "from-our-address-unsigned": (
        "porta la nostra adreça i no és nostre",
        "lleva nuestra dirección y no es nuestro",
        "bears our address and is not ours",
    ),
    "over-budget": (
        "límit diari de justificants superat: sense justificant",
        "límite diario de acuses superado: sin acuse de recibo",
        "over the day's limit of acknowledgements: not acknowledged",
    ),
    "in-sent-but-came-by-smtp": (
        "és a la carpeta d'enviats però va arribar de fora",
        "está en la carpeta de enviados pero llegó de fuera",
        "lies in the sent folder but came from outside",
    ),
    "signed-by-another-installation": (
        "és a la carpeta d'enviats amb la signatura d'un altre oacmail",
        "está en la carpeta de enviados con la firma de otro oacmail",
        "lies in the sent folder with the signature of another oacmail",
    ),
    "forwarded-unconfirmed": (
        "reenviat per un company: falta que confirmi l'adreça, sense justificant",
        "reenviado por un compañero: falta que confirme la dirección, sin acuse de recibo",
        "forwarded by a colleague who has not confirmed the address: not acknowledged",
    ),
    "forwarded-by-whom": (
        "reenviat per un company: falta l'adreça de la persona",
        "reenviado por un compañero: falta la dirección de la persona",
        "forwarded by a colleague: the person's address is missing",
    ),
    "which-case": (
        "correu nou a una persona amb més d'un cas obert: falta saber quin respon",
        "correo nuevo a una persona con más de un caso abierto: falta saber cuál responde",
        "new mail to a person with several open cases: which one does it answer?",
    ),
    "staff-without-case": (
        "correu del personal sense cas conegut",
        "correo del personal sin caso conocido",
        "mail from staff without a known case",
    ),
}


# --- Labels ----------------------------------------------------------------------------------------------------------
#
# Name topics, levels, states and reasons for people, in ca, es and en.
#
# This module is a table and a lookup. A key without a label is shown unchanged, so that a new reason is never hidden.


_TABLE: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "topic": {
        "certificate": (
            "Certificat digital, identificació i signatura",
            "Certificado digital, identificación y firma",
            "Digital certificate, identification and signature",
        ),
        "application": (
            "Presentació d'instàncies i documents",
            "Presentación de instancias y documentos",
            "Filing applications and documents",
        ),
        "grant": ("Subvencions, ajuts i beques", "Subvenciones, ayudas y becas", "Grants and financial aid"),
        "procurement": ("Contractació i licitacions", "Contratación y licitaciones", "Procurement and tenders"),
        "notification": ("Notificacions electròniques", "Notificaciones electrónicas", "Electronic notifications"),
        "enrolment": ("Inscripcions telemàtiques", "Inscripciones telemáticas", "Online enrolment"),
        "folder": ("Carpeta ciutadana i padró", "Carpeta ciudadana y padrón", "Citizen folder and municipal register"),
        "payment": ("Pagaments i tributs", "Pagos y tributos", "Payments and local taxes"),
        "appointment": ("Cita prèvia", "Cita previa", "Appointments"),
        "other": ("Altres consultes", "Otras consultas", "Other enquiries"),
    },
    **IN_LISTS,
    "level": {
        "first": (
            "Primer nivell (l'atén l'{office})",
            "Primer nivel (lo atiende la {office})",
            "First level (handled by {office})",
        ),
        "second": (
            "Segon nivell (correspon a l'Ajuntament)",
            "Segundo nivel (corresponde al Ayuntamiento)",
            "Second level (a matter for the town hall)",
        ),
        "out_of_scope": (
            "Fora de l'abast del servei",
            "Fuera del alcance del servicio",
            "Outside the scope of the service",
        ),
    },
    "intent": {
        "question": ("Consulta o incidència", "Consulta o incidencia", "Question or problem"),
        "callback": ("Petició de trucada (Truca'm)", "Petición de llamada (Truca'm)", "Call-back request (Truca'm)"),
        "complaint": ("Queixa", "Queja", "Complaint"),
        "suggestion": ("Suggeriment", "Sugerencia", "Suggestion"),
        "data_rights": ("Drets de protecció de dades", "Derechos de protección de datos", "Data-protection rights"),
    },
    "slot": {
        "morning": ("matí", "mañana", "morning"),
        "afternoon": ("tarda", "tarde", "afternoon"),
        "any": ("a qualsevol hora", "a cualquier hora", "at any time"),
    },
    "cause": {
        "platform": (
            "mal funcionament de la plataforma",
            "mal funcionamiento de la plataforma",
            "the platform is not working properly",
        ),
        "document_or_form": (
            "error en el document o formulari",
            "error en el documento o formulario",
            "an error in the document or form",
        ),
        "unknown": ("no indicada", "no indicada", "not given"),
    },
    "operator": {
        "town": ("Ajuntament", "Ayuntamiento", "Town hall"),
        "aoc": ("Consorci AOC", "Consorci AOC", "AOC Consortium"),
        "generalitat": ("Generalitat de Catalunya", "Generalitat de Catalunya", "Government of Catalonia"),
        "age": ("Administració general de l'Estat", "Administración General del Estado", "Spanish central government"),
        "orgt": (
            "Organisme de Gestió Tributària (Diputació)",
            "Organismo de Gestión Tributaria (Diputación)",
            "Provincial tax office (ORGT)",
        ),
    },
    "status": {
        "new": ("Nou", "Nuevo", "New"),
        "open": ("En curs", "En curso", "Open"),
        "waiting": ("Pendent de la persona", "Pendiente de la persona", "Waiting for the person"),
        "derived": ("Derivat a l'Ajuntament", "Derivado al Ayuntamiento", "Passed on to the town hall"),
        "answered": ("Respost", "Respondido", "Answered"),
        "closed": ("Tancat", "Cerrado", "Closed"),
        "due_today": ("Venç avui", "Vence hoy", "Due today"),
        "urgent": (
            "Urgent: termini a punt d'acabar",
            "Urgente: plazo a punto de terminar",
            "Urgent: deadline about to end",
        ),
        "delayed": ("Retardat en trànsit", "Retrasado en tránsito", "Delayed in transit"),
        "overdue": ("Fora de termini", "Fuera de plazo", "Overdue"),
    },
    "mail": {
        "answer": ("una resposta de l'{office}", "una respuesta de la {office}", "a reply from {office}"),
        "ack": ("el justificant de recepció", "el acuse de recibo", "the acknowledgement"),
        "other": ("un correu de l'{office}", "un correo de la {office}", "an email from {office}"),
    },
    "notice": {
        "term": ("Terminis a punt d'acabar", "Plazos a punto de terminar", "Deadlines about to end"),
        "opinion": ("Queixes i suggeriments", "Quejas y sugerencias", "Complaints and suggestions"),
        "rights": (
            "Sol·licituds de drets de protecció de dades",
            "Solicitudes de derechos de protección de datos",
            "Requests about data-protection rights",
        ),
        "derived": ("Casos derivats a nivell 2", "Casos derivados a nivel 2", "Cases passed on to level 2"),
        "second_level": ("Possibles casos de nivell 2", "Posibles casos de nivel 2", "Possible level 2 cases"),
        "secret": (
            "Missatges amb contrasenyes, codis o certificats",
            "Mensajes con contraseñas, códigos o certificados",
            "Messages with passwords, codes or certificates",
        ),
        "pointers": ("Consultes fora de l'abast", "Consultas fuera del alcance", "Enquiries outside the scope"),
        "low_score": ("Valoracions baixes", "Valoraciones bajas", "Low ratings"),
        "complex": ("Casos complexos", "Casos complejos", "Complex cases"),
        "remark": (
            "Correus en nom del personal, sense verificar",
            "Correos en nombre del personal, sin verificar",
            "Unverified mail in the name of staff",
        ),
        "in_junk": (
            "Missatges de persones a la carpeta de correu brossa",
            "Mensajes de personas en la carpeta de correo no deseado",
            "Messages of people in the junk folder",
        ),
        "unseen_answer": (
            "Respostes que l'oficina no ha vist",
            "Respuestas que la oficina no ha visto",
            "Answers that the office has not seen",
        ),
        "answers_elsewhere": (
            "Missatges que demanen la resposta a una altra adreça, sense verificar",
            "Mensajes que piden la respuesta en otra dirección, sin verificar",
            "Unverified messages that ask for the answer at another address",
        ),
        "bounced": ("Correus que no s'han pogut lliurar", "Correos que no se han podido entregar", "Undelivered mail"),
    },
    "discrepancy": {
        "message": (
            "missatge del qual no consta què se n'ha fet",
            "mensaje del que no consta qué se ha hecho",
            "message without a recorded outcome",
        ),
        "record": (
            "missatge que consta com a atès i no té registre",
            "mensaje que consta como atendido y no tiene registro",
            "message that counts as handled and has no record",
        ),
        "case": (
            "cas obert sense cap termini de resposta",
            "caso abierto sin ningún plazo de respuesta",
            "open case without a deadline",
        ),
        "copy": (
            "correu nostre la còpia del qual no és a cap carpeta",
            "correo nuestro cuya copia no está en ninguna carpeta",
            "mail of ours whose copy is in no folder",
        ),
        "stuck": (
            "correu encallat des de fa més d'un dia",
            "correo atascado desde hace más de un día",
            "mail stuck for more than a day",
        ),
        "folder": (
            "carpeta que no s'ha pogut obrir",
            "carpeta que no se ha podido abrir",
            "folder that could not be opened",
        ),
    },
    "vote": {
        "1": ("1 · molt malament", "1 · muy mal", "1 · very poor"),
        "2": ("2 · malament", "2 · mal", "2 · poor"),
        "3": ("3 · regular", "3 · regular", "3 · fair"),
        "4": ("4 · bé", "4 · bien", "4 · good"),
        "5": ("5 · molt bé", "5 · muy bien", "5 · very good"),
    },
    "order": ORDERS,
    "said": SAID,
    "after": AFTER,
    "button": BUTTONS,
    "refused": REFUSED,
    "not_relayed": NOT_RELAYED,
    "reason": REASONS,
    **REPORT,
    "problem": {
        "database-lost": (
            "La base de dades s'ha perdut, i amb ella els casos oberts: cal restaurar-la o reconstruir-la",
            "La base de datos se ha perdido, y con ella los casos abiertos: hay que restaurarla o reconstruirla",
            "The database is lost, and with it the open cases: restore or rebuild it",
        ),
        "imap": ("No es pot llegir la bústia", "No se puede leer el buzón", "The mailbox cannot be read"),
        "smtp": (
            "El servidor de sortida no accepta correu",
            "El servidor de salida no acepta correo",
            "The outgoing mail server is not accepting mail",
        ),
        "oauth": (
            "El proveïdor ja no dona accés a la bústia; el correu espera: executeu «oacmail login»",
            "El proveedor ya no da acceso al buzón; el correo espera: ejecute «oacmail login»",
            "The provider no longer gives access to the mailbox, and mail waits: run `oacmail login`",
        ),
        "oauth-recovered": (
            "El proveïdor torna a donar accés a la bústia",
            "El proveedor vuelve a dar acceso al buzón",
            "The provider gives access to the mailbox again",
        ),
        "mailbox-full": (
            "La bústia és plena: no hi caben missatges nous; arxiveu-ne de vells o amplieu-la",
            "El buzón está lleno: no caben mensajes nuevos; archive los antiguos o amplíelo",
            "The mailbox is full and takes no new messages: move old mail away, or raise its quota",
        ),
        "other-instance": (
            "Un altre oacmail contesta aquesta bústia; aquest ja no envia res: atureu-ne un i reinicieu l'altre",
            "Otro oacmail contesta este buzón; este ya no envía nada: detenga uno y reinicie el otro",
            "Another oacmail answers this mailbox; this one sends nothing more: stop one, then restart the other",
        ),
        "relay-refuses": (
            "El servidor de sortida rebutja el correu per a tothom: tot queda en espera",
            "El servidor de salida rechaza el correo para todos: todo queda en espera",
            "The outgoing mail server refuses mail to everybody: all of it waits",
        ),
        "shared-budget": (
            "El fitxer «smtp.shared_budget» no es pot fer servir: aquest ajuntament compta sol el correu que envia",
            "El archivo «smtp.shared_budget» no se puede usar: este ayuntamiento cuenta solo el correo que envía",
            "The file `smtp.shared_budget` cannot be used: this town counts the mail that it sends alone",
        ),
        "disk-full": (
            "Queda molt poc espai al disc on es desa l'estat: feu-hi lloc",
            "Queda muy poco espacio en el disco donde se guarda el estado: haga sitio",
            "Hardly any room is left on the disk of the state directory: make room",
        ),
        "clock": (
            "El rellotge ha anat enrere: poseu-lo a l'hora i reviseu els terminis donats mentrestant",
            "El reloj ha ido hacia atrás: póngalo en hora y revise los plazos dados entretanto",
            "The clock went back: correct it and check deadlines set meanwhile",
        ),
        "sent-folder-missing": (
            "No es troba la carpeta d'enviats: no es veuen les respostes",
            "No se encuentra la carpeta de enviados: no se ven las respuestas",
            "No folder of sent mail was found: answers cannot be seen",
        ),
        "folder-missing": (
            "No existeix una carpeta que s'ha de vigilar: «oacmail check --online» diu quina",
            "No existe una carpeta que hay que vigilar: «oacmail check --online» dice cuál",
            "A folder that should be watched does not exist: `oacmail check --online` names it",
        ),
        "folder-unread": (
            "No es pot obrir una carpeta vigilada: reviseu-ne els permisos",
            "No se puede abrir una carpeta vigilada: revise sus permisos",
            "A watched folder cannot be opened: see the rights on it",
        ),
        "unfiled": (
            "Les còpies dels nostres correus no es poden moure a la carpeta d'enviats: reviseu-ne els permisos",
            "Las copias de nuestros correos no se pueden mover a la carpeta de enviados: revise sus permisos",
            "Copies of our mail cannot be moved to the sent folder: see the rights on it",
        ),
        "drafts": (
            "Els esborranys no es poden desar a la seva carpeta: reviseu-ne els permisos",
            "Los borradores no se pueden guardar en su carpeta: revise sus permisos",
            "Drafts cannot be put into their folder: see the rights on it",
        ),
        "board": (
            "Els missatges no es poden moure a les carpetes del tauler: reviseu-ne els permisos",
            "Los mensajes no se pueden mover a las carpetas del tablero: revise sus permisos",
            "Messages cannot be moved into the folders of the board: see the rights on them",
        ),
        "board-moves": (
            "S'han mogut més de 20 missatges en un minut i el canvi espera: «oacmail board confirm» o «board undo»",
            "Se han movido más de 20 mensajes en un minuto y el cambio espera: «oacmail board confirm» o «board undo»",
            "More than 20 messages were moved in a minute, and this waits: `oacmail board confirm` or `board undo`",
        ),
        "quarantine": (
            "Un missatge no s'ha pogut llegir o tractar: «oacmail quarantine list»",
            "Un mensaje no se ha podido leer o tratar: «oacmail quarantine list»",
            "A message could not be read or processed: `oacmail quarantine list`",
        ),
        "held": (
            "Un correu ha quedat retingut perquè no se sap si ha sortit: «oacmail outbox list»",
            "Un correo ha quedado retenido porque no se sabe si ha salido: «oacmail outbox list»",
            "A mail is held since nobody knows whether it has left: `oacmail outbox list`",
        ),
        "ack-budget": (
            "S'ha arribat al límit de justificants de recepció; en espera: {}",
            "Se ha llegado al límite de acuses de recibo; en espera: {}",
            "The limit of acknowledgements is reached; waiting: {}",
        ),
        "forged-staff": (
            "Arriben correus falsos en nom del personal (DMARC): no es compten com a seus; «oacmail quarantine list»",
            "Llegan correos falsos en nombre del personal (DMARC): no cuentan como suyos; «oacmail quarantine list»",
            "Forged mail in the name of staff arrives (DMARC): it does not count as theirs; `oacmail quarantine list`",
        ),
        "notice-budget": (
            "Massa avisos al personal en poc temps; en una llista i no per separat: {}",
            "Demasiados avisos al personal en poco tiempo; en una lista y no por separado: {}",
            "Too many notices to staff in a short time; in a list instead of single mails: {}",
        ),
        "templates": (
            "Una plantilla pròpia és errònia i se'n fa servir l'original: «oacmail check» diu on",
            "Una plantilla propia es errónea y se usa la original: «oacmail check» dice dónde",
            "A template of your own is broken and the shipped one is used: `oacmail check` says where",
        ),
        "self-copies": (
            "Fa una hora que no torna cap còpia del correu que enviem: res no prova que surt",
            "Hace una hora que no vuelve ninguna copia del correo que enviamos: nada prueba que sale",
            "No copy of our mail has come back for an hour: nothing proves that it leaves",
        ),
        "state": (
            "La base de dades no s'ha pogut escriure durant una estona; ara torna a funcionar",
            "La base de datos no se ha podido escribir durante un rato; ahora vuelve a funcionar",
            "The database could not be written for a while; it works again",
        ),
        "config-refused": (
            "La configuració modificada no s'ha aplicat: reviseu-la abans de reiniciar el servei",
            "La configuración modificada no se ha aplicado: revísela antes de reiniciar el servicio",
            "The changed configuration is not in force: check it before you restart the service",
        ),
        "tick-failed": (
            "Un cas o una tasca no s'ha pogut tractar; es torna a provar cada hora i la resta continua",
            "Un caso o una tarea no se ha podido tratar; se vuelve a intentar cada hora y el resto continúa",
            "A case or a job could not be processed; it is tried again every hour, and everything else goes on",
        ),
        "canary": (
            "El correu de prova no torna: potser no surt o no arriba correu",
            "El correo de prueba no vuelve: quizá no sale o no llega correo",
            "The test mail does not come back: perhaps no mail leaves or arrives",
        ),
        "drill": (
            "La prova de restauració d'una còpia de seguretat ha fallat",
            "La prueba de restauración de una copia de seguridad ha fallado",
            "The restore drill of a backup failed",
        ),
        "alert-command": (
            "L'ordre d'avís («canary.alert_command») ha fallat",
            "La orden de aviso («canary.alert_command») ha fallado",
            "The alert command (`canary.alert_command`) failed",
        ),
        "reconciliation": (
            "La comprovació de la nit ha trobat correus o casos que no quadren: el resum del dia diu quins",
            "La comprobación nocturna ha encontrado correos o casos que no cuadran: el resumen del día dice cuáles",
            "The nightly check found mail or cases that do not agree: the daily summary names them",
        ),
        "calendar_missing": (
            "Falta el calendari de festius de {}: afegiu-lo al fitxer",
            "Falta el calendario de festivos de {}: añádalo al archivo",
            "The holiday calendar of {} is missing: add it to the file",
        ),
        "calendar_provisional": (
            "El calendari de festius de {} és provisional: confirmeu-lo amb la llista oficial",
            "El calendario de festivos de {} es provisional: confírmelo con la lista oficial",
            "The holiday calendar of {} is provisional: confirm it with the official list",
        ),
    },
}


def label(group: str, key: str, lang: str, office: str) -> str:
    """Return the label of `key`, or the key itself. In `calendar_missing:2028` the label contains the text after the
    colon; `office` is the office's name for itself."""
    name, _, value = key.partition(":")
    words = _TABLE[group].get(name)
    return words[LANGUAGES.index(lang)].format(value.strip(), office=office) if words else key
