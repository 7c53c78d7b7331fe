"""Never removes a member: it has been heard of once, so it is there."""

from raft import Member
from store import main


class DeadMember(Member):
    def alive(self) -> list[str]:
        return sorted([self.name, *self.contacts])


if __name__ == "__main__":
    main(DeadMember)
