"""A short random walk over the board on a real Dovecot; `make board MOVES=2000` takes a long one."""

from collections.abc import Callable
from pathlib import Path

from tests.board.walk import Walk
from tests.servers.dovecot import Dovecot
from tests.servers.served_mailbox import ServedMailbox


def test_sixty_random_moves_leave_folders_cases_and_events_in_agreement(
    dovecot: Callable[..., Dovecot], tmp_path: Path
) -> None:
    walk = Walk(tmp_path, ServedMailbox(dovecot(), "office"), seed=1)
    walk.take(60)
    assert walk.moves >= 60
