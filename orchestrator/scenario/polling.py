"""Steps that repeat an operation of the program's own: what must come, what must never."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ValidationInfo, model_validator
from pydantic.json_schema import SkipJsonSchema

from orchestrator.document import ANY, Strict
from orchestrator.profile import Seconds
from orchestrator.scenario import calls, rules
from orchestrator.scenario.acts import Receivers, enforce
from orchestrator.scenario.values import ALL


class PollingStep(Strict):
    """A step that repeats an operation.

    Attributes:
        at: the peers: one, several, or `all`.
        every: seconds from one time that the operation is done to the next.
    """

    verb: ClassVar[str]  # the step's key

    at: Receivers
    every: Seconds = 0.1
    call: SkipJsonSchema[calls.CallStep | None] = None  # the operation

    @model_validator(mode="before")
    @classmethod
    def _read_call(cls, act: Any, info: ValidationInfo) -> Any:
        """Return the step with its operation, if there is one, under the key `call`."""
        vocabulary = (info.context or {}).get(calls.VOCABULARY)
        key = calls.repeated(cls.verb, act, vocabulary) if vocabulary else None
        if key is None:
            return act
        given = calls.of_step(key, act[key])
        at = given.pop("at", act.get("at"))
        rest = {name: value for name, value in act.items() if name not in (key, "at")}
        # Where it is done is the step's business: at each of several peers.
        return {**rest, **({} if at is None else {"at": at}), ANY: {**given, "at": ALL}}

    @property
    def where(self) -> str:
        """The peers, in a few words."""
        return self.at if isinstance(self.at, str) else ", ".join(self.at)


class EventuallyStep(PollingStep):
    """Repeat an operation of the program's own until it ends as it says.

    Attributes:
        within: seconds that this may take; by default `expect` of the `limits`.
    """

    verb = "eventually"

    within: Seconds | None = None

    @property
    def phrase(self) -> str:
        """The step in a few words."""
        return f"eventually {self.call.phrase if self.call else 'nothing'} at {self.where}"

    def timed(self, limit: float) -> calls.CallStep | None:
        """Return the operation with its time, which is `limit` by default."""
        within = limit if self.within is None else self.within
        return self.call and self.call.model_copy(update={"within": within, "every": self.every})

    _one_operation = enforce(rules.of_eventually)
