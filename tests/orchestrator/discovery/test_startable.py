"""What there is to start in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.discovery.startable import ways
from orchestrator.errors import LabError
from orchestrator.folder import SOURCES


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def test_python_with_its_port_as_argument(tmp_path: Path) -> None:
    put(tmp_path, "other.py", "x = 1")
    put(tmp_path, "chat.py", "import sys\nport = int(sys.argv[1])")
    assert ways(tmp_path)[0].command == ("{python}", "chat.py", "{port}")


def test_a_flag_that_the_source_speaks_of(tmp_path: Path) -> None:
    put(tmp_path, "main.py", "parser.add_argument('--port', type=int)")
    assert ways(tmp_path)[0].command == ("{python}", "main.py", "--port", "{port}")


def test_a_program_that_asks(tmp_path: Path) -> None:
    put(tmp_path, "chat.py", "port = int(input('Port: '))")
    assert ways(tmp_path)[0].command == ("{python}", "chat.py")


def test_c_is_built(tmp_path: Path) -> None:
    put(tmp_path, "peer.c", "int main(int argc, char **argv) { return 0; }")
    first = ways(tmp_path)[0]
    assert first.command == ("./chat", "{port}")
    assert first.build[0][0] == "gcc"
    assert "peer.c" in first.build[0]
    assert "gcc" in first.packages


def test_a_makefile_says_what_it_makes(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", "all: node\nnode: node.c\n\tgcc -o node node.c\n")
    put(tmp_path, "node.c", "int main(void) { return 0; }")
    assert ways(tmp_path)[0].command == ("./node", "{port}")
    assert ways(tmp_path)[0].build == (("make",),)


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
def test_what_a_makefile_makes_is_read_off_its_rules(tmp_path: Path, case: str) -> None:
    put(tmp_path, "Makefile", MAKES[case])
    put(tmp_path, "node.c", "int main(void) { return 0; }")
    assert ways(tmp_path)[0].command == ("./node", "{port}")


@pytest.mark.parametrize("text", ["run:\n\tpython3 chat.py\n", ".PHONY: run\nrun: ; ./chat.py\n"])
def test_a_makefile_that_makes_nothing_is_passed_over(tmp_path: Path, text: str) -> None:
    put(tmp_path, "Makefile", text)
    put(tmp_path, "chat.py", "import sys\nport = int(sys.argv[1])")
    assert ways(tmp_path)[0].command == ("{python}", "chat.py", "{port}")
    assert ways(tmp_path)[0].build == ()


@pytest.mark.parametrize(
    ("name", "text", "first"),
    [
        ("chat.cc", "int main() { return 0; }", "./chat"),
        ("chat.cxx", "int main() { return 0; }", "./chat"),
        ("chat.mjs", "import net from 'net';", "node"),
    ],
)
def test_other_endings_of_the_same_languages(
    tmp_path: Path, name: str, text: str, first: str
) -> None:
    put(tmp_path, name, text)
    assert ways(tmp_path)[0].command[0] == first
    assert Path(name).suffix in SOURCES


def test_a_command_that_is_given(tmp_path: Path) -> None:
    put(tmp_path, "chat.py", "")
    found = ways(tmp_path, "python3 chat.py -v {port}")
    assert [each.command for each in found] == [("{python}", "chat.py", "-v", "{port}")]
    assert len(ways(tmp_path, "./run")) == 4


def test_nothing_to_start(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="nothing there looks like a program"):
        ways(tmp_path)


def test_two_programs_of_which_nobody_can_say_which(tmp_path: Path) -> None:
    for name in ("ada.py", "bob.py"):
        put(tmp_path, name, "import sys\nprint(sys.argv)")
    with pytest.raises(
        LabError, match=r"several programs could be meant: ada\.py, bob\.py"
    ) as found:
        ways(tmp_path)
    assert found.value.hint == 'say which: --command "python3 ada.py {port}"'


def test_a_usual_name_is_taken_before_another(tmp_path: Path) -> None:
    for name in ("ada.py", "peer.py"):
        put(tmp_path, name, "import sys\nprint(sys.argv)")
    assert {each.command[1] for each in ways(tmp_path)} == {"peer.py"}


def test_what_another_source_takes_in_is_no_program(tmp_path: Path) -> None:
    put(tmp_path, "server.py", "import sys\nclass Server: port = sys.argv")
    put(tmp_path, "main.py", "from server import Server\nif __name__ == '__main__': Server()")
    assert {each.command[1] for each in ways(tmp_path)} == {"main.py"}


def test_programs_in_two_languages(tmp_path: Path) -> None:
    put(tmp_path, "chat.py", "import sys\nprint(sys.argv)")
    put(tmp_path, "chat.c", "int main(void) { return 0; }")
    with pytest.raises(LabError, match=r"could be meant: chat\.c, chat\.py"):
        ways(tmp_path)
