"""Words that mean something: folded, longest first, weighed; the telephone and the hour of a call-back."""

import pytest

from oacmail.core.features import Term
from oacmail.mail.understanding import features, lexicon, lexicon_of_kinds, phones
from tests.work import PER_CHARACTER, calls

TABLES = (*lexicon.TABLES, *lexicon_of_kinds.TABLES)


def keys(subject: str, text: str = "") -> set[str]:
    return set(map(str, features.find(subject, text).terms))


@pytest.mark.parametrize(
    "spelling", ["instal·lar", "instal•lar", "instal.lar", "instal-lar", "instaŀlar", "INSTAL·LAR"]
)
def test_every_spelling_of_the_double_l_is_one_word(spelling: str) -> None:
    assert features.fold(f"{spelling} el certificat") == "installar el certificat"


def test_accents_and_apostrophes_make_no_difference() -> None:
    assert keys("", "L’idCAT MÒBIL") == keys("", "l'idcat mobil")


def test_the_longest_term_hides_the_shorter_inside_it() -> None:
    found = keys("", "on és el certificat d'empadronament i el formulari de queixes?")

    assert "topic:folder:certificat d'empadronament" in found
    assert not any(key.startswith(("topic:certificate", "intent:complaint")) for key in found)


def test_a_term_is_a_word_not_a_piece_of_one() -> None:
    assert not any(key.startswith("topic:appointment") for key in keys("", "la sol·licitació i l'excitació"))


def test_a_star_stands_at_the_end_of_a_term_alone_or_its_messages_would_be_unreadable() -> None:
    terms = [term.strip() for _, _, some in TABLES for term in some.split(",")]

    assert [term for term in terms if "*" in term[:-1]] == []


def test_the_subject_counts_double_and_a_text_three_times_at_most() -> None:
    subject = features.find("Subvenció", "").terms[Term("topic", "grant", "subvencio")]
    text = features.find("", "subvenció").terms[Term("topic", "grant", "subvencio")]
    many = features.find("", "subvenció " * 9).terms[Term("topic", "grant", "subvencio")]

    assert (subject / text, many / text) == (2.0, 3.0)


def test_the_subject_of_an_answer_tells_the_topic_only() -> None:
    assert keys("Re: Queixa pel casal") == {"topic:enrolment:casal"}


def test_a_subject_of_thanks_is_marked() -> None:
    assert features.find("Moltes gràcies!", "").subject_thanks
    assert not features.find("Re: gràcies", "").subject_thanks


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("truqueu-me al 600 11 12 22", "+34600111222"),
        ("tel. 93.770.06.14", "+34937700614"),
        ("(+34) 699.30.14.15", "+34699301415"),
        ("0034 600771230", "+34600771230"),
        ("649/30.17.56", "+34649301756"),
        ("call me: +47 912 34 567", "+4791234567"),
        ("au 0033 6 12 48 90 75", "+33612489075"),
        ("al fix 93 555 02 77, però millor al mòbil 605 99 28 16", "+34605992816"),
        ("fax 93 555 08 81, telèfon 93 851 00 77", "+34938510077"),
        ("el DNI 12345678Z", ""),
        ("IBAN ES91 2100 0418 4502 0005 1332", ""),
        ("expedient 612345678", ""),
        ("registre E/2025/006120", ""),
        ("truqueu al 900 772 772", ""),
        ("93. 775 00 00", "+34937750000"),
        ("a les tardes, entre 5 i 7. 600 93 14 27", "+34600931427"),
        ("l'any 2025, 1.250,00 €, del 12/03/2026", ""),
        ("telèfon 512 34 56 78", ""),
    ],
)
def test_the_telephone_is_found_and_other_numbers_are_not(text: str, number: str) -> None:
    assert phones.phone(features.fold(text), "900 772 772") == number


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
        ("Bona tarda, em podeu trucar?", "any"),
        ("truqueu-me", "any"),
        ("Franja horària: Tarda (14-20h). Fins a 12 terminis. Truca'm", "afternoon"),
        ("llámenme mejor por las tardes que por la mañana trabajo", "afternoon"),
        ("Llámennos por las tardes, que por la mañana estamos con las salidas", "afternoon"),
        ("Em podríeu trucar? Arribo a casa a les vuit del vespre", "afternoon"),
        ("Truqueu-me, plego a dos quarts de cinc", "afternoon"),
        ("Me pueden llamar de 13:00 a 13:45", "morning"),
        ("Que me llamen. Estoy en casa todo el día menos de 14 a 16", "any"),
        ("Va fallar a les nou. Truqueu-me ara mateix", "any"),
    ],
)
def test_an_hour_falls_into_its_slot_and_two_o_clock_is_afternoon(text: str, slot: str) -> None:
    assert phones.slot(features.fold(text)) == slot


def test_the_tables_are_folded_and_no_term_stands_twice_in_a_group() -> None:
    seen: set[tuple[str, str]] = set()
    for group, weight, terms in TABLES:
        for term in (" ".join(term.split()) for term in terms.split(",")):
            assert features.fold(term) == term, term
            assert (group, term) not in seen, (group, term)
            assert term, group
            assert 0 <= weight <= 4
            seen.add((group, term))


def test_a_usual_text_costs_no_more_than_its_length() -> None:
    text = "Bon dia, no puc presentar la sol·licitud d'ajuts a la seu perquè surt un error. Em podeu trucar? " * 10
    features.find("", "the tables are laid out")
    assert calls(lambda: features.find("Error en la sol·licitud", text)) < PER_CHARACTER * len(text)


@pytest.mark.parametrize(
    "text", ["1 " * 200_000, "a les " * 100_000, "6" * 300_000, "truqueu " * 60_000, "l·" * 200_000]
)
def test_hostile_text_costs_no_more_than_its_length(text: str) -> None:
    assert calls(lambda: features.find("", text)) < PER_CHARACTER * len(text)


def test_a_number_that_no_plan_of_numbers_has_is_no_telephone() -> None:
    assert phones.phone("truqueu-me al +999 123 456 789") == ""
    assert phones.phone("truqueu-me al +33 1") == ""
    assert phones.phone("truqueu-me al +39 340 197 8265") == "+393401978265"


def test_the_telephone_of_the_signature_counts_where_the_text_has_none() -> None:
    signed = features.find("", "Truqueu-me", "Anna Puig\nTel. 600 111 222").callback
    written = features.find("", "Truqueu-me al 600 333 444", "Tel. 600 111 222").callback

    assert (signed and signed.phone, written and written.phone) == ("+34600111222", "+34600333444")
