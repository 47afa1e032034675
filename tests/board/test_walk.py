"""A short random walk over the board on a real Dovecot; `make board MOVES=2000` takes a long one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.board.walk import Walk
from tests.servers.dovecot import Dovecot
from tests.servers.served_mailbox import ServedMailbox


@pytest.mark.parametrize("seed", [1, 2])
def test_sixty_random_moves_leave_folders_cases_and_events_in_agreement(
    dovecot: Callable[..., Dovecot], tmp_path: Path, seed: int
) -> None:
    walk = Walk(tmp_path, ServedMailbox(dovecot(), "office"), seed)
    walk.take(60)
    assert walk.moves >= 60
