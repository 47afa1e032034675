"""A provider to try oacmail at: `python -m tests.played microsoft365|google|dovecot`. It plays until its input ends.

On loopback, with a real Dovecot and Postfix behind it. It prints, as TOML, what the admin of such a mailbox knows, and
the mailbox of one citizen who can write to the office. Nothing is kept.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from testbed.office import as_toml
from tests.fakes.relay import Relay
from tests.servers.certs import make_certificates
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.maildir import Maildir
from tests.servers.people import Citizen
from tests.servers.provider import CHARACTERS, ProviderImap, delivery
from tests.servers.scratch import SCRATCH
from tests.servers.token_server import CLIENT, SECRET, TENANT, TokenServer


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("provider", choices=("dovecot", *CHARACTERS))
    provider = asked.parse_args().provider
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="played-", dir=SCRATCH)))
        folder.chmod(0o755)
        tokens = stack.enter_context(TokenServer(make_certificates(folder / "tls")))
        servers = stack.enter_context(MailServers(tokens="" if provider == "dovecot" else tokens.introspection))
        user, person = servers.new_user("office"), Citizen(servers)
        tokens.user = user
        told: dict[str, dict[str, object]] = {
            "office": {"address": servers.address(user)},
            "imap": {"user": user, "host": "localhost", "port": servers.dovecot.imaps_port, "security": "tls"},
            "smtp": {"host": "localhost", "port": servers.postfix.submission_port, "security": "starttls"},
            "citizen": {"address": person.address, "user": person.user, "password": PASSWORD}
            | {"imaps_port": servers.dovecot.imaps_port, "smtp_port": servers.postfix.smtp_port},
        }
        for section in ("imap", "smtp"):
            told[section]["ca_file"] = str(servers.certs.ca)
        if provider == "dovecot":
            told["imap"]["password"] = PASSWORD
        else:
            taken = delivery(servers, Maildir(servers.dovecot, user), CHARACTERS[provider])
            relay = stack.enter_context(Relay(login=True, taken=taken, token=tokens.valid.__contains__))
            imap = stack.enter_context(ProviderImap(servers.dovecot.imap_port, CHARACTERS[provider]))
            told["imap"] |= {"port": imap.port, "security": "none"}
            told["smtp"] |= {"port": relay.port, "security": "none"}
            told["sign_in"] = {"authority": tokens.authority, "ca_file": str(tokens.certs.ca)}
            if provider == "google":
                (folder / "account.json").write_text(tokens.service_account(folder))
                told["sign_in"]["service_account"] = str(folder / "account.json")
            else:
                told["sign_in"] |= {"tenant": TENANT, "application": CLIENT, "secret": SECRET}
        for name, values in told.items():
            print(as_toml({name: values}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
