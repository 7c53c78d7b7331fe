"""Keeps its log in memory alone, trusting the other members to have it after a kill."""

from raft import Entry, Member
from store import main


class LostWrite(Member):
    def keep_entry(self, index: int, entry: Entry) -> None:
        self.log[index:] = [entry]


if __name__ == "__main__":
    main(LostWrite)
