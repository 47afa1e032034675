"""Make the pictures of docs/: the office's mailbox in Roundcube, as an agent sees it, with the board and a notice.

Usage: make pictures. It needs Debian's roundcube-core, roundcube-sqlite3, php-cli and chromium, and npm. A real daemon
works on private Dovecot and Postfix; invented people write, an agent answers and moves a message in Roundcube itself.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.forked import ROOT
from tests.e2e.office import PROOF, RunningOffice
from tests.servers.mail_servers import PASSWORD, MailServers
from tests.servers.people import Citizen
from tests.servers.ports import free_port
from tests.servers.scratch import SCRATCH
from tests.servers.waiting import until

SHIPPED = Path("/etc/roundcube")
WEBROOT = Path("/var/lib/roundcube/public_html")
PLAYWRIGHT = "1.65.1"
PENDING, SECOND_LEVEL = "OAC360/1 Pendents", "OAC360/3 Nivell 2"
FAULT = (
    "Laura Mas",
    "Error 500 a la seu",
    "Bon dia, des d'ahir la seu electrònica dona error 500 a tothom en enviar la instància.",
)
LETTERS = (
    ("Anna Puig", "Certificat idCAT", "Bon dia,\n\ncom puc renovar l'idCAT? Em caduca la setmana que ve.\n\nAnna Puig"),
    ("Pere Riu", "Truqueu-me, si us plau", "Bon dia, em podeu trucar al 600 111 222 al matí? No trobo la instància."),
    ("Rosa Gil", "Recibo de basuras", "Buenos días, ¿dónde puedo pagar el recibo de la tasa de basuras? Gracias."),
    (
        "Jordi Font",
        "La instància no s'envia",
        "Bon dia,\n\nomplo la instància i quan premo «Envia» no passa res. Què faig malament?\n\nJordi Font",
    ),
    ("Marta Soler", "Ajut per al menjador", "Bona tarda, encara puc demanar l'ajut de menjador? On es presenta?"),
)
CONFIG = """<?php
$config = [];
$config['db_dsnw'] = 'sqlite:///{folder}/roundcube.db?mode=0640';
$config['imap_host'] = '127.0.0.1:{imap}';
$config['smtp_host'] = '127.0.0.1:{smtp}';
$config['smtp_user'] = ''; $config['smtp_pass'] = '';
$config['des_key'] = '0123456789abcdef01234567';
$config['plugins'] = [];
$config['skin'] = 'elastic';
$config['language'] = 'ca_ES';
$config['log_dir'] = '{folder}'; $config['temp_dir'] = '{folder}';
$config['sent_mbox'] = 'Sent'; $config['drafts_mbox'] = 'Drafts';
$config['create_default_folders'] = true;
$config['product_name'] = 'OAC 360';
$config['draft_autosave'] = 0;
$config['layout'] = 'widescreen';
$config['message_show_email'] = true;
$config['check_all_folders'] = true;
$config['mail_pagesize'] = 50;
"""
# Logs in, drags a message to "Nivell 2" as a person does, and takes the pictures.
DRIVER = """
const {chromium} = require('playwright-core');
const say = JSON.parse(process.argv[2]);
(async () => {
  const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu']});
  const page = await browser.newPage({viewport: {width: 1360, height: 820}, locale: 'ca-ES'});
  const shot = (name, [x, y, width, height]) =>  // a part: the guide shows it small
    page.screenshot({path: say.out + '/' + name + '.png', clip: {x, y, width, height}});
  const login = async user => {
    await page.goto(say.url);
    await page.fill('#rcmloginuser', user);
    await page.fill('#rcmloginpwd', say.password);
    await page.click('#rcmloginsubmit');
    await page.waitForSelector('#mailboxlist');
  };
  const open = async folder => {
    await page.goto(say.url + '/?_task=mail&_mbox=' + encodeURIComponent(folder));
    await page.waitForSelector('#messagelist tbody tr.message');
  };
  await login(say.office);
  await open(say.pending);
  await page.click('#messagelist tbody tr.message >> nth=0');
  await page.frameLocator('#messagecontframe').locator('#messagebody').waitFor();
  await shot('bustia', [78, 58, 584, 546]);
  const row = page.locator('#messagelist tbody tr.message', {hasText: say.dragged}).first();
  const target = page.locator('#mailboxlist a', {hasText: '3 Nivell 2'}).first();
  const from = await row.boundingBox(), to = await target.boundingBox();
  await page.mouse.move(from.x + 60, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x + 40, from.y + 60, {steps: 8});
  await page.mouse.move(to.x + 40, to.y + to.height / 2, {steps: 16});
  await shot('arrossegar', [78, 238, 342, 366]);
  await page.mouse.up();
  await page.waitForSelector('#messagelist tbody tr.message');
  console.log('dragged');
  await page.context().clearCookies();
  await login(say.agent);
  await open('INBOX');
  await page.locator('#messagelist tbody tr.message', {hasText: say.notice}).first().click();
  const mail = page.frameLocator('#messagecontframe').locator('#messagebody');
  await mail.waitFor();
  await shot('avis', [662, 58, 658, 620]);
  await browser.close();
})().catch(error => { console.error(error); process.exit(1); });
"""


@contextmanager
def webmail(servers: MailServers, folder: Path) -> Iterator[str]:
    """Roundcube on loopback; yields its address."""
    values = {"folder": folder, "imap": servers.dovecot.imap_port, "smtp": servers.postfix.smtp_port}
    text = CONFIG
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    (folder / "config.inc.php").write_text(text)
    for name in ("defaults.inc.php", "mimetypes.php"):
        (folder / name).write_text((SHIPPED / name).read_text())
    port = free_port()
    environ = {**os.environ, "ROUNDCUBE_CONFIG_DIR": str(folder), "RCUBE_CONFIG_PATH": str(folder)}
    with (Path("/tmp/php.log")).open("wb") as log:
        words = ["php", "-S", f"127.0.0.1:{port}", "-t", str(WEBROOT)]
        server = subprocess.Popen(words, env=environ, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def main() -> int:
    out = ROOT / "docs" / "pictures"
    out.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictures-", dir=SCRATCH) as name, MailServers() as servers:
        folder = Path(name)
        desk = RunningOffice(servers, folder / "office", user="oac360", board={"enabled": True})
        desk.agent = Citizen(servers, "Marta Agent", user="marta", domain="castellbisbal.cat")
        desk.change(people={"agents": [desk.agent.address]}, trust=PROOF)
        with desk.running(), webmail(servers, folder) as url:
            for who, subject, words in (FAULT, *LETTERS):
                Citizen(servers, who).write(desk.address, subject, words)
            until(lambda: len(desk.cases()) == 1 + len(LETTERS), what="the cases are open")
            until(lambda: desk.agent.inbox(), what="the agent has mail")
            desk.passes()
            agent = desk.at_desk()
            until(lambda: len(agent.uids(PENDING)) == len(LETTERS), what="the messages are on the board")
            _drive(folder, out, url, desk)
            until(lambda: _derived(desk) == 2, what="the dragged case is derived")
            agent.close()
    return 0


def _derived(desk: RunningOffice) -> int:
    return sum(case["status"] == "derived" for case in desk.cases())


def _drive(folder: Path, out: Path, url: str, desk: RunningOffice) -> None:
    subprocess.run(["npm", "install", "--silent", f"playwright-core@{PLAYWRIGHT}"], cwd=folder, check=True)
    (folder / "drive.js").write_text(DRIVER)
    says = {
        "url": url,
        "out": str(out),
        "office": desk.user,
        "agent": desk.agent.user,
        "password": PASSWORD,
        "pending": PENDING,
        "notice": "OAC",
        "dragged": LETTERS[3][1],
    }
    subprocess.run(["node", "drive.js", json.dumps(says)], cwd=folder, check=True, timeout=180)


if __name__ == "__main__":
    sys.exit(main())
