"""What the store holds, and what each command does to it."""

from __future__ import annotations


class Contents:
    """What the commands of a log add up to: equal logs make equal contents."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.elements: list[str] = []
        self.ids = 0

    def apply(self, words: list[str]) -> str:
        """Carry out a command, and return the reply."""
        match words:
            case ["put", key, value]:
                self.values[key] = value
                return "stored"
            case ["get", key]:
                return f"{key} = {self.values[key]}" if key in self.values else "no value"
            case ["cas", key, old, new]:
                if self.values.get(key) != old:
                    return f"refused: {key} is {self.values.get(key, 'not there')}"
                self.values[key] = new
                return "changed"
            case ["add", element]:
                self.elements += [element] if element not in self.elements else []
                return "added"
            case ["elements"]:
                return " ".join(["elements:", *self.elements])
            case ["new-id"]:
                self.ids += 1
                return f"id {self.ids}"
        return ""  # the entry with which a leader begins its term
