"""The leader counts the ids by itself, so that the next leader begins at 1 again."""

from gossip import Message
from raft import Member, Role
from store import main


class DuplicateId(Member):
    ids = 0

    def on_request(self, message: Message) -> None:
        if message["words"] != ["new-id"] or self.role is not Role.LEADER:
            return super().on_request(message)
        self.ids += 1
        return self.send(message["from"], "answer", ticket=message["ticket"], text=f"id {self.ids}")


if __name__ == "__main__":
    main(DuplicateId)
