"""Answers `get` from its own copy, which may be behind the leader's."""

from raft import Member
from store import main


class StaleRead(Member):
    def request(self, ticket: str, words: list[str]) -> bool:
        if words[0] != "get":
            return super().request(ticket, words)
        self.answers[ticket] = self.contents.apply(words)
        return True


if __name__ == "__main__":
    main(StaleRead)
