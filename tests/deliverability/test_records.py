"""What is said of the records of a domain: real zones, asked over a real socket."""

import base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from oacmail import resolver
from oacmail.core.deliverability import (
    DeliveringRelay,
    Finding,
    Leg,
    Look,
    OurMail,
    Spf,
    Travelled,
    delivering,
    dmarc_record,
    examine,
)
from oacmail.mail.mime.auth import travelled
from oacmail.resolver import Resolver
from tests.servers.dns_server import DnsServer


def _key(bits: int, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    public = rsa.RSAPublicNumbers(65537, 2 ** (bits - 1) + 1).public_key()  # which nobody signs with
    encoding = Encoding.DER
    return base64.b64encode(public.public_bytes(encoding, form)).decode()


def _dkim(key: str) -> str:
    """As TXT: in strings of at most 255 bytes."""
    text = f"v=DKIM1; k=rsa; p={key}"
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, len(text), 255))


KEY = _dkim(_key(2048))
RELAY = DeliveringRelay("mail.vila.cat", "93.184.216.34")
GOOD = f"""
vila.cat MX 10 mail.vila.cat.
vila.cat TXT "v=spf1 mx include:spf.provider.example -all"
vila.cat TXT "google-site-verification=x"
spf.provider.example TXT "v=spf1 ip4:198.51.100.0/24 ~all"
mail.vila.cat A 93.184.216.34
mail.vila.cat TXT "v=spf1 a -all"
34.216.184.93.in-addr.arpa PTR mail.vila.cat.
oac._domainkey.vila.cat TXT {KEY}
_dmarc.vila.cat TXT "v=DMARC1; p=reject; rua=mailto:postmaster@vila.cat"
"""
SIGNED = Travelled(signatures=(("vila.cat", "oac"),), relay=RELAY)
UNSIGNED = Travelled(relay=RELAY)
Serve = Callable[..., DnsServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda zone, **faults: stack.enter_context(DnsServer(zone, **faults))


def our_mail(
    address: str = "oac@vila.cat",
    travelled: Travelled | None = SIGNED,
    envelopes: tuple[str, ...] | None = None,
    provider: str = "generic",
) -> OurMail:
    return OurMail(
        address=address,
        receives=(address.rpartition("@")[2],),
        envelopes=("", address) if envelopes is None else envelopes,
        relay_host="mail.vila.cat",
        provider=provider,
        signatures=travelled.signatures if travelled else None,
        relay=travelled.relay if travelled else None,
    )


def look(dns: DnsServer, mail: OurMail | None = None) -> Look:
    return examine(mail or our_mail(), Resolver(dns.address).lookup)


def _without(zone: str, *beginnings: str) -> str:
    lines = [line for line in zone.splitlines() if not line.startswith(beginnings)]
    assert len(lines) < len(zone.splitlines())
    return "\n".join(lines)


def _of(look: Look, where: str) -> Finding:
    (found,) = [finding for finding in look.findings if finding.where == where]
    return found


def test_of_a_sound_domain_nothing_is_said(serve: Serve) -> None:
    dns = serve(GOOD)
    assert look(dns) == Look(())
    assert ("oac._domainkey.vila.cat", "TXT") in dns.asked


def test_an_spf_record_with_too_many_includes_names_them_with_their_costs(serve: Serve) -> None:
    includes = " ".join(f"include:s{n}.example" for n in range(6))
    inner = "\n".join(f's{n}.example TXT "v=spf1 a mx -all"\ns{n}.example A 192.0.2.{n + 1}' for n in range(6))
    zone = _without(GOOD, "vila.cat TXT") + f'\nvila.cat TXT "v=spf1 {includes} -all"\n{inner}'
    found = _of(look(serve(zone)), "vila.cat TXT")
    assert found.level == "error"
    assert "needs 18 lookups in the DNS, and receivers stop at 10" in found.what
    assert found.do.startswith("the admin of the DNS of vila.cat corrects it")
    assert "include:s0.example costs 3" in found.do


def test_an_include_that_has_no_record_breaks_the_record(serve: Serve) -> None:
    found = _of(look(serve(_without(GOOD, "spf.provider.example"))), "vila.cat TXT")
    # the relay matches `mx` before that: it is accepted, and the others are not
    assert (found.level, "includes spf.provider.example, which has no SPF record" in found.what) == ("warning", True)


@pytest.mark.parametrize(
    ("record", "level", "what"),
    [
        ("v=spf1 ip4:192.0.2.1 -all", "error", "does not cover 93.184.216.34 (mail.vila.cat)"),
        ("v=spf1 ip4:192.0.2.1 ~all", "warning", "does not cover 93.184.216.34 (mail.vila.cat)"),
        ("v=spf1 a/99 -all", "error", "has the term a/99, which no receiver understands"),
        ("v=spf1 mx//129 -all", "error", "has the term mx//129, which no receiver understands"),
        (r"v=spf1 \027[31mx -all", "error", "has the term \ufffd[31mx, which no receiver understands"),
        (f"v=spf1 {'x' * 240}", "error", f"has the term {'x' * 60}…, which no receiver understands"),
        ("v=spf1 b c d e f", "error", "has the term d, which no receiver understands, so"),
        ("v=spf1 ip:93.184.216.34 -all", "error", "has the term ip:93.184.216.34, which no receiver understands"),
        ("v=spf1 include:vila.cat -all", "error", "includes vila.cat again, without an end"),
        ("v=spf1 a:no1.vila.cat a:no2.vila.cat a:no3.vila.cat -all", "error", "asks for 3 names that do not exist"),
        ("v=spf1 mx +all", "warning", "lets every machine send in our name"),
        ("v=spf1 mx", "warning", "lets every machine send in our name"),
        ("v=spf1 redirect=nowhere.example", "error", "redirects to nowhere.example, which has no SPF record"),
    ],
)
def test_what_is_wrong_with_an_spf_record(serve: Serve, record: str, level: str, what: str) -> None:
    zone = _without(GOOD, "vila.cat TXT") + f'\nvila.cat TXT "{record}"'
    found = _of(look(serve(zone)), "vila.cat TXT")
    assert (found.level, what in found.what) == (level, True), found


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 ip4:93.184.216.0/24 -all",
        "v=spf1 a:mail.vila.cat -all",
        "v=spf1 mx/28 -all",
        "v=spf1 a:other.vila.cat/24//64 ~all",
        "V=SPF1 MX -ALL",
        "v=spf1 redirect=spf.vila.cat",
        "v=spf1 exists:%{i}.list.example -all",  # depends on each mail: nothing is claimed
        "v=spf1 mx ip6:2001:db8::/32 exp=why.vila.cat -all",
    ],
)
def test_an_spf_record_that_covers_the_relay(serve: Serve, record: str) -> None:
    more = 'other.vila.cat A 93.184.216.99\nspf.vila.cat TXT "v=spf1 a:mail.vila.cat -all"'
    assert look(serve(_without(GOOD, "vila.cat TXT") + f'\nvila.cat TXT "{record}"\n{more}')) == Look(())


def test_a_finding_says_the_exact_record_to_publish(serve: Serve) -> None:
    bare = look(serve("vila.cat A 93.184.216.34\nmail.vila.cat A 93.184.216.34"))
    does = {finding.where: finding.do for finding in bare.findings}
    assert does["vila.cat TXT"].endswith('publishes vila.cat TXT "v=spf1 mx ip4:93.184.216.34 ~all"')
    report = "v=DMARC1; p=none; rua=mailto:postmaster@vila.cat"
    assert does["_dmarc.vila.cat TXT"].endswith(f'publishes _dmarc.vila.cat TXT "{report}"')
    assert does["oac._domainkey.vila.cat TXT"].endswith('oac._domainkey.vila.cat TXT "v=DKIM1; k=rsa; p=KEY"')
    assert does["93.184.216.34 PTR"].endswith("sets its PTR record to mail.vila.cat")
    uncovered = serve(_without(GOOD, "vila.cat TXT") + '\nvila.cat TXT "v=spf1 ip4:192.0.2.1 -all"')
    do = _of(look(uncovered), "vila.cat TXT").do
    assert do.endswith('publishes vila.cat TXT "v=spf1 ip4:93.184.216.34 ip4:192.0.2.1 -all"')
    twice = serve(GOOD + 'vila.cat TXT "v=spf1 a ~all"')
    do = _of(look(twice), "vila.cat TXT").do
    assert do.endswith('publishes one instead, vila.cat TXT "v=spf1 a mx include:spf.provider.example ~all"')


@pytest.mark.parametrize(
    ("record", "level", "what"),
    [
        ("", "error", "the key is not published"),
        ('"v=DKIM1; k=rsa; p="', "error", "the key is revoked"),
        ('"v=DKIM1; p=AAAA"', "error", "cannot be read"),
        ('"some text"', "error", "is no DKIM key"),
        (_dkim(_key(1024)), "warning", "the key has 1024 bits, and 2048 are advised"),
        (KEY.replace("k=rsa", "t=y"), "warning", "marked as a test"),
        (_dkim(_key(2048, PublicFormat.PKCS1)), "", ""),
        ('"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="', "", ""),
    ],
)
def test_the_key_of_our_signature(serve: Serve, record: str, level: str, what: str) -> None:
    row = f"\noac._domainkey.vila.cat TXT {record}" if record else ""
    found = [
        finding
        for finding in look(serve(_without(GOOD, "oac._domainkey") + row)).findings
        if finding.where == "oac._domainkey.vila.cat TXT"
    ]
    assert [(finding.level, what in finding.what) for finding in found] == ([(level, True)] if level else [])


def test_dkim_broken_and_dmarc_reject_say_which_envelope_is_refused_and_what_to_do(serve: Serve) -> None:
    elsewhere = Travelled(SIGNED.signatures, DeliveringRelay("out7.hosting.example", "93.184.216.34"))
    zone = _without(GOOD, "oac._domainkey") + '\nout7.hosting.example TXT "v=spf1 ip4:93.184.216.34 -all"'
    found = look(serve(zone), our_mail(travelled=elsewhere))
    assert {finding.where for finding in found.findings if finding.level == "error"} == {
        "oac._domainkey.vila.cat TXT",
        "smtp.ack_envelope",
    }
    empty = _of(found, "smtp.ack_envelope")
    assert "its HELO name out7.hosting.example is not of vila.cat" in empty.what
    assert "receivers refuse it (_dmarc.vila.cat: reject)" in empty.what
    assert empty.do.endswith('until then write smtp.ack_envelope = "bounce" or "office"')


def test_with_a_good_key_an_unaligned_helo_name_is_no_fault(serve: Serve) -> None:
    elsewhere = Travelled(SIGNED.signatures, DeliveringRelay("out7.hosting.example", "93.184.216.34"))
    assert look(serve(GOOD + "out7.hosting.example A 93.184.216.34"), our_mail(travelled=elsewhere)) == Look(())


def test_without_a_key_the_helo_name_of_our_own_relay_is_what_the_empty_envelope_hangs_on(serve: Serve) -> None:
    zone = _without(GOOD, "oac._domainkey", "mail.vila.cat TXT")
    found = _of(look(serve(zone)), "smtp.ack_envelope")
    assert found.do.endswith('publishes mail.vila.cat TXT "v=spf1 a -all"')
    assert not any(finding.where == "smtp.ack_envelope" for finding in look(serve(_without(GOOD, "oac._"))).findings)
    office = our_mail(envelopes=("oac@vila.cat",))
    assert not any(finding.where == "smtp.ack_envelope" for finding in look(serve(zone), office).findings)


def test_strict_alignment_does_not_take_the_name_of_the_relay_for_the_domain(serve: Serve) -> None:
    strict = _without(GOOD, "oac._domainkey").replace("p=reject;", "p=quarantine; aspf=s;")
    found = _of(look(serve(strict)), "smtp.ack_envelope")
    assert "receivers put it into junk (_dmarc.vila.cat: quarantine)" in found.what


@pytest.mark.parametrize("tag", ["adkim=s", "adkim=S", "ADKIM = S", "aspf=s", "aspf=S"])
def test_strict_alignment_is_read_in_small_and_capital_letters_as_receivers_read_it(serve: Serve, tag: str) -> None:
    lookup = Resolver(serve(GOOD.replace("p=reject;", f"p=REJECT; {tag};")).address).lookup
    record = dmarc_record(lookup, "vila.cat")
    assert record.enforced
    assert (record.strict_dkim, record.strict_spf) == (tag.lower().startswith("adkim"), tag.startswith("aspf"))


def test_of_a_subdomain_the_organisations_policy_counts(serve: Serve) -> None:
    zone = GOOD.replace("vila.cat", "oac.vila.cat").replace("_dmarc.oac.vila.cat", "_dmarc.vila.cat")
    mail = our_mail("desk@oac.vila.cat", Travelled((), DeliveringRelay("out7.hosting.example", "93.184.216.34")))
    sp = zone.replace("p=reject;", "p=reject; sp=none;")
    assert "receivers refuse it (_dmarc.vila.cat: reject)" in _of(look(serve(zone), mail), "smtp.ack_envelope").what
    # under sp=none SPF of the HELO name alone would do, and it has none either
    assert "receivers may refuse it" in _of(look(serve(sp), mail), "smtp.ack_envelope").what


@pytest.mark.parametrize(
    ("record", "level", "what"),
    [
        ("vila.cat MX 0 .", "error", "a null MX says that the domain takes no mail"),
        ("vila.cat MX 10 gone.vila.cat.", "error", "none of the mail servers has an address: gone.vila.cat"),
        ("vila.cat A 192.0.2.1", "warning", "goes to the machine of the name vila.cat itself"),
        ("", "error", "nobody can write to us"),
    ],
)
def test_the_mail_servers_of_the_desk(serve: Serve, record: str, level: str, what: str) -> None:
    found = _of(look(serve(_without(GOOD, "vila.cat MX") + f"\n{record}")), "vila.cat MX")
    assert (found.level, what in found.what) == (level, True), found


@pytest.mark.parametrize(
    ("zone", "where", "what"),
    [
        (_without(GOOD, "34.216"), "93.184.216.34 PTR", "has no reverse name"),
        (GOOD.replace("PTR mail", "PTR host"), "93.184.216.34 PTR", "host.vila.cat does not lead back"),
        (GOOD.replace("mail.vila.cat A 93", "mail.vila.cat A 94"), "93.184.216.34 PTR", "does not lead back"),
    ],
)
def test_the_reverse_name_of_the_relay(serve: Serve, zone: str, where: str, what: str) -> None:
    assert what in _of(look(serve(zone)), where).what


def test_of_a_provider_s_own_domain_nothing_is_demanded(serve: Serve) -> None:
    dns = serve("")
    for address in ("oac.vila@gmail.com", "oac@vila.onmicrosoft.com"):
        assert look(dns, our_mail(address, UNSIGNED, provider="google")) == Look(())
    assert dns.asked == []


def test_microsoft_signs_for_itself_until_the_two_keys_are_published(serve: Serve) -> None:
    zone = _without(GOOD, "oac._domainkey")
    mail = our_mail(travelled=None, envelopes=("oac@vila.cat",), provider="microsoft365")
    found = _of(look(serve(zone), mail), "selector1._domainkey.vila.cat CNAME")
    assert "selector2._domainkey.vila.cat" in found.do
    assert look(serve(zone + f"\nselector1._domainkey.vila.cat TXT {KEY}"), mail) == Look(())


def test_a_signature_of_another_domain_is_not_ours(serve: Serve) -> None:
    other = Travelled((("vila.onmicrosoft.com", "selector1"),), RELAY)
    assert "signed for vila.onmicrosoft.com only" in _of(look(serve(GOOD), our_mail(travelled=other)), "vila.cat").what


def test_an_answer_that_does_not_come_is_no_finding_and_is_named(serve: Serve) -> None:
    names = ("vila.cat", "_dmarc.vila.cat", "oac._domainkey.vila.cat")
    found = look(serve("", broken=(*names, "mail.vila.cat", "34.216.184.93.in-addr.arpa")))
    assert found.findings == ()
    assert {"vila.cat TXT", "_dmarc.vila.cat TXT", "oac._domainkey.vila.cat TXT"} <= set(found.unseen)
    # only the key's name is silent: all else is seen, and nothing is claimed of DKIM
    half = look(serve(GOOD, silent=["oac._domainkey.vila.cat"]))
    assert half == Look((), ("oac._domainkey.vila.cat TXT",))


@pytest.mark.parametrize("fault", [{"silent": ["."]}, {"broken": ["."]}, {"root": ""}])
def test_a_server_that_does_not_know_the_world_is_asked_for_nothing_more(serve: Serve, fault: dict[str, Any]) -> None:
    """A machine without a network, and an inner DNS that says of every other name that it does not exist."""
    dns = serve(GOOD if "root" not in fault else "", **fault)
    found = look(dns)
    assert found.findings == ()
    assert "vila.cat MX" in found.unseen
    assert set(dns.asked) == {("", "NS")}


def test_a_server_that_refuses_the_question_for_the_root_is_asked_for_our_names(serve: Serve) -> None:
    assert look(serve(GOOD, refused=["."])) == Look((), ())
    assert {one.where for one in look(serve("", refused=["."])).findings} >= {"vila.cat TXT"}
    refused = look(serve(GOOD, refused=[".", "oac._domainkey.vila.cat"]))
    assert refused == Look((), ("oac._domainkey.vila.cat TXT",))


def _strings(terms: Iterable[str]) -> str:
    """A record in strings of one term each: one has at most 255 octets (RFC 7208, 3.3)."""
    return " ".join(['"v=spf1 "', *(f'"{term} "' for term in terms), '"-all"'])


def test_a_record_with_more_names_than_anybody_asks_for_is_not_walked_to_its_end() -> None:
    """Of 39 terms with ten mail servers each: 820 questions, by the letter of the ten lookups of RFC 7208."""
    zone = [f"town.example. TXT {_strings(f'mx:d{number}.example' for number in range(39))}"]
    for number in range(39):
        zone += [f"d{number}.example. MX {host} m{number}-{host}.example." for host in range(10)]
        zone += [f"m{number}-{host}.example. A 192.0.2.{host}" for host in range(10)]
    with DnsServer("\n".join(zone)) as server:
        walk = Spf.of(Resolver(server.address).lookup, "town.example", "198.51.100.9")
        assert len(set(server.asked)) <= 201  # with that for the root
    assert (walk.result, walk.lookups) == ("permerror", 39)


def test_a_look_that_meets_silence_ends_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop of the service waits for it: 40 silent names would have taken two minutes."""
    monkeypatch.setattr(resolver, "SECONDS", 0.2)
    monkeypatch.setattr(resolver, "SECONDS_OF_ALL", 0.5)
    names = [f"s{number}.example" for number in range(40)]
    zone = f"town.example. TXT {_strings(f'a:{name}' for name in names)}"
    with DnsServer(zone, silent=names) as server:
        walk = Spf.of(Resolver(server.address).lookup, "town.example", "198.51.100.9")
        assert len({name for name, _ in server.asked}) < 10
    assert (walk.result, walk.open) == ("permerror", True)


def test_the_relay_is_the_machine_that_hands_our_mail_to_another_organisation() -> None:
    us = Leg("oacmail.vila.local", "10.0.0.4", "smtp.hosting.example", submitted=True)
    inside = Leg("in1.hosting.example", "2001:4860::1", "out7.hosting.example")
    out = Leg("out7.hosting.example", "93.184.216.34", "mx.vila.cat")
    back = Leg("mx.vila.cat", "93.184.216.40", "mail.vila.cat")
    assert delivering((us, inside, out, back), "vila.cat") == DeliveringRelay("out7.hosting.example", "93.184.216.34")
    assert delivering((us, inside), "vila.cat") is None
    own = Leg("relay.vila.cat", "93.184.216.34", "mx.vila.cat")
    assert delivering((us, own), "vila.cat") == DeliveringRelay("relay.vila.cat", "93.184.216.34")


def test_a_copy_shows_its_signatures_and_the_relay_and_not_the_machine_that_runs_oacmail() -> None:
    raw = (
        b"Received: from mx.vila.cat (mx.vila.cat [10.0.0.9]) by dovecot.vila.cat with LMTP id a\r\n"
        b"Received: from out7.hosting.example (out7.hosting.example [93.184.216.34])\r\n"
        b"\tby mx.vila.cat (Postfix) with ESMTPS id b\r\n"
        b"DKIM-Signature: v=1; a=rsa-sha256; d=Vila.cat;\r\n s=oac; bh=eA==; b=e\r\n A==\r\n"
        b"DKIM-Signature: v=1; d=hosting.example; s=h1; b=eA==\r\n"
        b"Received: from desk.vila.cat (desk.vila.cat [93.184.216.99]) by smtp.hosting.example with ESMTP id c\r\n"
        b"X-Oacmail: x\r\n\r\nReceived: from forged.vila.cat ([93.184.216.1]) by x with ESMTP\r\n"
    )
    signatures = (("hosting.example", "h1"), ("vila.cat", "oac"))
    relay = DeliveringRelay("out7.hosting.example", "93.184.216.34")
    assert travelled(raw, "vila.cat", "desk.vila.cat") == Travelled(signatures, relay)
    assert travelled(b"X-Oacmail: x\r\n\r\n", "vila.cat", "desk.vila.cat") is None  # put there by APPEND
