"""When a person wants to be called, said without punctuation or with shifts, school hours and reasons beside it."""

import pytest

from oacmail.mail.understanding import features


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
