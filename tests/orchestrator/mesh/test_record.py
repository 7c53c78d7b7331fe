"""A record of active faults, from one command to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import LabError
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from orchestrator.mesh.manual_faults import FaultRecord, RecordedFault

PACKETS, STREAM = Probe("packets", 20), Probe("stream", 3, size=1200, patience=8.0)
PEERS = {"alice": "a" * 64, "bob": "b" * 64}
LONE = RecordedFault("isolate", {"at": "alice", "as": "l\N{SNOWMAN}ne"}, "lone", 1_700_000_000.5)
SLOW = RecordedFault(
    "impair",
    {"between": ["alice", "bob"], "delay": 0.1},
    "impair 1",
    1.0,
    [
        (("alice", "bob"), PACKETS, Measured(20, 19, 0.000_25)),
        (("bob", "alice"), PACKETS, Measured(0, 0, error=NOT_RUNNING)),
        (("alice", "bob"), STREAM, Measured(3, 3600, 0.001, 125_000, 3)),
    ],
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "made" / "record.json"
    for record in (FaultRecord(PEERS, [LONE, SLOW]), FaultRecord(PEERS)):
        record.write(path)
        assert FaultRecord.read(path, PEERS.values()) == record


def test_without_a_file_the_record_is_empty(tmp_path: Path) -> None:
    assert FaultRecord.read(tmp_path / "none", PEERS.values()) == FaultRecord()


def test_the_record_of_another_mesh_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    FaultRecord(PEERS, [LONE]).write(path)
    for containers in ([], ["c" * 64]):
        assert FaultRecord.read(path, containers) == FaultRecord()
    assert FaultRecord.read(path, ["c" * 64, "b" * 64]).faults == [LONE], "alice was replaced"


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text('{"peers": []}')
    with pytest.raises(LabError, match=r"record\.json is not a record of faults$") as refused:
        FaultRecord.read(path, PEERS.values())
    assert refused.value.hint == "peerlab down removes the mesh with its faults"
    with pytest.raises(LabError, match="cannot be read: "):
        FaultRecord.read(tmp_path, PEERS.values())
