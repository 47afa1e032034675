"""Address fields are read before anything in them is decoded."""

import pytest

from oacmail.mail.mime import headers
from oacmail.mail.mime.headers import Fields
from tests.work import PER_CHARACTER, calls


def _from(*values: str) -> tuple[str, str, bool]:
    return headers.sender(Fields.from_pairs(("From", value) for value in values))


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        ("Anna <Anna@X.cat>", "anna@x.cat", "Anna"),
        ("anna@x.cat", "anna@x.cat", ""),
        ("anna@x.cat (Anna Puig)", "anna@x.cat", "Anna Puig"),
        ('"Puig, Anna" <anna@x.cat>', "anna@x.cat", "Puig, Anna"),
        ('"anna@x.cat" <evil@x.com>', "evil@x.com", "anna@x.cat"),
        ("=?iso-8859-1?Q?Nu=F1ez=2C_Pep?= <p@x.es>", "p@x.es", "Nuñez, Pep"),
        ("N\udcfaria <n@x.cat>", "n@x.cat", "Núria"),
        ("<@relay.x,@b.y:anna@x.cat>", "anna@x.cat", ""),
        ("Anna (de casa <evil@x>) <anna@x.cat>", "anna@x.cat", "Anna"),
        ("'anna@x.cat' <anna@x.cat>", "anna@x.cat", "anna@x.cat"),
        ('"a b"@x.cat', '"a b"@x.cat', ""),
    ],
)
def test_one_mailbox_is_one_sender(value: str, address: str, name: str) -> None:
    assert _from(value) == (address, name, True)


@pytest.mark.parametrize(
    ("values", "address"),
    [
        (("a@x.cat", "b@x.cat"), "a@x.cat"),
        (("a@x.cat, b@x.cat",), "a@x.cat"),
        (("agents: a@x.cat;",), "a@x.cat"),
        (("=?utf-8?b?<anna@x.cat>?= <evil@x.com>",), "evil@x.com"),
        (("anna@x.cat <evil@x.com>",), "evil@x.com"),
        (("Anna <anna@x.cat> <evil@x.com>",), "evil@x.com"),
        (('"Anna <anna@x.cat>',), "anna@x.cat"),
        (("Puig, Anna <anna@x.cat>",), "anna@x.cat"),
        (("MAILER-DAEMON",), ""),
        (("undisclosed-recipients:;",), ""),
        (("a@x.cat b@x.cat",), ""),
        (("",), ""),
        ((), ""),
    ],
)
def test_anything_else_proves_nobody(values: tuple[str, ...], address: str) -> None:
    found, _, single = _from(*values)
    assert (found, single) == (address, False)


def test_lists_give_bare_addresses_each_once_and_no_more_than_asked() -> None:
    assert headers.address_list(["Pep <P@x.cat>, p@x.cat, veïns: a@x.cat, b@x.cat;", "c@x.cat"]) == (
        "p@x.cat",
        "a@x.cat",
        "b@x.cat",
        "c@x.cat",
    )
    assert len(headers.address_list([", ".join(f"a{n}@x.cat" for n in range(2000))])) == headers.MOST_ADDRESSES


def test_a_display_name_has_no_controls_and_no_direction_marks() -> None:
    assert _from('"An\u202ena\x1b[31m" <a@x.cat>')[1] == "An na [31m"


@pytest.mark.parametrize("hostile", ["<", "(", '"', "a,", ":", '\\"', "<a@b.c>", "(a", "=?"])
def test_a_hostile_field_costs_no_more_than_its_length(hostile: str) -> None:
    assert calls(lambda: _from(hostile * (64_000 // len(hostile)))) < PER_CHARACTER * 64_000
