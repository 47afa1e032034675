"""The office of a simulated town: its servers, its staff, and what is switched on, by the seed of its plan.

Every town sends surveys; every second one works on the board, and every fourth has one person for all roles, as the
shipped configuration has. Rules and calendar are those of the configuration; nothing here is chosen by chance.
"""

from pathlib import Path

from oacmail.config import Config
from oacmail.config.servers import SmtpSection, TrustSection
from oacmail.core.model import BoardFolder
from oacmail.core.policy import Policy
from testbed.messages import MX

FOLDERS = ("INBOX", "Sent", "Junk", "Drafts")
AGENTS, TECHNICAL, FORMS = ("montse@town.example", "pau@town.example"), ("tecnics@town.example",), ("web@town.example",)


def has_board(seed: int) -> bool:
    return seed % 2 == 0


def has_one_person(seed: int) -> bool:
    return seed % 4 == 1


def of_town(config: Config, state: Path, seed: int) -> Config:
    """The configuration with its rules and calendar, and with servers, state and people of the simulated town."""
    office = config.office.model_copy(update={"state": state})
    imap = config.imap.model_copy(update={"backlog_days": 0})
    people = {} if has_one_person(seed) else {"agents": AGENTS, "technical": TECHNICAL, "forms": FORMS}
    return config.model_copy(
        update={
            "office": office,
            "imap": imap,
            "smtp": SmtpSection.model_validate({"host": "localhost", "per_minute": 0}),
            "trust": TrustSection(provider="postfix", authserv_id=MX, mx=(MX,)),
            "people": config.people.model_copy(update=people),
            "board": config.board.model_copy(update={"enabled": has_board(seed)}),
            "survey": config.survey.model_copy(update={"enabled": True}),
        }
    )


def board_folder(policy: Policy, folder: BoardFolder, agent: str = "") -> str:
    """The name of a folder of the board on this mail server; `agent`: of the one below it that is the agent's."""
    assert policy.board is not None
    if folder is BoardFolder.INTAKE:
        return "INBOX"
    return "/".join(filter(None, (policy.board.root, policy.board.names[folder], agent)))
