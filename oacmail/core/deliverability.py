"""Whether the records that a town publishes in the DNS let its mail arrive: SPF, DKIM, DMARC, MX and the name of the
relay, for each envelope sender in use; and who must change which record to what.

Records in, findings out. An answer that did not come (None) is never a finding: that record was not looked at.
RFC 7208 (SPF), 6376 and 8301 (DKIM), 7489 (DMARC), 7505 (null MX).
"""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import asdict

from oacmail.core.model import domain_of, regex
from oacmail.core.rate_limits import is_public, registrable

Level = Literal["error", "warning"]
Kind = Literal["TXT", "MX", "A", "AAAA", "PTR"]
Lookup = Callable[[str, Kind], tuple[str, ...] | None]
"""The records of a name: of TXT the whole text, of MX `10 mail.example`, of A and AAAA addresses, of PTR (an address)
names, in lower case without the final dot (a null MX is `0 .`). () = there are none, None = no answer came."""


class Finding(Struct, frozen=True):
    """`where`: a key of the configuration, a path, a record in the DNS, or one word such as `clock`. Of a record an
    `error` is that mail is lost or refused; a `warning`: it works, and is weaker than it should be."""

    level: Level
    where: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.level:7}  {self.where}: {self.what}: {self.do}"


# --- Our mail --------------------------------------------------------------------------------------------------------
# What is known of how our mail travels: from the configuration, and from a copy of our own mail that came back.


class DeliveringRelay(Struct, frozen=True):
    """The machine that delivers our mail to others: the name that it gives itself (HELO) and its public address."""

    helo: str
    address: str


class Leg(Struct, frozen=True):
    """One Received field: from whom (HELO, address or ''), by whom, and whether the client had logged in there."""

    helo: str
    address: str
    by: str
    submitted: bool = False


class Travelled(Struct, frozen=True):
    """What a copy of our own mail shows: (domain, selector) of each DKIM signature, and the relay; None = not seen."""

    signatures: tuple[tuple[str, str], ...] = ()
    relay: DeliveringRelay | None = None

    def or_else(self, other: "Travelled | None") -> "Travelled":
        """With what only the other one shows: a copy that stayed within the town's servers shows less."""
        return Travelled(self.signatures or other.signatures, self.relay or other.relay) if other else self

    def to_text(self) -> str:
        relay = [self.relay.helo, self.relay.address] if self.relay else None
        return json.dumps({"signatures": self.signatures, "relay": relay})

    @classmethod
    def from_text(cls, text: str | None) -> "Travelled | None":
        """None where nothing was noted."""
        if not text:
            return None
        read = json.loads(text)
        signatures = tuple((domain, selector) for domain, selector in read["signatures"])
        return cls(signatures, DeliveringRelay(*read["relay"]) if read["relay"] else None)


class OurMail(Struct, frozen=True, kw_only=True):
    """`address`: From of all our mail; `receives`: the domains of our addresses; `envelopes`: the senders in use, '' =
    the empty one; `relay_host`: `smtp.host`; `provider`: of [imap]. `signatures`: as of `Travelled`, None = no copy was
    seen; `relay`: None = it was not seen."""

    address: str
    receives: tuple[str, ...]
    envelopes: tuple[str, ...]
    relay_host: str
    provider: str = "generic"
    signatures: tuple[tuple[str, str], ...] | None = None
    relay: DeliveringRelay | None = None

    @property
    def domain(self) -> str:
        return domain_of(self.address)


def is_providers(domain: str) -> bool:
    """Whether the domain is a provider's own, whose records nobody else can change."""
    return is_public(domain) or registrable(domain) in ("googlemail.com", "onmicrosoft.com")


def delivering(legs: Sequence[Leg], domain: str) -> DeliveringRelay | None:
    """The relay, from the Received fields of a copy, oldest first: the first machine with a public address that handed
    the mail to another organisation, or is of our own. Within a provider, mail passes many machines that never deliver.
    """
    for leg in legs:
        if leg.submitted or not is_global(leg.address) or "." not in leg.helo:
            continue
        if registrable(leg.helo) == registrable(domain) or registrable(leg.helo) != registrable(leg.by):
            return DeliveringRelay(leg.helo, leg.address)
    return None


def is_global(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


# --- SPF -------------------------------------------------------------------------------------------------------------
# The whole record is walked, also behind the term that matches: what it costs for the other senders of the domain
# counts too.

MOST_LOOKUPS, MOST_VOIDS, MOST_MX = 10, 2, 10  # RFC 7208 section 4.6.4
_WALKED = 40  # lookups: a record far above the limit is not walked to its end
_LONGEST = 300  # characters of a term: a name in the DNS has 253
_SHOWN = 60  # characters of what is no term
_MOST_FAULTS = 3  # that a finding names
_QUALIFIERS: Mapping[str, "SpfResult"] = {"+": "pass", "": "pass", "-": "fail", "~": "softfail", "?": "neutral"}
_TERM = regex(
    r"([+?~-]?)(?:(all)|(ip[46]):(\S+)|(include|exists):(\S+)|(a|mx|ptr)(?::([^\s/]+))?(?:/(\d{1,3}))?(?://(\d{1,3}))?)",
    re.IGNORECASE,
)
_MODIFIER = regex(r"([a-z][a-z0-9._-]*)=(\S*)", re.IGNORECASE)
_RECORD = regex(r"v=spf1(?: .*)?", re.IGNORECASE)
SpfResult = Literal["pass", "fail", "softfail", "neutral", "none", "permerror", "unknown"]


class Spf(Struct):
    """The walk of a domain's record for one address; '' = no address is known, and no term matches.

    `faults`: what makes receivers reject the whole record; `cost`: lookups by term of the record itself; `records`:
    the texts that were found. `accepted`: the address matched before the first fault. `result` "unknown": a term
    depends on each mail, or an answer did not come.
    """

    lookup: Lookup
    address: str = ""
    lookups: int = 0
    voids: int = 0
    open: bool = False
    faults: list[str] = field(default_factory=list)
    cost: dict[str, int] = field(default_factory=dict)
    records: tuple[str, ...] | None = None
    accepted: bool = False
    result: SpfResult = "unknown"

    @classmethod
    def of(cls, lookup: Lookup, domain: str, address: str = "") -> "Spf":
        walk = cls(lookup, address)
        walk.records = walk._texts(domain)
        walk.result = walk._evaluated(domain, walk.records, ())
        if walk.lookups > MOST_LOOKUPS:
            walk.faults.append(f"needs {walk.lookups} lookups in the DNS, and receivers stop at {MOST_LOOKUPS}")
        if walk.voids > MOST_VOIDS:
            walk.faults.append(f"asks for {walk.voids} names that do not exist, and receivers stop at {MOST_VOIDS}")
        if walk.faults and not walk.accepted:
            walk.result = "permerror"
        return walk

    @property
    def covers(self) -> bool | None:
        """Whether receivers accept the address by this record; None = that cannot be said."""
        return None if self.result == "unknown" else self.result == "pass"

    def _texts(self, domain: str) -> tuple[str, ...] | None:
        texts = self.lookup(domain, "TXT")
        return None if texts is None else tuple(text for text in texts if _RECORD.fullmatch(text))

    def _evaluated(self, domain: str, records: tuple[str, ...] | None, path: tuple[str, ...]) -> SpfResult:
        if records is None:
            self.open = True
            return "unknown"
        if len(records) != 1:
            if records:
                self.faults.append(f"is one of {len(records)} SPF records of {domain}, and only one is allowed")
            return "permerror" if records else "none"
        result: SpfResult | None = None
        redirect, ends = "", False
        for term in records[0].split()[1:]:
            before = self.lookups
            if modifier := _MODIFIER.fullmatch(term):
                redirect = modifier[2] if modifier[1].lower() == "redirect" else redirect
                continue
            ends = ends or term.lower().endswith("all")
            matched = self._term(term, domain, (*path, domain)) if before < _WALKED else None
            if not path and self.lookups > before:
                self.cost[term] = self.lookups - before
            if matched is not None and result is None:
                result = matched
                if not (path or self.faults) and self.lookups <= MOST_LOOKUPS:
                    self.accepted = matched == "pass"
        if redirect and not ends:
            before = self.lookups
            inner = self._other(redirect, "redirects to", (*path, domain))
            if not path:
                self.cost[f"redirect={redirect}"] = self.lookups - before
            result = result or inner
        return result or ("neutral" if self.address and not self.open else "unknown")

    def _other(self, domain: str, how: str, path: tuple[str, ...]) -> SpfResult:
        """The result of another domain's record that this one includes or redirects to."""
        self.lookups += 1
        if "%" in domain:  # depends on each mail
            self.open = True
            return "unknown"
        if domain in path:
            self.faults.append(f"{how} {domain} again, without an end")
            return "permerror"
        result = self._evaluated(domain, self._texts(domain), path)
        if result == "none":
            self.faults.append(f"{how} {domain}, which has no SPF record")
        return result

    def _term(self, term: str, domain: str, path: tuple[str, ...]) -> SpfResult | None:
        """What the term says of the address; None = it does not match, or that is not known."""
        found = _TERM.fullmatch(term) if len(term) <= _LONGEST else None
        if found is None or int(found[9] or 0) > 32 or int(found[10] or 0) > 128:
            self.faults.append(_not_understood(term))
            return None
        qualifier, all_, version, network, other, target, by_name, name, four, six = found.groups()
        result = _QUALIFIERS[qualifier]
        if all_:
            matches = bool(self.address) and not self.open
        elif version:
            matches = self._in_network(term, version[2], network)
        elif other and other.lower() == "include":
            matches = self._other(target.lower(), "includes", path) == "pass"
        elif other or by_name.lower() == "ptr" or "%" in (name or ""):  # depends on each mail
            self.lookups += 1
            self.open, matches = True, False
        else:
            self.lookups += 1
            matches = self._has_address(by_name.lower(), (name or domain).lower(), {4: four or "32", 6: six or "128"})
        return result if matches else None

    def _in_network(self, term: str, version: str, text: str) -> bool:
        try:
            network = ip_network(text, strict=False)
        except ValueError:
            network = None
        if network is None or str(network.version) != version:
            self.faults.append(_not_understood(term))
            return False
        return bool(self.address) and ip_address(self.address) in network

    def _has_address(self, by: str, name: str, lengths: Mapping[int, str]) -> bool:
        hosts = (name,) if by == "a" else _mail_servers(self.lookup, name)
        if hosts is not None and len(hosts) > MOST_MX:
            self.faults.append(f"names the {len(hosts)} mail servers of {name}, and receivers stop at {MOST_MX}")
        answers = [_addresses(self.lookup, host) for host in (hosts or ())[:MOST_MX]]
        if hosts is None or None in answers:
            self.open = True
        elif not any(answers):
            self.voids += 1
        addresses = [other for answer in answers for other in answer or ()]
        return bool(self.address) and any(_is_near(self.address, other, lengths) for other in addresses)


def _not_understood(term: str) -> str:
    return f"has the term {term[:_SHOWN]}{'…' * (len(term) > _SHOWN)}, which no receiver understands"


def _mail_servers(lookup: Lookup, domain: str) -> tuple[str, ...] | None:
    """The names of MX; `.` = the null MX."""
    rows = lookup(domain, "MX")
    return None if rows is None else tuple(row.partition(" ")[2] for row in rows)


def _addresses(lookup: Lookup, name: str) -> tuple[str, ...] | None:
    """Of both families; None = an answer did not come, and none came that helps."""
    answers = (lookup(name, "A"), lookup(name, "AAAA"))
    found = tuple(address for answer in answers for address in answer or ())
    return None if None in answers and not found else found


def _is_near(address: str, other: str, lengths: Mapping[int, str]) -> bool:
    version = ip_address(other).version
    return ip_address(address) in ip_network(f"{other}/{lengths[version]}", strict=False)


# --- DKIM ------------------------------------------------------------------------------------------------------------
# The key that receivers fetch for a signature of our mail.

LEAST_BITS, ADVISED_BITS = 1024, 2048  # RFC 8301 section 3.2
SELECTORS: Mapping[str, tuple[str, ...]] = {"microsoft365": ("selector1", "selector2"), "google": ("google",)}
"""What a provider calls the keys of its customers: its own copies of our mail have no signature to read."""


class DkimKey(Struct, frozen=True):
    """`usable`: whether receivers verify by it; None = no answer came. `what` is '' if nothing is wrong."""

    name: str
    usable: bool | None
    what: str = ""


def dkim_key(lookup: Lookup, domain: str, selector: str) -> DkimKey:
    name = f"{selector}._domainkey.{domain}"
    texts = lookup(name, "TXT")
    if texts is None:
        return DkimKey(name, None)
    if len(texts) != 1:
        what = f"there are {len(texts)} records, and receivers take none" if texts else "the key is not published"
        return DkimKey(name, False, what)
    tags = tags_of(texts[0])
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return DkimKey(name, False, "the record is no DKIM key")
    if not tags["p"]:
        return DkimKey(name, False, "the key is revoked (p= is empty)")
    if tags.get("k", "rsa") != "rsa":
        return DkimKey(name, True)
    bits = _rsa_bits(tags["p"])
    if not bits:
        return DkimKey(name, False, "the key in p= cannot be read: it is cut, or was copied with other characters")
    if bits < LEAST_BITS:
        return DkimKey(name, False, f"the key has {bits} bits, and receivers take none below {LEAST_BITS}")
    if bits < ADVISED_BITS:
        return DkimKey(name, True, f"the key has {bits} bits, and {ADVISED_BITS} are advised")
    return DkimKey(name, True, "the key is marked as a test (t=y)" if "y" in tags.get("t", "").split(":") else "")


def tags_of(text: str) -> dict[str, str]:
    """A tag list (RFC 6376 section 3.2): name to value, without white space."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {name.strip().lower(): "".join(value.split()) for name, _, value in pairs}


def _rsa_bits(text: str) -> int:
    """The length of the modulus in base64 of a SubjectPublicKeyInfo or of an RSAPublicKey (RFC 5280, 8017); 0 = it is
    no such key. Read here, since an office with a password has no library that does: `cryptography` comes with the
    extras google and microsoft."""
    try:
        der = b64decode(text, validate=True)
        tag, inside, _ = _der(der)
        first, value, rest = _der(inside)
        if tag == 0x30 and first == 0x30:  # the algorithm, then the key in a bit string
            _, bits, _ = _der(rest)
            first, value, _ = _der(_der(bits[1:])[1])
        return int.from_bytes(value, "big").bit_length() if tag == 0x30 and first == 0x02 else 0
    except (ValueError, IndexError):
        return 0


def _der(data: bytes) -> tuple[int, bytes, bytes]:
    """(tag, content, rest) of the first element. Raises IndexError, ValueError."""
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if len(data) < start + length:
        raise ValueError("cut")
    return data[0], data[start : start + length], data[start + length :]


# --- DMARC -----------------------------------------------------------------------------------------------------------


class DmarcRecord(Struct, frozen=True):
    """What holds for mail From a domain. `name`: of the record; `policy`: none, quarantine, reject; '' = it is broken;
    None = no answer came. `found`: how many there are."""

    name: str
    found: int
    policy: str | None = ""
    strict_spf: bool = False
    strict_dkim: bool = False

    @property
    def enforced(self) -> bool:
        return self.policy in ("quarantine", "reject")


def dmarc_record(lookup: Lookup, domain: str) -> DmarcRecord:
    """Of the domain itself, else of its organisational domain (RFC 7489 section 6.6.3)."""
    name = f"_dmarc.{domain}"
    for owner in dict.fromkeys((domain, registrable(domain))):
        texts = lookup(f"_dmarc.{owner}", "TXT")
        if texts is None:
            return DmarcRecord(name, 0, None)
        found = [tags_of(text) for text in texts if re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", text)]
        if len(found) == 1:
            (tags,) = found
            policy = tags.get("p", "") if owner == domain else tags.get("sp", tags.get("p", ""))
            known = policy.lower() if policy.lower() in ("none", "quarantine", "reject") else ""
            strict = (tags.get(tag, "").lower() == "s" for tag in ("aspf", "adkim"))
            return DmarcRecord(f"_dmarc.{owner}", 1, known, *strict)
        if found:
            return DmarcRecord(f"_dmarc.{owner}", len(found))
    return DmarcRecord(name, 0)


def is_aligned(domain: str, author: str, *, strict: bool) -> bool:
    """RFC 7489 section 3.1."""
    return domain == author if strict else registrable(domain) == registrable(author)


# --- Findings --------------------------------------------------------------------------------------------------------


class Look(Struct, frozen=True):
    """`unseen`: the records for which no answer came, as `NAME TYPE`: of these nothing is said."""

    findings: tuple[Finding, ...]
    unseen: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level == "error")

    def to_text(self, at: datetime) -> str:
        found = [asdict(finding) for finding in self.findings]
        return json.dumps({"at": at.isoformat(), "found": found, "unseen": self.unseen})


def examine(mail: OurMail, lookup: Lookup) -> Look:
    """All that is wrong with the records that our mail depends on. Of a provider's own domain nothing is demanded."""
    unseen: dict[str, None] = {}

    def ask(name: str, kind: Kind) -> tuple[str, ...] | None:
        rows = lookup(name, kind)
        if rows is None:
            unseen[f"{name} {kind}"] = None
        return rows

    found = [finding for domain in dict.fromkeys(mail.receives) for finding in _receiving(ask, domain)]
    if not is_providers(mail.domain):
        found += _sending(ask, mail)
    return Look(tuple(found), tuple(unseen))


def _receiving(lookup: Lookup, domain: str) -> Iterator[Finding]:
    servers = None if is_providers(domain) else _mail_servers(lookup, domain)
    if servers is None:
        return
    where, publish = f"{domain} MX", f"{_admin(domain)} publishes {domain} MX 10 and the name of your mail server"
    if "." in servers:
        what = "a null MX says that the domain takes no mail: nobody can write to us, and our mail is refused for it"
        yield Finding("error", where, what, publish)
    elif not servers and (address := _addresses(lookup, domain)) is not None:
        if address:
            what = f"there is none, so mail for us goes to the machine of the name {domain} itself"
            yield Finding("warning", where, what, publish)
        else:
            yield Finding("error", where, "there is none, and no address: nobody can write to us", publish)
    elif servers and all(_addresses(lookup, server) == () for server in servers):
        what = f"none of the mail servers has an address: {', '.join(servers)}"
        yield Finding("error", where, what, f"the admin of these names publishes their addresses, or {publish}")


def _sending(lookup: Lookup, mail: OurMail) -> Iterator[Finding]:
    relay = mail.relay
    dmarc = dmarc_record(lookup, mail.domain)
    yield from _of_dmarc(dmarc, mail.domain)
    signed, findings = _of_dkim(lookup, mail, dmarc)
    yield from findings
    if relay is not None:
        yield from _of_relay(lookup, relay)
    address = relay.address if relay else ""
    for sender in dict.fromkeys(map(domain_of, mail.envelopes)):
        checked = sender or (relay.helo if relay else "")  # of the empty envelope, the HELO name (RFC 7208 section 2.4)
        spf = Spf.of(lookup, checked, address) if checked else None
        if spf is not None and sender and not is_providers(sender):
            yield from _of_spf(spf, sender, mail)
        yield from _of_envelope(mail, sender, checked, spf, dmarc, signed)


def _of_dmarc(dmarc: DmarcRecord, domain: str) -> Iterator[Finding]:
    report = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    if dmarc.policy:
        return
    if dmarc.found > 1:
        what = f"there are {dmarc.found} DMARC records, so receivers take none"
        yield Finding("error", f"{dmarc.name} TXT", what, f"{_admin(domain)} removes all but one")
    elif dmarc.found:
        what = "the DMARC record has no policy that receivers know: p= must be none, quarantine or reject"
        yield Finding("error", f"{dmarc.name} TXT", what, f"{_admin(domain)} corrects p=")
    elif dmarc.policy is not None:
        what = "there is no DMARC record: nobody learns of forgeries, and some receivers trust the mail less"
        yield Finding("warning", f"{dmarc.name} TXT", what, f"{_admin(domain)} publishes {_txt(dmarc.name, report)}")


def _of_dkim(lookup: Lookup, mail: OurMail, dmarc: DmarcRecord) -> tuple[bool | None, list[Finding]]:
    """Whether a receiver finds a valid key for a signature that counts, None = that was not seen; and the findings."""
    known = SELECTORS.get(mail.provider, ())
    signatures = mail.signatures
    if known and not signatures:
        usable = [dkim_key(lookup, mail.domain, selector).usable for selector in known]
        missing = mail.provider == "microsoft365" and usable == [False] * len(known)
        return (True if True in usable else False if missing else None), [_not_switched_on(mail.domain)] * missing
    if signatures is None:
        return None, []
    ours = [row for row in signatures if is_aligned(row[0], mail.domain, strict=dmarc.strict_dkim)]
    if not ours:
        of = ", ".join(sorted({domain for domain, _ in signatures}))
        what = f"our mail is signed for {of} only" if of else "a copy of our mail that came back has no DKIM signature"
        record = _txt(f"SELECTOR._domainkey.{mail.domain}", "v=DKIM1; k=rsa; p=KEY")
        do = f"the relay's admin signs our mail for {mail.domain} (2048 bits); {_admin(mail.domain)} publishes {record}"
        return False, [Finding("warning", mail.domain, what, do)]
    keys = [(dkim_key(lookup, domain, selector), domain, selector) for domain, selector in ours]
    states = [key.usable for key, *_ in keys]
    findings = [
        Finding(
            "warning" if True in states else "error",
            f"{key.name} TXT",
            f"our mail is signed by this key, and {key.what}" if not key.usable else key.what,
            f"the relay's admin names the public key of the selector {selector} (2048 bits); {_admin(domain)} "
            f"publishes " + _txt(key.name, "v=DKIM1; k=rsa; p=KEY"),
        )
        for key, domain, selector in keys
        if key.what
    ]
    return (True if True in states else None if None in states else False), findings


def _not_switched_on(domain: str) -> Finding:
    what = "Microsoft signs our mail for its own domain only, since the keys of ours are not published"
    do = (
        f"switch DKIM on for {domain} (security.microsoft.com, Email authentication settings); {_admin(domain)} "
        f"publishes the two CNAME records named there, selector1._domainkey.{domain} and selector2._domainkey.{domain}"
    )
    return Finding("error", f"selector1._domainkey.{domain} CNAME", what, do)


def _of_relay(lookup: Lookup, relay: DeliveringRelay) -> Iterator[Finding]:
    names = lookup(relay.address, "PTR")
    if names is not None:
        addresses = [_addresses(lookup, name) for name in names]
        if not names:
            what = f"the address that delivers our mail has no reverse name, which many receivers demand ({relay.helo})"
            do = f"the owner of the address (your Internet provider) sets its PTR record to {relay.helo}"
            yield Finding("error", f"{relay.address} PTR", what, do)
        elif None not in addresses and not any(relay.address in some for some in addresses if some):
            what = f"the reverse name {names[0]} does not lead back to the address, so receivers do not count it"
            do = f"{_admin(names[0])} publishes {names[0]} {_family(relay.address)} {relay.address}"
            yield Finding("warning", f"{relay.address} PTR", what, do)
    if _addresses(lookup, relay.helo) == ():
        what = "the relay greets others with a name that does not exist, which some receivers refuse"
        do = f"{_admin(relay.helo)} publishes {relay.helo} {_family(relay.address)} {relay.address}"
        yield Finding("warning", f"{relay.helo} {_family(relay.address)}", what, do)


def _of_spf(spf: Spf, domain: str, mail: OurMail) -> Iterator[Finding]:
    relay = mail.relay
    if spf.records is None:
        return
    where, publishes = f"{domain} TXT", f"{_admin(domain)} publishes"
    if not spf.records:
        what = "there is no SPF record, so receivers cannot tell our mail from a forgery"
        yield Finding("error", where, what, f"{publishes} {_txt(domain, _new_spf(mail))}")
        return
    (record, *others) = spf.records
    if others:
        terms = dict.fromkeys(term for text in spf.records for term in text.split()[1:] if not _ends(term))
        whole = " ".join(["v=spf1", *terms, record.split()[-1] if _ends(record.split()[-1]) else "~all"])
        what = f"there are {len(spf.records)} SPF records, so receivers take none"
        yield Finding("error", where, what, f"{publishes} one instead, {_txt(domain, whole)}")
    elif spf.faults:
        costs = ", ".join(f"{term} costs {cost}" for term, cost in sorted(spf.cost.items(), key=lambda row: -row[1]))
        do = f"{_admin(domain)} corrects it, and removes what nobody sends through any more; lookups: {costs or 'none'}"
        faults = " and ".join(list(dict.fromkeys(spf.faults))[:_MOST_FAULTS])
        what = f"the SPF record {faults}, so receivers take it for none"
        yield Finding("warning" if spf.accepted else "error", where, what, do)
    elif relay is not None and spf.covers is False:
        what = f"the SPF record does not cover {relay.address} ({relay.helo}), which delivers our mail"
        network = f"ip{ip_address(relay.address).version}:{relay.address}"
        do = f"{publishes} {_txt(domain, record.replace('v=spf1', f'v=spf1 {network}', 1))}"
        yield Finding("error" if spf.result == "fail" else "warning", where, what, do)
    elif not any((_ends(term) and term[0] in "-~") or term.lower().startswith("redirect=") for term in record.split()):
        text = " ".join([*(term for term in record.split() if not _ends(term)), "~all"])
        what = "the SPF record lets every machine send in our name"
        yield Finding("warning", where, what, f"{publishes} {_txt(domain, text)}")


def _ends(term: str) -> bool:
    return term.lower().lstrip("+-~?") == "all"


def _new_spf(mail: OurMail) -> str:
    includes = {"google": "include:_spf.google.com", "microsoft365": "include:spf.protection.outlook.com"}
    if mail.provider in includes:
        return f"v=spf1 {includes[mail.provider]} ~all"
    relay = mail.relay
    machine = f"ip{ip_address(relay.address).version}:{relay.address}" if relay else f"a:{mail.relay_host}"
    return f"v=spf1 mx {machine} ~all"


def _of_envelope(
    mail: OurMail, sender: str, checked: str, spf: Spf | None, dmarc: DmarcRecord, signed: bool | None
) -> Iterator[Finding]:
    """Mail under one envelope sender, of whose domain SPF proves nothing, and which no signature proves either."""
    by_spf, why = (spf.covers if spf else None), f"SPF proves nothing of {checked}"
    if dmarc.enforced:
        of_provider = not checked and mail.provider != "generic"  # which greets with a name of its own
        if of_provider or (checked and not is_aligned(checked, mail.domain, strict=dmarc.strict_spf)):
            by_spf, why = False, f"its HELO name {checked}".rstrip() + f" is not of {mail.domain}"
    if by_spf is not False or signed is not False:
        return
    which = f"envelope sender at {sender}" if sender else "empty envelope sender"
    then = {"reject": "refuse it", "quarantine": "put it into junk"}.get(dmarc.policy or "", "may refuse it")
    what = f"mail with the {which} has neither SPF ({why}) nor a DKIM signature of {mail.domain}: receivers {then}"
    if dmarc.enforced:
        what += f" ({dmarc.name}: {dmarc.policy})"
    do = f"the relay's admin signs our mail for {mail.domain}, with a published key"
    if not sender and checked and is_aligned(checked, mail.domain, strict=dmarc.strict_spf):
        do += f"; or {_admin(checked)} publishes {_txt(checked, 'v=spf1 a -all')}"
    elif not sender:
        do += '; until then write smtp.ack_envelope = "bounce" or "office"'
    yield Finding("error", sender or "smtp.ack_envelope", what, do)


def _admin(name: str) -> str:
    return f"the admin of the DNS of {registrable(name)}"


def _txt(name: str, text: str) -> str:
    return f'{name} TXT "{text}"'


def _family(address: str) -> str:
    return "A" if ip_address(address).version == 4 else "AAAA"
