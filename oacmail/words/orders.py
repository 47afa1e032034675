"""Name agents' orders, and the reasons why one was not carried out, for the transcript, in ca, es and en.

`labels.label` uses these tables. An order or a reason without an entry is shown by its own name.
"""

from collections.abc import Mapping

ORDERS: Mapping[str, tuple[str, str, str]] = {
    "assign": ("assignar el cas", "asignar el caso", "assign the case"),
    "mine": ("assignar-vos el cas", "asignarle el caso", "assign the case to you"),
    "close": ("tancar el cas", "cerrar el caso", "close the case"),
    "spam": ("tancar-lo com a brossa", "cerrarlo como correo no deseado", "close it as spam"),
    "reopen": ("reobrir el cas", "reabrir el caso", "reopen the case"),
    "second_level": ("derivar a nivell 2", "derivar a nivel 2", "pass on to level 2"),
    "first_level": ("tornar a nivell 1", "volver a nivel 1", "back to level 1"),
    "until": ("anotar la previsió", "anotar la previsión", "log the estimate"),
    "not_ours": (
        "anotar que no és dels serveis tècnics",
        "anotar que no es de los servicios técnicos",
        "log that it is not for the technical services",
    ),
    "wait": ("esperar la resposta de la persona", "esperar la respuesta de la persona", "wait for the person"),
    "solved": ("anotar que és resolt", "anotar que está resuelto", "log that it is solved"),
    "note": ("desar la nota", "guardar la nota", "store the note"),
    "topic": ("canviar el tema", "cambiar el tema", "change the topic"),
    "called": ("anotar la trucada", "anotar la llamada", "log the call"),
    "not_reached": ("anotar que no contesta", "anotar que no contesta", "log that nobody answered"),
    "language": ("canviar la llengua", "cambiar el idioma", "change the language"),
    "help": ("mostrar les ordres", "mostrar las órdenes", "show the orders"),
    "answers_case": ("comptar-lo com a resposta", "contarlo como respuesta", "count it as the answer"),
    "other_matter": ("no respon cap cas", "no responde a ningún caso", "it answers no case"),
    "call": ("obrir un cas per la trucada", "abrir un caso por la llamada", "open a case for the call"),
    "merge": ("fusionar el cas", "fusionar el caso", "merge the case"),
    "split": ("separar-ne el missatge", "separar el mensaje", "split the message off"),
    "out_of_scope": ("respondre que és fora d'abast", "responder que está fuera de ámbito", "answer: out of scope"),
    "draft": ("preparar un esborrany", "preparar un borrador", "prepare a draft"),
    "person": (
        "tractar-lo com a petició d'una persona",
        "tratarlo como petición de una persona",
        "treat it as a person's request",
    ),
    "person_is": ("obrir el cas de la persona", "abrir el caso de la persona", "open the person's case"),
    "acknowledge": ("enviar el justificant", "enviar el acuse de recibo", "send the acknowledgement"),
    "unknown": ("ordre desconeguda", "orden desconocida", "unknown order"),
    "too_many": ("les ordres", "las órdenes", "the orders"),
}
AFTER: Mapping[str, tuple[str, str, str]] = {
    "tell-the-person": ("Ara digueu-ho a la persona", "Ahora dígaselo a la persona", "Now tell the person"),
    "undone-both": (
        "La persona i els serveis tècnics ja havien rebut l'avís: digueu-los-ho",
        "La persona y los servicios técnicos ya habían recibido el aviso: dígaselo",
        "The person and the technical services had already been told: let them know",
    ),
    "undone-person": (
        "La persona ja havia rebut l'avís: digueu-li-ho",
        "La persona ya había recibido el aviso: dígaselo",
        "The person had already been told: let them know",
    ),
    "undone-services": (
        "Els serveis tècnics ja havien rebut l'avís, la persona no: digueu-los-ho",
        "Los servicios técnicos ya habían recibido el aviso, la persona no: dígaselo",
        "The technical services had already been told, the person had not: let them know",
    ),
    "undone-nobody": (
        "Ningú no n'havia rebut cap avís",
        "Nadie había recibido ningún aviso",
        "Nobody had been told",
    ),
    "new-case": ("El cas nou és {}", "El caso nuevo es {}", "The new case is {}"),
    "two-people": (
        "Compte: són de dues persones. Responeu a cadascuna per separat",
        "Atención: son de dos personas. Responda a cada una por separado",
        "Mind: they are of two people. Answer each of them separately",
    ),
    "still-answered": (
        "El cas continua respost: si ningú no hi ha parlat, escriviu REOBRE",
        "El caso sigue respondido: si nadie ha hablado con la persona, escriba REABRE",
        "The case stays answered: if nobody has spoken with the person, write REOPEN",
    ),
    "may-be-read": (
        "Si la persona demana les seves dades, llegirà la nota (art. 15 RGPD)",
        "Si la persona pide sus datos, leerá la nota (art. 15 RGPD)",
        "If the person asks for their data, they will read the note (art. 15 GDPR)",
    ),
}
"""What an agent has to know or to do once an order is carried out."""
BUTTONS: Mapping[str, tuple[str, str, str]] = {
    "mine": ("Me'l quedo", "Me lo quedo", "I take it"),
    "called": ("He trucat", "He llamado", "I called"),
    "not_reached": ("No contesta", "No contesta", "No answer"),
    "second_level": ("Deriva a nivell 2", "Deriva a nivel 2", "Pass on to level 2"),
    "first_level": ("És de primer nivell", "Es de primer nivel", "It is first level"),
    "spam": ("És brossa", "Es spam", "It is spam"),
    "draft": ("Prepara un esborrany", "Prepare un borrador", "Prepare a draft"),
    "write": ("Escriviu a la persona", "Escriba a la persona", "Write to the person"),
    "solved": ("Ja està resolt", "Ya está resuelto", "It is solved"),
    "until": ("Previsió (escriviu-hi el dia)", "Previsión (escriba el día)", "Estimate (type the day)"),
    "not_ours": ("No és cosa nostra", "No es cosa nuestra", "Not ours"),
}
_OF_ANOTHER = (
    "responia a un correu que no és nostre i que portava aquí la resposta; potser algú volia enganyar-vos",
    "respondía a un correo que no es nuestro y que traía aquí la respuesta; quizá alguien quería engañarle",
    "it replied to an email that is not ours and that led the reply here; somebody may have meant to deceive you",
)

REFUSED: Mapping[str, tuple[str, str, str]] = {
    "unknown": ("no és a la llista", "no está en la lista", "it is not in the list"),
    "no-case": ("no se sap de quin cas parla", "no se sabe de qué caso habla", "the case is unknown"),
    "no-request": (
        "encara no és cap sol·licitud: poseu-lo abans a la carpeta de pendents",
        "aún no es ninguna solicitud: póngalo antes en la carpeta de pendientes",
        "it is no request yet: put it into the folder of pending ones first",
    ),
    "says-nothing": (
        "no porta cap text vostre ni cap fitxer",
        "no lleva ningún texto suyo ni ningún archivo",
        "it has no text of yours and no file",
    ),
    "goes-outside": (
        "una ordre només es fa si el correu va només a la bústia; repetiu-la responent a aquest correu",
        "una orden solo se ejecuta si el correo va solo al buzón; repítala respondiendo a este correo",
        "an order is carried out only if the email goes to the mailbox alone; repeat it in a reply to this email",
    ),
    "too-old": (
        "el correu és de fa més d'un dia",
        "el correo es de hace más de un día",
        "it is over a day old",
    ),
    "no-such-case": ("no hi ha cap altre cas amb aquest número", "no hay otro caso con ese número", "no such case"),
    "no-such-pointer": (
        "no hi ha cap organisme amb aquest nom a la taula",
        "no hay ningún organismo con ese nombre en la tabla",
        "no body of this name in the table",
    ),
    "not-stored": (
        "el missatge és massa gran: moveu-lo a la safata d'entrada",
        "el mensaje es demasiado grande: muévalo a la bandeja de entrada",
        "the message is too large: move it to the inbox",
    ),
    "has-a-case": ("ja se n'ha obert un cas", "ya se ha abierto un caso", "it has a case already"),
    "forged": ("l'enllaç no és nostre", "el enlace no es nuestro", "the link is not ours"),
    "not-yours": ("l'enllaç és d'una altra persona", "el enlace es de otra persona", "the link is another agent's"),
    "expired": ("l'enllaç ha caducat", "el enlace ha caducado", "the link has expired"),
    "answers-another": _OF_ANOTHER,
    "used-already": ("l'enllaç ja s'ha fet servir", "el enlace ya se ha usado", "the link was used already"),
    "other-case": ("l'enllaç és d'un altre cas", "el enlace es de otro caso", "the link is of another case"),
    "other-order": ("l'enllaç és d'una altra ordre", "el enlace es de otra orden", "the link is of another order"),
    "repeated": (
        "el mateix correu ja havia arribat",
        "el mismo correo ya había llegado",
        "the same mail had arrived before",
    ),
    "no-such-call": (
        "escriviu NOM, NÚMERO: què demana",
        "escriba NOMBRE, NÚMERO: qué pide",
        "write NAME, NUMBER: what was asked",
    ),
    "no-such-number": ("no és un telèfon", "no es un teléfono", "it is no telephone number"),
    "only-message": (
        "el cas no té cap altre missatge de la persona",
        "el caso no tiene otro mensaje de la persona",
        "the case has no other message of the person",
    ),
    "two-people": (
        "són de dues persones, i cadascuna ha de rebre la seva resposta: deixeu-los separats i responeu a cadascuna",
        "son de dos personas, y cada una debe recibir su respuesta: déjelos separados y responda a cada una",
        "they are of two people, each owed an answer of their own: leave them apart and answer each",
    ),
    "other-closed": ("l'altre cas és tancat", "el otro caso está cerrado", "the other case is closed"),
    "too-many": ("són massa ordres per a un correu", "son demasiadas órdenes para un correo", "too many orders"),
    "no-such-agent": ("no hi ha cap agent amb aquest nom", "no hay ningún agente con ese nombre", "no such agent"),
    "mailbox-is-nobody": (
        "la bústia no diu quin agent sou: escriviu-ho des de la vostra adreça",
        "el buzón no dice qué agente es usted: escríbalo desde su dirección",
        "the mailbox does not say who you are: write it from your own address",
    ),
    "no-such-value": ("aquest valor no existeix", "ese valor no existe", "there is no such value"),
    "no-such-topic": (
        "els temes són: certificat, instància, subvenció, licitació, notificació, inscripció, carpeta, pagament, cita"
        " i altres",
        "los temas son: certificado, instancia, subvención, licitación, notificación, inscripción, carpeta, pago, cita"
        " y otros",
        "the topics are: certificate, application, grant, procurement, notification, enrolment, folder, payment,"
        " appointment and other",
    ),
    "no-such-outcome": (
        "no se sap si s'ha parlat amb la persona: escriviu-hi «no contesta», o només l'ordre",
        "no se sabe si se ha hablado con la persona: escriba «no contesta», o solo la orden",
        'it is not known if the person was reached: write "no answer" after it, or the order alone',
    ),
    "below-text": (
        "és sota una línia que no s'ha entès com a ordre",
        "está debajo de una línea que no se ha entendido como orden",
        "it is below a line that was not read as an order",
    ),
    "below-quote": (
        "és sota el text citat: escriviu-lo a dalt de tot",
        "está debajo del texto citado: escríbalo arriba del todo",
        "it is below the quoted text: write it at the very top",
    ),
    "below-signature": (
        "és sota la signatura: escriviu-lo a dalt de tot",
        "está debajo de la firma: escríbalo arriba del todo",
        "it is below the signature: write it at the very top",
    ),
    "in-subject": (
        "és a l'assumpte: escriviu-lo a la primera línia del text",
        "está en el asunto: escríbalo en la primera línea del texto",
        "it is in the subject: write it in the first line of the text",
    ),
    "waits": (
        "la persona encara espera resposta",
        "la persona aún espera respuesta",
        "the person still waits for an answer",
    ),
    "open-already": ("el cas ja és obert", "el caso ya está abierto", "the case is already open"),
    "closed": (
        "el cas és tancat: reobriu-lo abans",
        "el caso está cerrado: reábralo antes",
        "reopen it first",
    ),
    "derived-already": ("el cas ja és a nivell 2", "el caso ya está en nivel 2", "the case is already at level 2"),
    "derived": (
        "el cas és als serveis tècnics: digueu abans RESOLT o NIVELL 1",
        "el caso está en los servicios técnicos: diga antes RESUELTO o NIVEL 1",
        "the technical services have it: say SOLVED or LEVEL 1 first",
    ),
    "no-day": (
        "no s'entén el dia, o no és dels pròxims 60 dies",
        "no se entiende el día, o no es de los próximos 60 días",
        "the day is not understood, or not within the next 60 days",
    ),
    "not-derived": (
        "el cas no és als serveis tècnics",
        "el caso no está en los servicios técnicos",
        "the case is not with the technical services",
    ),
    "empty": ("no hi ha text", "no hay texto", "there is no text"),
    "not-in-the-list": ("el cas no és a la llista", "el caso no está en la lista", "it is not in the list"),
    "decided-already": (
        "algú ja ho havia dit abans",
        "alguien ya lo había dicho antes",
        "somebody had said so before",
    ),
    "no-address": (
        "no hi ha cap adreça a la primera línia",
        "no hay ninguna dirección en la primera línea",
        "there is no address on the first line",
    ),
    "is-ours": ("l'adreça és de la casa", "la dirección es de la casa", "the address is one of ours"),
    "not-confirmed": (
        "no hi diu SÍ; si l'adreça no és bona, tanqueu el cas i reenvieu-lo com a fitxer adjunt",
        "no dice SÍ; si la dirección no es correcta, cierre el caso y reenvíelo como archivo adjunto",
        "it does not say YES; if the address is wrong, close the case and forward the email as an attachment",
    ),
    "not-now": ("ara no és possible", "ahora no es posible", "it is not possible now"),
}

SAID: Mapping[str, tuple[str, str, str]] = {
    "duplicate": ("duplicat", "duplicado", "duplicate"),
    "thanks": ("agraïment", "agradecimiento", "thanks"),
    "ca": ("català", "catalán", "Catalan"),
    "es": ("castellà", "castellano", "Spanish"),
    "en": ("anglès", "inglés", "English"),
}
"""What follows the word of an order, where the program has a name of its own for it."""
NOT_RELAYED: Mapping[str, tuple[str, str, str]] = {
    "automatic": ("sembla un correu automàtic", "parece un correo automático", "it looks automatic"),
    "no-case": ("no s'ha trobat el cas", "no se ha encontrado el caso", "the case was not found"),
    "closed": (
        "el cas és tancat, i mentre ho és l'enllaç no serveix",
        "el caso está cerrado, y mientras lo está el enlace no sirve",
        "the case is closed, and until it is reopened the link does not work",
    ),
    "answers-another": _OF_ANOTHER,
    "no-address": (
        "la persona no ha deixat cap adreça de correu",
        "la persona no ha dejado ninguna dirección de correo",
        "the person left no email address",
    ),
    "others": (
        "el correu anava també a altres adreces, i qui «respongui a tothom» escriuria a la persona",
        "el correo iba también a otras direcciones, y quien «responda a todos» escribiría a la persona",
        "the email had other recipients too, and whoever replies to all would write to the person",
    ),
    "too-old": ("el correu és de fa més d'un dia", "el correo es de hace más de un día", "it is over a day old"),
    "orders": (
        "conté una ordre (#…), i les ordres no surten de la casa; tampoc no s'ha fet",
        "contiene una orden (#…), y las órdenes no salen de la casa; tampoco se ha hecho",
        "it contains an order (#…), and orders never go to a citizen; it was not carried out either",
    ),
    "unreadable": ("no s'ha pogut llegir sencer", "no se ha podido leer entero", "it could not be read whole"),
    "too-large": ("és massa gran", "es demasiado grande", "it is too large"),
    "protected": (
        "és xifrat o porta signatura electrònica",
        "está cifrado o lleva firma electrónica",
        "it is encrypted or digitally signed",
    ),
    "other-format": (
        "porta el format propi de l'Outlook (winmail.dat)",
        "lleva el formato propio de Outlook (winmail.dat)",
        "it has Outlook's own format (winmail.dat)",
    ),
    "attached-message": (
        "porta un correu adjunt, que podria ser intern",
        "lleva un correo adjunto, que podría ser interno",
        "it has an email attached, which might be internal",
    ),
    "empty": ("no hi heu escrit res", "no ha escrito nada", "you wrote nothing in it"),
    "text-below": (
        "hi ha text sota un correu citat, i no és segur què és vostre",
        "hay texto debajo de un correo citado, y no es seguro qué es suyo",
        "there is text below a quoted email, and it is not certain which is yours",
    ),
    "unsure": (
        "conté part d'un altre correu, i no és segur on comença",
        "contiene parte de otro correo, y no es seguro dónde empieza",
        "it contains part of another email, and it is not certain where that begins",
    ),
    "internal": (
        "repeteix un text intern (un avís, una nota o el correu d'un company)",
        "repite un texto interno (un aviso, una nota o el correo de un compañero)",
        "it repeats internal text (a notice, a note or a colleague's email)",
    ),
}
