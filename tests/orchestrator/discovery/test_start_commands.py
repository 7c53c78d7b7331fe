"""Commands proposed for programs in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.discovery.start_commands import start_commands
from orchestrator.errors import LabError
from orchestrator.folder import SOURCES


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def test_python_with_its_port_as_argument(tmp_path: Path) -> None:
    put(tmp_path, "other.py", "x = 1")
    put(tmp_path, "chat.py", "import sys\nport = int(sys.argv[1])")
    assert start_commands(tmp_path)[0].words == ("{python}", "chat.py", "{port}")


def test_a_flag_that_the_source_mentions(tmp_path: Path) -> None:
    put(tmp_path, "main.py", "parser.add_argument('--port', type=int)")
    assert start_commands(tmp_path)[0].words == ("{python}", "main.py", "--port", "{port}")


def test_a_program_that_asks(tmp_path: Path) -> None:
    put(tmp_path, "chat.py", "port = int(input('Port: '))")
    assert start_commands(tmp_path)[0].words == ("{python}", "chat.py")


def test_c_is_built(tmp_path: Path) -> None:
    put(tmp_path, "peer.c", "int main(int argc, char **argv) { return 0; }")
    first = start_commands(tmp_path)[0]
    assert first.words == ("./chat", "{port}")
    assert first.build[0][0] == "gcc"
    assert "peer.c" in first.build[0]
    assert "gcc" in first.packages


def test_a_makefile_names_its_program(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", "all: node\nnode: node.c\n\tgcc -o node node.c\n")
    put(tmp_path, "node.c", "int main(void) { return 0; }")
    assert start_commands(tmp_path)[0].words == ("./node", "{port}")
    assert start_commands(tmp_path)[0].build == (("make",),)


MAKES = {
    "a variable": """\
TARGET = node
.PHONY: all
all: $(TARGET)
$(TARGET): node.c
\t$(CC) $(CFLAGS) -o $(TARGET) node.c
""",
    "the target's name": "CC=gcc\nnode: node.c\n\t${CC} -o $@ $^\n",
    "an object": """\
all: node
node.o: node.c
\tgcc -c -o node.o node.c
node: node.o
\tgcc -o node node.o
""",
    "by a rule of make's own": "all: node\nnode: node.o more.o\n",
}


@pytest.mark.parametrize("case", MAKES)
def test_the_program_that_a_makefile_builds(tmp_path: Path, case: str) -> None:
    put(tmp_path, "Makefile", MAKES[case])
    put(tmp_path, "node.c", "int main(void) { return 0; }")
    assert start_commands(tmp_path)[0].words == ("./node", "{port}")


@pytest.mark.parametrize("text", ["run:\n\tpython3 chat.py\n", ".PHONY: run\nrun: ; ./chat.py\n"])
def test_a_makefile_that_builds_nothing_is_ignored(tmp_path: Path, text: str) -> None:
    put(tmp_path, "Makefile", text)
    put(tmp_path, "chat.py", "import sys\nport = int(sys.argv[1])")
    assert start_commands(tmp_path)[0].words == ("{python}", "chat.py", "{port}")
    assert start_commands(tmp_path)[0].build == ()


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        ("chat.cc", "int main() { return 0; }", "./chat"),
        ("chat.cxx", "int main() { return 0; }", "./chat"),
        ("chat.mjs", "import net from 'net';", "node"),
    ],
)
def test_other_suffixes_of_the_same_languages(
    tmp_path: Path, name: str, text: str, first: str
) -> None:
    put(tmp_path, name, text)
    assert start_commands(tmp_path)[0].words[0] == first
    assert Path(name).suffix in SOURCES


def test_a_command_that_is_given(tmp_path: Path) -> None:
    put(tmp_path, "chat.py", "")
    found = start_commands(tmp_path, "python3 chat.py -v {port}")
    assert [found.words for found in found] == [("{python}", "chat.py", "-v", "{port}")]
    assert len(start_commands(tmp_path, "./run")) == 4


def test_nothing_to_start(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no program found there"):
        start_commands(tmp_path)


def test_two_programs_are_ambiguous(tmp_path: Path) -> None:
    for name in ("ada.py", "bob.py"):
        put(tmp_path, name, "import sys\nprint(sys.argv)")
    with pytest.raises(LabError, match=r"there are several programs: ada\.py, bob\.py") as found:
        start_commands(tmp_path)
    assert found.value.hint == 'choose one: --command "python3 ada.py {port}"'


def test_a_usual_name_comes_first(tmp_path: Path) -> None:
    for name in ("ada.py", "peer.py"):
        put(tmp_path, name, "import sys\nprint(sys.argv)")
    assert {found.words[1] for found in start_commands(tmp_path)} == {"peer.py"}


def test_an_imported_module_is_not_the_program(tmp_path: Path) -> None:
    put(tmp_path, "server.py", "import sys\nclass Server: port = sys.argv")
    put(tmp_path, "main.py", "from server import Server\nif __name__ == '__main__': Server()")
    assert {found.words[1] for found in start_commands(tmp_path)} == {"main.py"}


def test_programs_in_two_languages(tmp_path: Path) -> None:
    put(tmp_path, "chat.py", "import sys\nprint(sys.argv)")
    put(tmp_path, "chat.c", "int main(void) { return 0; }")
    with pytest.raises(LabError, match=r"several programs: chat\.c, chat\.py"):
        start_commands(tmp_path)


@pytest.mark.parametrize(
    ("command", "error"),
    [("python3 'chat.py", "cannot parse --command: No closing quotation"), ("  ", "is empty")],
)
def test_a_command_that_cannot_be_parsed(tmp_path: Path, command: str, error: str) -> None:
    with pytest.raises(LabError, match=error):
        start_commands(tmp_path, command)


def test_an_executable(tmp_path: Path) -> None:
    put(tmp_path, "notes", "")
    put(tmp_path, "node", "\x7fELF")
    (tmp_path / "node").chmod(0o755)
    found = start_commands(tmp_path)
    assert found[0].words == ("./node", "{port}")
    assert found[0].why == "node is executable; the port as its argument"
    assert len(found) == 4
