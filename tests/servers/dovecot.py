"""A private Dovecot 2.4 on loopback, a foreground child of the test: IMAP, IMAPS, LMTP and SASL for Postfix.

Every local part is a user whose password is `PASSWORD`, who may log in by his whole address too; mail lies in
Maildirs under the server's own folder.
Nothing of the system's configuration is read or changed. Needs root and dovecot-imapd, dovecot-lmtpd.
"""

import contextlib
import os
import pwd
import signal
import subprocess
from pathlib import Path

from tests.servers.certs import Certificates
from tests.servers.ports import free_port, greets
from tests.servers.waiting import PATIENCE, until

PASSWORD = "Bustia-4417"  # a word that no log has by itself: tests search for it

CONF = """\
dovecot_config_version = 2.4.1
dovecot_storage_version = 2.4.1
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/dovecot.log
info_log_path = {root}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_server_cert_file = {certs.cert}
ssl_server_key_file = {certs.key}
auth_allow_cleartext = yes
auth_mechanisms = plain login
auth_username_format = %{{user | lower}}
auth_failure_delay = 0
first_valid_uid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_driver = maildir
mail_home = {root}/mail/%{{user | username}}
mail_path = %{{home}}/Maildir
mail_max_userip_connections = 200
recipient_delimiter = +
lmtp_save_to_detail_mailbox = {detail}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Junk {{
    auto = create
    special_use = \\Junk
  }}
  mailbox Drafts {{
    special_use = \\Drafts
  }}
}}
passdb static {{
  password = {password}
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {root}/mail/%{{user | username}}
  }}
}}
service imap-login {{
  chroot =
  restart_request_count = unlimited
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service imap {{
  restart_request_count = 1000
}}
service lmtp {{
  chroot =
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    port = {sasl}
  }}
}}
service anvil {{
  chroot =
}}
protocol lmtp {{
  auth_username_format = %{{user | username | lower}}
}}
"""
QUOTA = """\
mail_plugins {{
  quota = yes
}}
protocol imap {{
  mail_plugins {{
    imap_quota = yes
  }}
}}
quota "User quota" {{
}}
quota_storage_size = {quota}K
lmtp_rcpt_check_quota = yes
quota_full_tempfail = yes
"""
TOKENS = """\
auth_mechanisms = plain login xoauth2 oauthbearer
oauth2 {{
  introspection_mode = auth
  introspection_url = {tokens}
  force_introspection = yes
  username_attribute = username
  active_attribute = active
  active_value = true
}}
passdb oauth2 {{
  mechanisms_filter = xoauth2 oauthbearer
}}
"""


class Dovecot:
    """`with Dovecot(folder, certificates) as server: server.imap_port`; `kill`, `stop` and `start` at will.

    The ports stay the same over a restart. `password`: everybody's, from the next start on. `detail`: `name+folder@`
    is delivered into that folder. `separator`, `prefix`: of the names of folders; `without`: a capability that
    it does not offer.
    `quota`: kilobytes for each user, from the next start on, 0 = no limit; mail that does not fit is put off.
    `tokens`: where it asks whether an OAuth token is valid, '' = it knows passwords alone.
    `root` must be short: it holds Unix sockets.
    """

    def __init__(
        self,
        root: Path,
        certs: Certificates,
        *,
        detail: bool = False,
        separator: str = "/",
        prefix: str = "",
        without: str = "",
        tokens: str = "",
    ) -> None:
        nobody = pwd.getpwnam("nobody")
        self.root, self.certs, self.detail = root, certs, detail
        self.separator, self.prefix, self.without, self.tokens = separator, prefix, without, tokens
        self.password, self.quota = PASSWORD, 0
        self.uid, self.gid = nobody.pw_uid, nobody.pw_gid
        self.imap_port, self.imaps_port, self.lmtp_port, self.sasl_port = (free_port() for _ in range(4))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Dovecot":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Returns when IMAP answers; RuntimeError with the log when it does not within 15 s."""
        (self.root / "mail").mkdir(parents=True, exist_ok=True)
        for lock in (self.root / "mail").glob("*/Maildir/**/*.lock"):
            lock.unlink()  # of a killed session: Dovecot itself waits two minutes for it (dovecot-uidlist.lock)
        self.root.chmod(0o755)
        os.chown(self.root / "mail", self.uid, self.gid)
        (self.root / "dovecot.conf").write_text(self._conf())
        with (self.root / "dovecot.log").open("ab") as log:
            self._process = subprocess.Popen(
                ["dovecot", "-F", "-c", str(self.root / "dovecot.conf")],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(lambda: self._ended() or greets(self.imap_port, b"* OK"), 15, what="Dovecot")
        if self._ended():
            raise RuntimeError(f"Dovecot did not start:\n{self.log()}")

    def stop(self) -> None:
        """An orderly end of the server; sessions that linger are broken off."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """A sudden end of the server and of all its sessions."""
        self._end(signal.SIGKILL)

    def log(self) -> str:
        """The last 4,000 characters of the server's log."""
        return (self.root / "dovecot.log").read_text(errors="replace")[-4000:]

    def home(self, user: str) -> Path:
        """The user's Maildir; it exists after his first login or mail."""
        return self.root / "mail" / user / "Maildir"

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        group = self._process.pid
        if how is signal.SIGTERM:
            self._process.terminate()
            self._process.wait(10 * PATIENCE)
        with contextlib.suppress(ProcessLookupError):  # a session in IDLE would stay for another nine seconds
            os.killpg(group, signal.SIGKILL)
        self._process.wait(10 * PATIENCE)
        self._process = None
        until(lambda: not greets(self.imap_port, b""), 10, what="end of Dovecot's listeners")

    def _conf(self) -> str:
        reduced = f"imap_capability {{{{\n  {self.without} = no\n}}}}\n" if self.without else ""
        return (CONF + reduced + (QUOTA if self.quota else "") + (TOKENS if self.tokens else "")).format(
            tokens=self.tokens,
            separator=self.separator,
            prefix=self.prefix,
            quota=self.quota,
            root=self.root,
            certs=self.certs,
            uid=self.uid,
            gid=self.gid,
            password=self.password,
            detail="yes" if self.detail else "no",
            imap=self.imap_port,
            imaps=self.imaps_port,
            lmtp=self.lmtp_port,
            sasl=self.sasl_port,
        )
