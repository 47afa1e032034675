"""When a person wants to be called, as people say it: the slot, and wishes outside office hours."""

import json
import re
from pathlib import Path

import pytest

from oacmail.core.calendar import SLOTS
from oacmail.core.days_named import without_days
from oacmail.core.model import CallTime
from oacmail.mail.understanding import features, slots, time_words


def time(text: str) -> CallTime:
    return slots.find_slot(time_words.near(map(features.fold, text.splitlines())))


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("truqueu-me al matí", "morning"),
        ("llámenme por la tarde", "afternoon"),
        ("franja horària: tarda (14-20h)", "afternoon"),
        ("franja horària: matí (8-14h)", "morning"),
        ("em podeu trucar entre 10 i 12?", "morning"),
        ("truqueu-me a partir de les quatre", "afternoon"),
        ("please call me after 3 pm", "afternoon"),
        ("truqueu abans de dinar", "morning"),
        ("llamadme de 9:30 a 13:30", "morning"),
        ("truqueu-me de 10 a 17 h", "any"),
        ("truqueu-me a les 14 h", "afternoon"),
        ("truqueu-me quan vulgueu", "any"),
        ("truqueu-me, els matins no puc", "afternoon"),
        ("truquin al matí que a la tarda soc a l'hort", "morning"),
        ("no puc agafar el telèfon fins a les 15:30", "afternoon"),
        ("truqueu-me dilluns que ve a la tarda", "afternoon"),
        ("em podeu trucar la setmana que ve al matí?", "morning"),
        ("¿me pueden llamar el lunes que viene por la tarde?", "afternoon"),
        ("Bona tarda, em podeu trucar?", "any"),
        ("truqueu-me", "any"),
        ("Franja horària: Tarda (14-20h). Fins a 12 terminis. Truca'm", "afternoon"),
        ("llámenme mejor por las tardes que por la mañana trabajo", "afternoon"),
        ("Llámennos por las tardes, que por la mañana estamos con las salidas", "afternoon"),
        ("Truqueu-me, plego a dos quarts de cinc", "afternoon"),
        ("Me pueden llamar de 13:00 a 13:45", "morning"),
        ("Que me llamen. Estoy en casa todo el día menos de 14 a 16", "any"),
        ("Va fallar a les nou. Truqueu-me ara mateix", "any"),
        ("Truqueu-me abans de les dotze si us plau", "morning"),
        ("Truqueu-me passades les tres", "afternoon"),
        ("Em podeu trucar a mig matí?", "morning"),
        ("Podeu trucar-me a mitja tarda", "afternoon"),
        ("Llámame a media mañana", "morning"),
        ("Llámenme a partir de las siete", "afternoon"),
        ("truqueu-me a partir de les set", "afternoon"),
        ("salgo a las dos, llámenme después", "afternoon"),
        ("truqueu entre dues i quatre", "afternoon"),
        ("truqueu entre dues i quatre de la tarda", "afternoon"),
        ("Podeu trucar només fins a la una", "morning"),
        ("Només puc fins a la una. Truqueu-me", "morning"),
        ("Truqueu-me però pel matí no", "afternoon"),
        ("Truqueu-me, a la tarda no puc", "morning"),
        ("call me, not in the morning", "afternoon"),
        ("call me any time but not in the afternoon", "morning"),
        ("Please ring before lunch", "morning"),
        ("Please ring me after work, say half past six", "afternoon"),
        ("ring me when I leave the factory at half past three", "afternoon"),
        ("Truqueu-me quan surto de la fàbrica, a dos quarts de quatre", "afternoon"),
        ("Appelez-moi le matin", "morning"),
        ("Appelez-moi après 17h", "afternoon"),
        ("Appelez-moi entre 9h et 11h30", "morning"),
        ("Appelez-moi plutôt en fin d'après-midi", "afternoon"),
        ("Rappelez-moi avant midi", "morning"),
        ("Llamen por favor de 9 a 2", "morning"),
        ("Llamen de 9 a 2 o de 4 a 7", "any"),
        ("Llamar de lunes a viernes de 10:00 a 13:00 h", "morning"),
        ("Horario: 16:00-19:00. Llámenme", "afternoon"),
        ("Truqueu-me dimarts al matí", "morning"),
        ("Truqueu-me demà a primera hora", "morning"),
        ("Truqueu-me a primera hora de la tarda", "afternoon"),
        ("Truqueu-me a última hora", "afternoon"),
        ("Truqueu-me a l'hora d'esmorzar", "morning"),
        ("Llámenme a la hora de comer", "any"),
        ("Llámenme mañana", "any"),
        ("Llámenme mañana por la tarde", "afternoon"),
        ("Llámenme mañana por la mañana", "morning"),
        ("Llámenme por las mañanas, por las tardes trabajo", "morning"),
        ("Treballo al matí; truqueu-me", "afternoon"),
        ("Trabajo de mañanas, así que llamen por la tarde", "afternoon"),
        ("Trabajo hasta las cinco. Llámenme después", "afternoon"),
        ("Treballo fins a les cinc, truqueu-me a partir d'aquella hora", "afternoon"),
        ("I work until 3 so any time after that, call me", "afternoon"),
        ("I'm free from two to three, call me", "afternoon"),
        ("I get off at four, please call me then", "afternoon"),
        ("Truqueu-me quan plego, a les 3", "afternoon"),
        ("Plego a les 15 h. Truqueu-me", "afternoon"),
        ("Entro a treballar a les dues, truqueu-me abans", "morning"),
        ("Entro a trabajar a las 2, llámenme antes", "morning"),
        ("No em truqueu abans de les deu", "any"),
        ("No em truqueu abans de les quatre", "afternoon"),
        ("Please don't call before 3pm", "afternoon"),
        ("No llamen por la tarde", "morning"),
        ("Por la tarde imposible, llámenme por favor", "morning"),
        ("Al matí m'és impossible, truqueu-me", "afternoon"),
        ("Els matins estic ocupada, truqueu-me", "afternoon"),
        ("Les tardes les tinc lliures, truqueu-me", "afternoon"),
        ("Tengo libres las mañanas, llámenme", "morning"),
        ("Truqueu-me cap a les onze", "morning"),
        ("Truqueu-me sobre les 12:30", "morning"),
        ("Truqueu-me cap al tard, a les 7", "afternoon"),
        ("Truqueu-me al migdia, entre la una i les dues", "morning"),
        ("Llámenme a mediodía", "any"),
        ("Truqueu a les 13.30", "morning"),
        ("Truqueu-me a tres quarts d'onze", "morning"),
        ("Truqueu-me a un quart de cinc", "afternoon"),
        ("Llámenme a las cinco menos cuarto", "afternoon"),
        ("Llámenme a las doce y media", "morning"),
        ("Call me at quarter to one", "morning"),
        ("Call me at ten past four", "afternoon"),
        ("La plataforma falla des de les 9 del matí. Em podeu trucar? 600112233", "any"),
        ("Ahir a la tarda vaig intentar entrar i res. Truqueu-me al 600112233", "any"),
        ("El termini acaba demà a les 14 h. Truqueu-me si us plau al 600 11 22 33", "any"),
        ("Tinc cita dijous a les 10. Truqueu-me al 600112233 per canviar-la", "any"),
        ("Truqueu-me, a qualsevol hora", "any"),
        ("Matí o tarda, tant és. Truqueu-me", "any"),
        ("Morning or afternoon, whatever suits you. Call me", "any"),
        ("Preferiblement a la tarda, però si no pot ser també al matí. Truqueu", "afternoon"),
        ("Truqueu-me de 3 a 5", "afternoon"),
        ("Truqueu-me de 10 a 1", "morning"),
        ("Truqueu-me dels volts de les 6", "afternoon"),
        ("Llámenme a eso de las once", "morning"),
        ("Llámenme pasadas las cuatro", "afternoon"),
        ("Em va bé a la tarda. Tel 600112233", "afternoon"),
        ("Me viene mejor por la mañana: 600112233", "morning"),
        ("Em va millor al matí 600 11 22 33", "morning"),
        ("600112233 (tardes)", "afternoon"),
        ("600112233 matins", "morning"),
        ("600112233 de 9 a 13", "morning"),
        ("600 11 22 33, 17-19h", "afternoon"),
        ("Tinc 3 fills i 2 pisos, truqueu-me al 600112233", "any"),
        ("he enviat 2 sol·licituds a les 9 i a les 16, truqueu-me al 600112233", "any"),
        ("Soc mestra i fins les cinc soc a l'escola, truqueu-me", "afternoon"),
        ("Tinc torn de nit, dormo fins a la una; truqueu-me", "any"),
        ("Torno de l'escola cap a les cinc i mitja. Truqueu-me al 600112233", "afternoon"),
        ("Recojo a los niños a las cinco, después cuando quieran. Llámenme 600112233", "afternoon"),
        ("A la tarda soc a casa. Truqueu-me", "afternoon"),
        ("Pels matins soc a la botiga i no puc parlar. Truqueu-me", "afternoon"),
        ("Estaré localizable de 16 a 18 en el 600112233", "afternoon"),
        ("Estic disponible a partir de dimecres. Truqueu-me", "any"),
        ("Llámenme antes de las 11 o después de las 13", "any"),
        ("Llámenme antes de las 11 o después de las 15", "any"),
        ("Me podéis llamar a las 4 y media?", "afternoon"),
        ("Truqueu-me a les 16:30h", "afternoon"),
        ("Truqueu-me abans que tanqui, a les 13 h", "morning"),
        ("Call me between 9am and 11am", "morning"),
        ("Call me from 4pm onwards", "afternoon"),
        ("Only mornings please, ring me", "morning"),
        ("Afternoons are best. 600112233", "afternoon"),
        ("Mornings are no good, ring me", "afternoon"),
        ("I can't take calls in the morning, ring me", "afternoon"),
        ("my shift ends at three, so call me after that", "afternoon"),
        ("Truqueu-me després de les 14:00", "afternoon"),
        ("Truqueu-me, però no entre 2 i 4", "any"),
        ("Truqueu-me tot el matí", "morning"),
        ("estoy en casa por las tardes a partir de las 18:00, llámenme", "afternoon"),
        ("Los matins és al tros i no sent lo mòbil, així que truqueu-li havent dinat.", "afternoon"),
        (
            "Demà baixo a l'escorxador i no torne fins que siguen les quatre, a partir d'aquí truqueu quan vulgueu.",
            "afternoon",
        ),
        ("Llámenme al 600112233. Hasta las tres estoy con entrevistas; a partir de ahí, cuando gusten.", "afternoon"),
        ("Llamen antes de las once porque luego voy a la compra, y por la tarde tengo gimnasia.", "morning"),
        ("Call me: 600112233. Lunchtime is best, I have a break from 1.15 to 1.55.", "morning"),
        ("Sóc al despatx fins que surto a dinar, al 600112233.", "morning"),
        ("Em surt una ratlla vermella. Truqueu-me al 600112233, ans de les dotze.", "morning"),
        ("Dl i dc de 9 a 13 i dj de 16 a 19. Tel. 600112233", "any"),
        ("Treballa de nits, o sigui que abans de les tres de la tarda dorm, no hi truqueu pel matí!", "afternoon"),
        ("¿Me llaman? 655207731. Cualquier hora menos la siesta (de 3 a 5).", "any"),
        ("Rappelez-moi : 06 39 98 04 17, avant midi, l'après-midi je taille les vignes.", "morning"),
        ("600112233, entre la una i les dues o a partir de les vuit del vespre, però em va bé la una", "morning"),
        ("A partir de les vuit del vespre. Si no pot ser tan tard, cap a les set. Tel. 600112233", "afternoon"),
        ("Six double-two is my number, please call. Mornings are hopeless.", "afternoon"),
        ("600112233, por la tarde juega a la petanca así que antes", "morning"),
        ("Please ring 600112233; I start my shift at two so before that.", "morning"),
        ("Mon numéro : 600112233. Je sors de l'atelier à quinze heures, donc après.", "afternoon"),
        ("Appelez-moi à seize heures", "afternoon"),
        (
            "Treballo de nits: truqueu abans que me'n vagi a dormir, o sigui entre les vuit i dos quarts de nou.",
            "morning",
        ),
        ("Telèfon 6-0-0, 1-1-2, 2-3-3. Truqueu a dos quarts d'onze, que ja he tornat de la plaça", "morning"),
        ("Me podéis llamar al\n\n600\n11 22\n33\n\npor la mañana antes de las once", "morning"),
        ("Truqueu al 600112233, als matins; a les tardes opero.", "morning"),
        ("Por las mañanas duermo, así que nada de mañanas. Tel. 600112233", "afternoon"),
        ("Appelez le 600112233, jamais l'après-midi car je dors", "morning"),
        ("Llamen a primerísima hora, 600112233", "morning"),
        ("Llámenme al fijo, 600112233. Por la mañanita.", "morning"),
        ("Vă rog să mă sunați dimineața, 600112233", "morning"),
        ("llamarme a la hora de la siesta: 600112233", "afternoon"),
        ("Plego de l'extraescolar a les tres tocades, a partir d'aquí quan vulguin. Tel. 600112233", "afternoon"),
        ("Faig parada llarga de 9.30 a 10.15 i prou. El número és el 600112233", "morning"),
        ("Tel. 600112233, antes de comer que a las 14 entro a repartir", "morning"),
        ("Despues de comer hasta las cinco. 600112233", "afternoon"),
        ("Truqueu al 600112233, de les tres cap endavant", "afternoon"),
        ("digueu-li: 600112233 (qualsevol hora menys quan recull els nens, de 16:15 a 17:30)", "any"),
        ("no ho sé fer, podeu trucar al 600112233 abans de dinar que al migdia plego", "morning"),
        (
            "me llega un mensaje: cita anulada, yo no la anulé; hoy llámenme en la mañana al 600112233",
            "morning",
        ),
        ("que me liguem para o 600112233. De tarde não, por favor", "morning"),
        ("Paro a comer de una a dos. Tel. 600112233", "morning"),
    ],
)
def test_a_wish_falls_into_its_slot_and_two_o_clock_is_afternoon(text: str, slot: str) -> None:
    assert (time(text).slot, time(text).outside) == (slot, False)


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        # the telephone of a busy writer asks for nothing
        ("Em podeu trucar al matí, si us plau? A la tarda estic a classe i tinc el telèfon apagat.", "morning"),
        ("Em podeu trucar a la tarda? Al matí soc a la fàbrica i deixo el telèfon a la taquilla.", "afternoon"),
        ("Truqueu-me al matí. A la tarda tinc el telèfon en silenci.", "morning"),
        ("¿Me pueden llamar por la tarde? Por la mañana tengo el teléfono apagado.", "afternoon"),
        ("¿Me llaman por la mañana? Por la tarde trabajo y el teléfono lo lleva mi hija.", "morning"),
        ("Llámenme. Por la tarde tengo el teléfono desconectado.", "morning"),
        ("Truqueu-me al telèfon de la feina a la tarda", "afternoon"),
        ("No em mouré del costat del telèfon en tota la tarda. Truqueu-me", "afternoon"),
        ("A la tarda soc a classe, però truqueu-me igualment a la tarda", "afternoon"),
        ("Por la tarde, al teléfono del trabajo: 600112233", "afternoon"),
        ("Teléfono: 600112233, por la mañana", "morning"),
        ("No apaguéis nada, llámenme por la tarde", "afternoon"),
        # what follows from an excuse is a wish
        ("Llámenme. Por la mañana tengo clase, salgo a las 12, así que de 12 a 13:30 estaría bien.", "morning"),
        ("Truqueu-me. Al matí tinc classe, surto a les 12, així que de 12 a 13:15 aniria perfecte.", "morning"),
        ("Llámenme. Tengo médico por la tarde, o sea que de 10 a 12 estoy tranquila en casa.", "morning"),
        ("Truqueu-me. Els nens dinen a casa, per això de 4 a 6 hauríem acabat.", "afternoon"),
        ("Llámenme. Estoy de obras, así que de 17 a 19 sería lo suyo.", "afternoon"),
        ("Truqueu-me. Visc amb la mare, o sigui que de 9 a 11 seria fantàstic per nosaltres.", "morning"),
        ("Llámenme. Abro la tienda, así que por la mañana trabajo sin parar.", "afternoon"),
        ("Truqueu-me. Faig de cangur, així que a la tarda no puc.", "morning"),
        ("Llámenme por la tarde. Tengo prisa, así que no antes de las cinco.", "afternoon"),
        ("Truqueu-me al matí. Tinc torn, així que a la tarda dormo.", "morning"),
        ("Llámenme. El plazo acaba el viernes, así que cuanto antes.", "any"),
        ("La web falla, o sigui que truqueu-me quan pugueu", "any"),
        # "the only while that I have": the clause goes on
        ("Truqueu-me. Amb la feina, l'única estona que tinc és de 7 a 8 del vespre.", "afternoon"),
        ("Truqueu-me. Treballo i l'únic moment que tinc és de 10 a 11.", "morning"),
        ("Llámenme. Con el trabajo, el único rato que tengo es de 5 a 6.", "afternoon"),
        ("Llámenme. Trabajo mucho y el único momento que tengo es antes de las 10.", "morning"),
        ("Truqueu-me, la feina no em deixa. L'hora que tinc lliure és la una.", "morning"),
        ("Llámenme. En el trabajo la hora que tengo de descanso es de 16 a 17.", "afternoon"),
        ("Truqueu-me, que de 7 a 8 treballo", "any"),
        ("Truqueu-me al matí, que a la tarda treballo", "morning"),
        ("Llámenme por la tarde, que por la mañana tengo turno", "afternoon"),
        ("Truqueu-me a l'hora que vulgueu", "any"),
        ("Llámenme a la hora que quieran, menos por la tarde", "morning"),
        ("Llámenme en el momento que salga, a las cinco", "afternoon"),
        # a number after "la" is an hour after a preposition
        ("Hi som de 8 a 14. L'extensió és la 4. Truqueu-me", "morning"),
        ("Tel. 600112233 de 9 a 13, la meva taula és la 5", "morning"),
        ("Llámenme por la mañana, la puerta es la 6", "morning"),
        ("Llámenme de 10 a 12, la extensión es la 5", "morning"),
        ("Por la mañana al 600112233, marquen la 3", "morning"),
        ("Truqueu-me al matí, visc a la porta del costat, la 4", "morning"),
        ("Truqueu-me cap a la 1", "morning"),
        ("Llámenme a la 1", "morning"),
        ("Truqueu-me fins a la 1", "morning"),
        ("Llámenme sobre la 1", "morning"),
        ("Truqueu-me de la 1 a les 2", "morning"),
        ("Llámenme a partir de la 1 hasta las 2", "morning"),
        # who goes to work from three on can be called before
        ("Em podeu trucar al matí? A partir de les 3 entro a treballar.", "morning"),
        ("Em podeu trucar abans de dinar? A partir de les 4 entro a la fàbrica.", "morning"),
        ("Truqueu-me de 10 a 12, a partir de les 2 me'n vaig", "morning"),
        ("¿Me pueden llamar por la mañana? A partir de las 3 entro a trabajar.", "morning"),
        ("Llámenme antes de comer, a partir de las 14 empiezo turno", "morning"),
        ("¿Me llaman a primera hora? A partir de las 2 me voy.", "morning"),
        ("Truqueu-me a partir de les 3", "afternoon"),
        ("Llámenme a partir de las 3, que salgo de trabajar", "afternoon"),
        ("Truqueu-me a partir de les 4, abans no puc", "afternoon"),
        ("Entro a trabajar a las 9, llámenme a partir de las 18", "afternoon"),
        ("A partir de las 5 ya no puedo. Llámenme por la mañana", "morning"),
        ("A partir de les 3 em va bé. Truqueu-me", "afternoon"),
        # preferences and wishes in other words
        ("Prefiero por la tarde. 600112233", "afternoon"),
        ("600112233\nMés aviat a la tarda", "afternoon"),
        ("600112233\nA poder ser por la mañana", "morning"),
        ("¿Me podríais dar un toque esta tarde o mañana por la tarde?", "afternoon"),
        ("Em podeu fer un toc aquest matí?", "morning"),
        ("Si pudiera ser mañana a primera hora se lo agradezco, luego me voy. 600112233", "morning"),
        ("Us ho agrairia demà a primera hora. 600112233", "morning"),
        ("Estoy de tarde esta semana. Llámenme", "morning"),
        ("Estoy de mañana. Llámenme", "afternoon"),
        ("Estoy de mañana esta semana, llamen por la tarde", "afternoon"),
        ("Estic de nits. Truqueu-me a la tarda", "afternoon"),
        ("Llámenme. Estoy de 9 a 13.", "morning"),
        ("Tinc hora al metge a les 15, truqueu-me després", "afternoon"),
        # one day of the week that does not suit says nothing of the others
        ("Estic sempre a casa menys els dimarts al matí. Truqueu-me", "any"),
        ("Els dilluns i dimecres al matí no puc, la resta sí. Truqueu-me", "any"),
        ("Divendres a la tarda treballo. Truqueu-me", "any"),
        ("Cualquier día menos el viernes por la tarde. Llámenme", "any"),
        ("El miércoles por la tarde no puedo, el resto sí. Llámenme", "any"),
        ("Llámenme. El lunes por la mañana tengo médico.", "any"),
        ("De dilluns a divendres al matí treballo. Truqueu-me", "afternoon"),
        ("De dilluns a dijous a la tarda no puc. Truqueu-me", "morning"),
        ("Em podeu trucar dilluns? Al matí no hi soc.", "afternoon"),
        ("Trabajo de lunes a viernes por la mañana. Llámenme", "afternoon"),
        ("Estoy libre por la tarde excepto el miércoles. Llámenme", "afternoon"),
        ("Demà al matí no puc. Truqueu-me", "afternoon"),
        # "but" ends what is refused before it
        ("No puc gaire però al matí sí que hi soc. Truqueu-me", "morning"),
        ("Truqueu-me: no hi sento bé però a la tarda hi ha el meu fill", "afternoon"),
        ("No tinc fix però a la tarda contesto el mòbil. Truqueu-me", "afternoon"),
        ("No puedo ir pero por la mañana me pueden llamar", "morning"),
        ("No tengo internet pero por la tarde estoy en casa. Llámenme", "afternoon"),
        ("I can't come but I am free in the afternoon, call me", "afternoon"),
        ("Truqueu-me però al matí no", "afternoon"),
        ("Truqueu-me quan vulgueu però no a la tarda", "morning"),
        ("Llámenme por la mañana pero no antes de las diez", "morning"),
        ("Por la tarde no pero por la mañana sí. Llámenme", "morning"),
        ("Llámenme cuando quieran pero por la tarde no puedo", "morning"),
        ("Call me any time but not in the morning", "afternoon"),
        # more words of wishes and of work
        ("Puede llamarme cualquier mañana", "morning"),
        ("Llámenme lunes mañana o martes mañana", "morning"),
        ("Llámenme lunes mañana o martes tarde", "any"),
        ("Les dejo mi teléfono, 600112233. Suelo estar por la tarde.", "afternoon"),
        ("Les dejo mi teléfono, 600112233. Por la mañana no suelo estar.", "afternoon"),
        ("Us deixo el 600112233. Acostumo a ser-hi al matí.", "morning"),
        ("Mi horario de trabajo es de 15 a 23, llámenme por la mañana", "morning"),
        ("Truqueu-me. El meu horari de feina és de 8 a 14.", "afternoon"),
        ("Preferiría que fuese por la tarde. 600112233", "afternoon"),
        ("Truqueu-me en acabar de dinar", "afternoon"),
        # the hours of work after a colon
        ("Treballo a torns: de 6 a 14. Truqueu-me", "afternoon"),
        ("Tinc feina: de 8 a 14. Truqueu-me", "afternoon"),
        ("Treballo a la botiga: de 14 a 20. Truqueu-me", "morning"),
        ("Trabajo a turnos: de 14 a 22. Llámenme", "morning"),
        ("Tengo turno partido: de 10 a 14 y de 17 a 20. Llámenme a mediodía, a las 15.", "afternoon"),
        ("Mi horario de trabajo: de 8 a 14. Llámenme", "afternoon"),
        ("Horari per trucar-me: de 9 a 13", "morning"),
        ("Llámenme a este número: de 16 a 19", "afternoon"),
        ("Estic lliure de la feina: de 10 a 12. Truqueu-me", "morning"),
        ("Truqueu-me, al migdia no, que dormo; de 16 a 18", "afternoon"),
        ("Trabajo en casa y pueden llamar: de 10 a 12", "morning"),
        ("Al matí treballo; a partir de les 5 truqueu-me", "afternoon"),
        # what is difficult is not wished; since when the fault is there is no hour of a call
        ("Em podeu trucar a la tarda? Al matí és complicat.", "afternoon"),
        ("Em podeu trucar al matí? A la tarda em va malament.", "morning"),
        ("Truqueu-me. A la tarda vaig de bòlit.", "morning"),
        ("Llámenme cuando puedan, aunque por la mañana me cuesta cogerlo.", "afternoon"),
        ("¿Me llaman por la mañana? Luego por la tarde se me complica.", "morning"),
        ("Llámenme. Por la tarde me viene mal.", "morning"),
        ("El portal no em deixa entrar des d'aquest matí. Em podeu trucar?", "any"),
        ("No me deja firmar desde esta mañana. ¿Me pueden llamar?", "any"),
        ("El tràmit és complicat. Truqueu-me a la tarda", "afternoon"),
        ("Es complicado de explicar, llámenme por la mañana", "morning"),
        ("El formulari no va des d'ahir. Truqueu-me a la tarda", "afternoon"),
        ("La web va mal. Llámenme por la tarde", "afternoon"),
        # the hours of a fault are none of a call
        ("La web no va des de les 9. Em podeu trucar? 600112233", "any"),
        ("No puc entrar des de les 9 del matí. Em podeu trucar? 600112233", "any"),
        ("No me deja firmar desde las 10. ¿Me llaman? 600112233", "any"),
        ("El portal no funciona a la tarda. Truqueu-me al 600112233", "any"),
        ("Aquesta tarda no em deixa signar. Em podeu trucar? 600112233", "any"),
        ("No contesta nadie por la mañana. ¿Me pueden llamar? 600112233", "any"),
        ("Al matí treballo i no puc entrar al portal, truqueu-me al 600112233", "afternoon"),
        ("No em va bé a la tarda. Truqueu-me", "morning"),
        ("Por la mañana no va bien. Llámenme", "afternoon"),
        ("Mi jefe no me deja coger el teléfono por la mañana. Llámenme", "afternoon"),
        ("El portal no va, truqueu-me a la tarda", "afternoon"),
        ("No puedo firmar. Por la tarde no puedo hablar. Llámenme", "morning"),
        # a range of hours after the work it is of
        ("Trabajo por las tardes, de 15 a 21 h. Llámenme", "morning"),
        ("Trabajo por las mañanas, de 8 a 14 h. Llámenme", "afternoon"),
        ("Treballo al matí, de 8 a 14. Truqueu-me", "afternoon"),
        ("Estic a classe a la tarda, de 15 a 20. Truqueu-me", "morning"),
        ("Por la tarde trabajo, de 16 a 20. Llámenme", "morning"),
        ("Al matí tinc classe, de 9 a 13. Truqueu-me", "afternoon"),
        ("Al matí treballo, de 4 a 6. Truqueu-me", "afternoon"),
        ("Por la mañana trabajo, de 5 a 7 mejor. Llámenme", "afternoon"),
        ("A la tarda tinc classe, de 10 a 12. Truqueu-me", "morning"),
        ("Truqueu-me a la tarda, de 4 a 6", "afternoon"),
        ("Llámenme por la mañana, de 9 a 12", "morning"),
        ("Al matí soc a casa, de 9 a 12. Truqueu-me", "morning"),
        ("No hace falta que me llamen por la mañana, con la tarde basta", "afternoon"),
        ("No cal que truqueu a la tarda", "morning"),
    ],
)
def test_a_wish_outweighs_the_excuse_beside_it(text: str, slot: str) -> None:
    assert time(text).slot == slot


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("Em podríeu trucar? Arribo a casa a les vuit del vespre", "afternoon"),
        ("Truqueu-me a partir de les vuit del vespre", "afternoon"),
        ("Llamen a las nueve de la noche", "afternoon"),
        ("Truqueu-me a les set del matí", "morning"),
        ("call me at 8:30 pm", "afternoon"),
        ("Truqueu-me després de sopar", "afternoon"),
    ],
)
def test_a_wish_outside_office_hours_gets_the_nearest_slot_and_says_so(text: str, slot: str) -> None:
    assert time(text) == (slot, (), True)


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("Millor a la tarda, si pot ser. Gràcies", "afternoon"),
        ("Mejor por la mañana, gracias.", "morning"),
        ("Could you call in the morning instead?", "morning"),
        ("A la tarda no puc.", "morning"),
        ("Al matí treballo, truqueu-me a la tarda si us plau.", "afternoon"),
        ("Ahir a la tarda ho vaig provar i no anava.", None),
        ("Ja he pogut signar la instància aquest matí.", None),
        ("Bona tarda, gràcies per la trucada.", None),
        ("El portal no funciona a la tarda.", None),
        ("Us adjunto la captura de les 10.30 d'aquest matí.", None),
    ],
)
def test_a_brief_reply_may_name_another_slot_without_a_number(text: str, slot: str | None) -> None:
    time = features.find("Re: Us trucarem", text).other_time
    assert (time.slot if time else None) == slot
    assert features.find("Consulta", text).other_time is None


def test_a_clause_that_nobody_would_write_names_no_time() -> None:
    assert features.find("Re: Us trucarem", "10h " * 30).other_time is not None
    assert features.find("Re: Us trucarem", "10h " * 2_000).other_time is None


# Whole mails that ask for a call: the number, the slot and the hours that their writers mean.

MAILS = [json.loads(line) for line in Path(__file__).with_name("call_backs.jsonl").read_text("utf-8").splitlines()]


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail["text"][:50])
def test_a_mail_gives_its_number_slot_and_hours(mail: dict[str, str | None]) -> None:
    found = features.find(str(mail["subject"]), str(mail["text"]), phone="900 772 772").callback
    assert found is not None
    assert (found.phone, found.slot) == (mail["phone"], mail["slot"])
    begins, ends = (moment.hour * 60 for moment in SLOTS[found.slot])
    hours = found.hours or ((begins, ends),)
    assert hours[0][0] == (_minute(mail["from"]) if mail["from"] else begins)
    if hours[-1][0] != hours[-1][1]:  # not "at about five"
        assert hours[-1][1] == (_minute(mail["until"]) if mail["until"] else ends)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("Truqueu-me a les cinc al 600112233", ((1020, 1020),)),
        ("Llamen de 9 a 11 o de 16 a 18 al 600112233", ((540, 660), (960, 1080))),
        ("Truqueu al 600112233 a qualsevol hora menys a les cinc", ((480, 1020), (1080, 1200))),
        ("Truqueu-me de 19 a 22 al 600112233", ((1140, 1200),)),
        ("Truqueu-me al matí al 600112233", ()),
        ("Truqueu-me a partir de les nou del vespre al 600112233", ()),
    ],
)
def test_hours_lie_within_the_hours_of_calls_and_a_whole_slot_is_none(
    text: str, hours: tuple[tuple[int, int], ...]
) -> None:
    found = features.find("Trucada", text).callback
    assert found is not None
    assert found.hours == hours


# When a person wants to be called, said without punctuation or with shifts, school hours and reasons beside it.


@pytest.mark.parametrize(
    ("text", "slot"),
    [
        ("a ver si me llamáis por la mañana que por la tarde estoy en ruta al 600112233 venga", "morning"),
        ("don't ring this one I'm driving ring the office on 600112233 before lunch your time ta", "morning"),
        ("al meu que és el 600112233 millor quan plego a partir de les quatre gràcies adéu", "afternoon"),
        ("Al trabajo 600112233 ext. 4 hasta las 2, luego ya no puedo hablar que estoy en línea.", "morning"),
        ("600112233. Cuina fins a les 3 o sigui que a partir de quarts de quatre", "afternoon"),
        ("Yo entro a las dos, o sea luego. 600112233", "afternoon"),
        ("600112233, però hi ha veremadores fins que toquen les dues; després ja hi ha silenci.", "afternoon"),
        ("600112233. A partir de las 8 de la mañana y hasta la una; después cocino.", "morning"),
        ("Estoy en casa hasta la hora de comer; luego me voy al campo. 600112233", "morning"),
        ("600112233 a partir de las tres que antes hay hormigonado", "afternoon"),
        ("si poguessin trucar quan plego, cap a les vuit i mitja del matí abans d'anar a dormir. 600112233", "morning"),
        ("me viene bien antes del trabajo, entro a las 10. 612 30 45 78", "morning"),
        ("llamar cuando cargo, que es de 9 a 12. 633 21 08 46", "morning"),
        ("Truqueu-la a ella: 600112233, sortint de l'escola.", "afternoon"),
        ("¿Me llamáis al 600112233 cuando haya recogido a los niños del cole?", "afternoon"),
        ("600112233. A las 9 de la noche estoy en fabrica asi que antes, cuando recojo niños a las 5", "afternoon"),
        ("+221 77 048 63 91. Allí es una hora menos, entonces para ustedes después de las 5 de la tarde.", "afternoon"),
        ("600112233. Cualquier hora menos de 12 a 1", "any"),
        ("600112233. Tinc el mòbil a la mà tot el matí.", "morning"),
        ("Estic a l'estudi de nou a dues: 600112233", "morning"),
        ("Faig torn de matí aquesta setmana, truqueu-me al 600112233", "afternoon"),
        ("Truqueu-me havent berenat, 600112233", "afternoon"),
        ("600112233, pm only", "afternoon"),
        ("el del local, només dimarts tarda; el meu, 600112233, és millor, i jo puc qualsevol matí.", "morning"),
        ("Em podeu trucar? 600112233 cap al tard Jordi", "afternoon"),
        ("llamada al teléfono de Fátima que estoy en su casa hasta el domingo 600112233 y por la tarde", "afternoon"),
        ("Me llamen al 600112233. Por la mañana estoy en el colegio o sea que no", "afternoon"),
        ("al 600112233 que por la tarde duermo hasta las cinco mejor por la mañana", "morning"),
        ("Reach me on 600112233, mornings are blocked by flights, later is good.", "afternoon"),
        ("600112233; a partir de les vuit del matí em trobareu, no més tard de la una.", "morning"),
        ("Estoy disponible entre semana de 15:30 en adelante en el 600112233", "afternoon"),
        ("Ring me on 600112233 once I've dropped the kids off, so after nine and before lunch", "morning"),
    ],
)  # fmt: skip
def test_the_slot_of_what_is_dictated_or_explained(text: str, slot: str) -> None:
    found = features.find("Trucada", text).callback
    assert found is not None
    assert found.slot == slot


@pytest.mark.parametrize(
    "text", ["fa dues setmanes que espero", "hace tres dias de esto", "en 10 days", "som 4 germans"]
)
def test_a_sentence_whose_numbers_count_things_tells_no_time(text: str) -> None:
    assert not time_words.Sentence(text).may_tell


@pytest.mark.parametrize(
    "text",
    ["a les dues passades", "a les 10 hores", "dos quarts de sis dilluns", "las tres menos diez", "a quarter to six"],
)
def test_an_hour_before_a_plural_is_not_passed_over(text: str) -> None:
    assert time_words.Sentence(text).may_tell


def _sentences() -> list[str]:
    rows = [
        json.loads(line)
        for file in (Path(__file__).with_name("call_backs.jsonl"), *sorted(Path("bench").glob("*calls*.jsonl")))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    texts = [features.fold(value) for row in rows for value in row.values() if isinstance(value, str)]
    return [sentence for text in texts for sentence in text.split(". ")]


def test_no_sentence_with_a_time_is_passed_over() -> None:
    sentences = _sentences()
    told = [
        sentence
        for sentence in sentences
        if any(token.kind in ("clock", *time_words.PARTS) for token in time_words.tokens(sentence))
    ]
    assert len(told) > len(sentences) / 10
    assert [sentence for sentence in told if not time_words.Sentence(sentence).may_tell] == []


def test_no_sentence_with_a_day_is_passed_over() -> None:
    spans = re.compile(r"\b(?:setman|seman|week|mes|month)\w*")  # a week or a month is no day of a call
    sentences = [" ".join(spans.sub(" ", sentence).split()) for sentence in _sentences()]
    named = [sentence for sentence in sentences if without_days(sentence) != sentence]
    assert len(named) > 90
    assert [sentence for sentence in named if not time_words.Sentence(sentence).may_name_a_day] == []
