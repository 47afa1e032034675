"""Words that mean something: folded, longest first, weighed; the telephone and the hour of a call-back."""

import pytest

from oacmail.core.features import Term
from oacmail.mail.understanding import features, lexicon, lexicon_of_kinds
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


def test_the_telephone_of_the_signature_counts_where_the_text_has_none() -> None:
    signed = features.find("", "Truqueu-me", "Anna Puig\nTel. 600 111 222").callback
    written = features.find("", "Truqueu-me al 600 333 444", "Tel. 600 111 222").callback

    assert (signed and signed.phone, written and written.phone) == ("+34600111222", "+34600333444")
