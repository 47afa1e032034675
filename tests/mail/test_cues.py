"""Cues: what each says of invented sentences, and what must not set it off."""

import pytest

from oacmail.mail.understanding.cues import cues
from oacmail.mail.understanding.features import fold


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("A la meva veïna li passa el mateix.", "others see it"),
        ("Nadie puede entrar desde el lunes.", "others see it"),
        ("Mi marido tampoco puede.", "neither can they"),
        ("Ho hem provat amb tres ordinadors.", "several devices"),
        ("Ni con Chrome ni con Firefox.", "tried elsewhere"),
        ("Surt l'error 500.", "server error"),
        ("The page says 503 Service Unavailable.", "server error"),
        ("La sede está caída.", "down"),
        ("Des d'ahir que la vostra web ha caigut.", "down"),
        ("Cl@ve está caída desde ayer.", "down"),
        ("El correu electrònic de l'ajuntament està caigut.", "down"),
        ("Surt ERR_BAD_SSL_CLIENT_AUTH_CERT.", "server error"),
        ("Se ha vuelto a caer, la plataforma caída otra vez.", "down"),
        ("Ha caigut un arbre davant de casa.", "nothing electronic"),
        ("No funciona des de dilluns.", "since"),
        ("Hi surten les dades d'un altre veí.", "somebody else's"),
        ("L'enllaç del formulari està trencat.", "wrong document"),
        ("El import no coincide con las bases.", "documents disagree"),
        ("Al formulari falta la casella del NIE.", "option missing"),
        ("El formulario no admite mi código postal.", "form refuses"),
        ("Suma malament les quantitats.", "wrong sum"),
        ("M'han cobrat dues vegades.", "charged twice"),
        ("Al mostrador m'han dit que és cosa de la web.", "the counter says so"),
        ("Us ho dic perquè ho corregiu.", "please fix it"),
        ("Com puc presentar una instància?", "how to"),
        ("¿Dónde está el formulario?", "where is it"),
        ("Hay que firmar las dos hojas?", "what must i"),
        ("Es pot fer des del mòbil?", "may one"),
        ("No trobo el botó.", "does not know"),
        ("Em vaig equivocar de dia.", "own mistake"),
        ("La impressora fa ratlles.", "own device"),
        ("Es de la Seguridad Social.", "another body"),
        ("L'ajuntament de Vilatorta no em contesta.", "another town"),
        ("El fanal del carrer no s'encén.", "in the street"),
        ("La vostra web és lenta.", "the town's own"),
        ("Estic indignada.", "ill-tempered"),
        ("Estaria bé que hi hagués un vídeo.", "an idea"),
        ("Ejerzo mi derecho de acceso.", "a right"),
        ("Truqueu-me, si us plau.", "call me"),
    ],
)
def test_a_cue_holds(text: str, cue: str) -> None:
    assert cue in cues(fold(text))


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("He pagat 500 euros.", "server error"),
        ("It asks again, endlessly.", "server error"),
        ("L'ajuntament de Castellbisbal no em contesta.", "another town"),
        ("Ho he provat amb el meu ordinador.", "several devices"),
        ("Ha caigut un arbre davant de casa.", "down"),
        ("La meva mare s'ha caigut al carrer Major.", "down"),
        ("Us escric per la web. Ha caigut un fanal.", "down"),
        ("Al portal del número 5 ha caigut una rajola.", "down"),
        ("Se ha caído la valla del parque.", "down"),
        ("Com presento una instància?", "nothing electronic"),
        ("He de portar el DNI original.", "somebody else's"),
        ("Bon dia, vull demanar hora.", "ill-tempered"),
    ],
)
def test_a_cue_does_not_hold(text: str, cue: str) -> None:
    assert cue not in cues(fold(text), "castellbisbal")
