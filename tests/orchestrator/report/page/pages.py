"""Pages made for tests: what the data says is known, so what the page shows can be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.report.page.assets import render
from orchestrator.report.page.page import packed
from orchestrator.report.page.rows import (
    ConnectionRow,
    ConsoleData,
    FaultData,
    FindingData,
    LifeRow,
    ListCell,
    ListRow,
    MarkRow,
    MessageRow,
    NoticeRow,
    OperationRow,
    PageData,
    PieceRow,
    SocketCell,
    SocketRow,
    StepData,
    WorkloadRow,
)

ALICE, BOB, CAROL = range(3)
NAMES = ("alice", "bob", "carol")
_MARKUP = "</script><img src=x onerror=\"document.title='broken in'\"><b>bold</b>"
HOSTILE = f"{_MARKUP}\x1b[31m\x07\u202egnp.exe"


def written(data: PageData, path: Path) -> Path:
    """Write the page of this data."""
    path.write_text(render("a page", packed(data)), encoding="utf-8")
    return path


def page_data(**parts: Any) -> PageData:
    """Return the data of a run of three peers without anything in it, but for these parts."""
    empty: PageData = {
        "format": 1,
        "lab": "1.0",
        "run": {
            "name": "a-run",
            "why": "A reason.",
            "verdict": "valid",
            "headline": "",
            "step": None,
            "at_end": False,
            "place": "process",
            "started": "2026-11-29T21:00:00+00:00",
            "seconds": {},
            "machine": "not busy",
            "error": "",
            "folder": "runs/a-run/1",
        },
        "duration": 10.0,
        "peers": [
            {"name": name, "address": f"{name}:5000", "program": "chat", "lives": [_LIFE]}
            for name in NAMES
        ],
        "checks": [],
        "findings": [],
        "operations": [],
        "notices": [],
        "messages": [],
        "connections": [],
        "faults": [],
        "sockets": [],
        "lists": [],
        "marks": [],
        "workloads": [],
        "consoles": [console(peer, ()) for peer in range(len(NAMES))],
        "figures": [],
        "omitted": "",
    }
    return empty | parts  # type: ignore[return-value]


_LIFE = LifeRow(0.0, None, "")


def console(peer: int, shown: tuple[tuple[float, bytes], ...], typed: Any = ()) -> ConsoleData:
    """Return what a console showed, and what was typed there."""
    pieces = [PieceRow(at, 0, data.decode("latin-1")) for at, data in shown]
    pieces += [PieceRow(at, 1, data.decode("latin-1")) for at, data in typed]
    return {"peer": peer, "log": False, "pieces": sorted(pieces), "cut": False}


_STEP: StepData = {
    "file": "lost.yaml",
    "line": 9,
    "text": "- send: {at: alice, text: two}",
    "is_near": False,
}


def lost_message() -> PageData:
    """Return a run in which a message from alice to bob is lost in a partition that was real."""
    findings = _findings()
    run = page_data()["run"] | {
        "verdict": "invalid",
        "headline": findings[0]["says"],
        "step": _STEP,
    }
    open_socket = SocketCell("a:1", "b:5000", "ESTABLISHED", BOB, 0, 0)
    prompt = b"\x1b[32malice>\x1b[0m "
    return page_data(
        run=run,
        checks=[
            {"name": "delivery", "word": "invalid", "says": "1", "promise": "Nothing is lost."},
            {"name": "order", "word": "valid", "says": "in order", "promise": ""},
        ],
        findings=findings,
        operations=[
            OperationRow(1.0, 1.01, ALICE, "connect", "ok", "connect to bob", "ok", 5, 0, 1),
            OperationRow(2.0, 2.01, ALICE, "send", "ok", "send to bob: one", "ok: sent 1", 7, 0, 2),
            OperationRow(4.0, 4.01, ALICE, "send", "ok", "send to bob: two", "ok: sent 2", 9, 0, 3),
            OperationRow(7.0, 7.5, BOB, "list", "fail", "list", "error: no", 10, 0, 4),
            OperationRow(8.0, None, CAROL, "list", "info", "list", "no answer", 11, 0, 5),
        ],
        notices=[NoticeRow(2.005, BOB, "message", "* message 1 (alice): one")],
        messages=[
            MessageRow(ALICE, BOB, 2.0, 2.005, "shown", "one", 1),
            MessageRow(ALICE, BOB, 4.0, None, "lost", "two", 2),
        ],
        connections=[ConnectionRow(ALICE, BOB, 1.005, None, "both")],
        faults=[_partition()],
        sockets=[
            SocketRow(0.5, ALICE, True, [SocketCell("a:5000", "", "LISTEN", -1, 0, 0)], []),
            SocketRow(1.02, ALICE, False, [open_socket], []),
            SocketRow(6.5, ALICE, False, [], [("a:1", "b:5000")]),
        ],
        lists=[ListRow(1.5, ALICE, [ListCell("1", "bob", "b:5000")])],
        marks=[MarkRow(9.0, -1, "settled", "nothing was left to wait for")],
        consoles=[
            console(
                ALICE,
                ((0.1, prompt), (2.01, b"\r\nok: sent 1\r\n" + prompt), (4.01, b"\r\nok: sent 2")),
                ((2.0, b"send 1 one\n"), (4.0, b"send 1 two\n")),
            ),
            console(BOB, ((0.1, b"bob> "), (2.005, b"\r\x1b[K* message 1 (alice): one\r\nbob> "))),
            console(CAROL, ((0.1, b"carol> "),)),
        ],
    )  # fmt: skip


def _findings() -> list[FindingData]:
    finding: FindingData = {
        "check": "delivery",
        "word": "invalid",
        "says": "'two' from alice to bob, sent at 4.000 s: never shown, though it was confirmed",
        "at": 4.0,
        "peers": [ALICE, BOB],
        "text": "two",
        "operations": [2],
    }
    doubt = finding | {"check": "lists", "word": "unknown", "says": "carol did not answer"}
    doubt |= {"at": 8.0, "peers": [CAROL], "operations": [4]}
    return [finding, doubt]


def _partition() -> FaultData:
    return {
        "name": "partition", "kind": "partition", "says": "alice | bob, carol", "from": 3.0,
        "to": 6.0, "peers": [ALICE, BOB, CAROL], "links": [(ALICE, BOB), (ALICE, CAROL)],
        "proof": ["alice → bob: 20 of 20 packets before, 0 of 20 during"], "status": "proven",
        "operation": -1,
    }  # fmt: skip


def worked() -> PageData:
    """Return a run with a fault in the middle of one workload, and another that did not end."""
    operations = [
        OperationRow(
            at / 10, at / 10 + 0.02, at % 2, "put", "ok", "put x", "stored", 4, 0, at,
        )
        for at in range(20, 60)
    ]  # fmt: skip
    return page_data(
        operations=operations,
        faults=[_partition()],
        workloads=[
            WorkloadRow(2.0, 5.92, [ALICE, BOB], "workload of the model register for 4 s", 40),
            WorkloadRow(4.0, None, [CAROL], "workload of the model set for 9 s", 1),
        ],
    )


def hostile() -> PageData:
    """Return a run whose program prints markup, sequences, direction marks and endless lines."""
    data = lost_message()
    text = HOSTILE + "x" * 100_000
    data["run"] |= {"name": HOSTILE, "why": text, "headline": text, "folder": HOSTILE}
    data["peers"][ALICE]["name"] = HOSTILE
    data["findings"][0] |= {"says": text, "text": text}
    data["checks"][0] |= {"name": HOSTILE, "says": text}
    data["operations"][2] = data["operations"][2]._replace(said=text, asked=text, verb=HOSTILE)
    data["notices"][0] = data["notices"][0]._replace(said=text, kind=HOSTILE)
    data["messages"][1] = data["messages"][1]._replace(text=text)
    data["faults"][0] |= {"says": text, "proof": [text]}
    data["marks"].append(MarkRow(3.0, BOB, HOSTILE, text))
    data["workloads"].append(WorkloadRow(2.0, None, [BOB], text, 3))
    data["lists"].append(ListRow(3.0, BOB, [ListCell(HOSTILE, HOSTILE, HOSTILE)]))
    data["consoles"][BOB] = console(BOB, ((3.0, text.encode()), (3.5, HOSTILE.encode())))
    return data


def long_run(operations: int) -> PageData:
    """Return a run of eight peers with this many operations, as many messages and notices."""
    data = page_data(duration=operations / 50)
    data["peers"] = [
        {"name": f"peer{n}", "address": f"10.0.0.{n}:5000", "program": "chat", "lives": [_LIFE]}
        for n in range(8)
    ]
    shown: list[list[tuple[float, bytes]]] = [[] for _ in data["peers"]]
    for n in range(operations):
        at, sender, receiver = n / 50, n % 8, (n * 3 + 1) % 8
        row = OperationRow(
            at, at + 0.002, sender, "send", "ok", f"send to peer{receiver}: text {n}", "ok: sent",
            4, 0, n + 1,
        )  # fmt: skip
        data["operations"].append(row)
        state = "lost" if n % 997 == 500 else "shown"
        seen = None if state == "lost" else round(at + 0.004, 4)
        data["messages"].append(MessageRow(sender, receiver, at, seen, state, f"text {n}", n))
        data["notices"].append(NoticeRow(at + 0.004, receiver, "message", f"* message: text {n}"))
        shown[sender].append((at + 0.002, b"\r\x1b[Kok: sent 1 #%d\r\npeer> " % n))
        shown[receiver].append((at + 0.004, b"\r\x1b[K* message 1: text %d\r\npeer> " % n))
    data["consoles"] = [console(peer, tuple(sorted(rows))) for peer, rows in enumerate(shown)]
    return data
