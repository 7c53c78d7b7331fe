"""Shows term numbers that it counts in memory, and starts again at 1 after a kill."""

from raft import Member
from store import main


class TwoLeaders(Member):
    elections = 0

    def _follow(self, leader: str) -> None:
        if leader and leader != self.leader:
            self.elections += 1
        super()._follow(leader)

    def shown_term(self) -> int:
        return self.elections


if __name__ == "__main__":
    main(TwoLeaders)
