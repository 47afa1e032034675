"""The board with a real daemon on Dovecot and Postfix: a message is filed, a person moves it, the answer is found."""

from collections.abc import Callable

from tests.e2e.office import RunningOffice
from tests.servers.people import Citizen
from tests.servers.waiting import until

OPEN, ANSWERED, CLOSED = "OAC360/1 Pendents", "OAC360/5 Resposts", "OAC360/6 Tancats"
MakeOffice = Callable[..., RunningOffice]


def test_a_case_on_the_board_from_arrival_to_its_end(office: MakeOffice) -> None:
    desk = office(board={"enabled": True})
    mine = f"OAC360/2 En curs/{desk.agent.address.partition('@')[0]}"
    citizen = Citizen(desk.mail_servers, "Anna Puig")
    with desk.running():
        sent = citizen.write(desk.address, "Instància", "Bon dia, com puc signar la instància amb l'idCAT?")
        agent = desk.at_desk()
        agent.move(agent.find(sent, OPEN), mine, OPEN)
        until(lambda: desk.cases()[0]["assignee"] == mine.rpartition("/")[2], what="the case is assigned")
        question = agent.read(agent.find(sent, mine), mine)
        agent.answer(question, "Bon dia, ho heu de fer així.")
        uid = agent.find(sent, ANSWERED)
        desk.kill()
        agent.move(uid, CLOSED, ANSWERED)
        desk.start()
        until(lambda: desk.cases()[0]["status"] == "closed", what="the case is closed")
        desk.passes()
        assert len(agent.uids(CLOSED)) == 1
        assert agent.uids() == []
        assert desk.status()["unaccounted"] == 0
        assert desk.oacmail("board", "waiting").stdout == "0 messages wait for `board confirm` or `board undo`\n"
        desk.oacmail("board", "confirm", code=1)
        agent.close()
