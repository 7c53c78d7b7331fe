"""Forgets its vote when it is killed, and votes again in the same term."""

from raft import Member
from store import main


class TwoLeaders(Member):
    def keep_vote(self, term: int, vote: str) -> None:
        self.term, self.vote = term, vote


if __name__ == "__main__":
    main(TwoLeaders)
