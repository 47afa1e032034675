"""Classify an attached file by the risk of passing it on: a secret, a program, an archive, a page, a macro.

The most severe of name, declared type and first bytes decides; the sender chooses the first two and cannot disguise the
third. This module never opens, unpacks or runs anything.
"""

import re

from oacmail.mail.mime import parts

# risk -> file endings; the names of secret-bearing files are those of PKCS #12, PEM, JKS and SSH keys
_ENDINGS = {
    "certificate": "p12 pfx pem key jks keystore bcfks pkcs12 p8 pk8 pvk ppk kdb kdbx",
    "executable": """
        exe com scr bat cmd js jse vbs vbe wsf wsh ps1 psm1 msi msp dll jar hta lnk pif cpl reg apk ipa dmg pkg app
        appimage sh bash py pyw pl rb chm sys drv inf scf url desktop msc gadget application one xll iqy slk
        settingcontent-ms appx msix deb rpm run bin elf rdp jnlp library-ms search-ms ws wsc sct vb diagcab xbap hlp
        theme themepack""",
    "archive": """
        zip rar 7z tar gz tgz bz2 tbz xz txz zst cab ace arj lzh lha z iso img vhd vhdx udf dat eml msg mbox p7m
        p7z wim uue b64 zipx lzma xpi crx war""",
    "page": "htm html xhtml xht shtml mht mhtml svg svgz",
    "macro": "docm dotm dot xlsm xltm xlam xlsb xla xlm pptm potm ppam ppsm sldm wll ade adp accde",
}
_BY_ENDING = {ending: risk for risk, endings in _ENDINGS.items() for ending in endings.split()}
_MIMES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("certificate", re.compile(r"pkcs-?12|x-pem|pkcs-?8|java-keystore|x-x509-(?:key|private)|pem-file")),
    (
        "executable",
        re.compile(r"msdownload|x-msdos|x-dosexec|javascript|x-sh\b|x-executable|java-archive|vbscript|x-msi"),
    ),
    (
        "archive",
        re.compile(
            r"/(?:x-)?(?:zip|rar|7z|tar|gzip|bzip|xz|iso9660|ms-tnef|vnd\.ms-tnef|compress|uuencode)|pkcs7-mime"
        ),
    ),
    ("page", re.compile(r"text/html|x-amp-html|xhtml|svg")),
    ("macro", re.compile(r"macroenabled")),
)
_PEM_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_PKCS12 = re.compile(rb"\x30[\x80-\x84].{0,4}?\x02\x01\x03\x30", re.DOTALL)  # RFC 7292 section 4: version 3
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "executable"),
    (b"\x7fELF", "executable"),
    (b"#!", "executable"),
    (b"\xca\xfe\xba\xbe", "executable"),
    (b"\xfe\xed\xfe\xed", "certificate"),  # a Java key store
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"MSCF", "archive"),
    (parts.TNEF_SIGNATURE, "archive"),
)
_OFFICE = re.compile(rb"\[Content_Types\]\.xml|mimetypeapplication/vnd\.oasis")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_VBA = re.compile(rb"vbaProject\.bin|_\x00V\x00B\x00A\x00_\x00P\x00R\x00O\x00J|Basic/script-lb\.xml", re.IGNORECASE)
_PAGE = re.compile(rb"\s*(?:<!doctype html|<html|<script|<svg)", re.IGNORECASE)
_PAPERS = re.compile(  # copies of identity and health documents are passed on by reference only (R34)
    r"(?:^|[^a-z])(?:dni|nie|nif|passaport|pasaporte|passport|targeta.?sanitaria|tarjeta.?sanitaria|catsalut"
    r"|informe.?m[eèé]dic|certificat.?m[eèé]dic|discapacita|dependencia|historia.?cl[ií]nica)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def risk_of_name(name: str, mime: str) -> str:
    """Return the risk that a file's name or declared type shows, '' for none."""
    clean = _UNSEEN.sub("", name).strip().rstrip(". ").lower()
    risk = _BY_ENDING.get(clean.rpartition(".")[2]) if "." in clean else None
    return risk or next((risk for risk, pattern in _MIMES if pattern.search(mime.lower())), "")


def risk_of_bytes(data: bytes) -> str:
    """Return the risk that a file's first bytes show, '' for none."""
    if _PEM_KEY.search(data[: 1 << 16]) or _PKCS12.match(data[:16]):
        return "certificate"
    if data.startswith(b"PK"):
        office = _OFFICE.search(data[: 1 << 13]) or b"[Content_Types].xml" in data[-(1 << 16) :]
        return "macro" if office and _VBA.search(data) else "" if office else "archive"
    if data.startswith(_OLE):
        return "macro" if _VBA.search(data) else ""
    if _PAGE.match(data[:512]):
        return "page"
    return next((risk for magic, risk in _MAGIC if data.startswith(magic)), "")


def is_paper(name: str) -> bool:
    """True if the name is that of a copy of an identity document or of a health document."""
    return bool(_PAPERS.search(name))
