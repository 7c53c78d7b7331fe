"""How the program of a Makefile is built and started."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.discovery.start_commands import start_commands


def put(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


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
    put(tmp_path, "node.c", "int main(int n, char *argv[]) { return atoi(argv[1]); }")
    assert start_commands(tmp_path)[0].words == ("./node", "{port}")


BUILDS = {
    "a program in a folder, before one that tests it": (
        (
            "OUT := ./out\nall:\n\tmkdir $(OUT)\n\tgcc -o $(OUT)/node node.c\n"
            "check_it:\n\tgcc -o ./check/it it.c\n"
        ),
        ("./out/node", [["make"]]),
    ),
    "by another target than the first, into folders that are not there": (
        (
            "OBJ = ./obj\nobjects:\n\tcc -c node.c -o $(OBJ)/node.o\n"
            "all: objects\n\tcc $(OBJ)/node.o -o ./bin/node\n"
        ),
        ("./bin/node", [["mkdir", "-p", "obj", "bin"], ["make", "all"]]),
    ),
    "none that tests it, though it comes first": (
        "test_node: t.c\n\tcc -o test_node t.c\nserver: node.c\n\tcc -o server node.c\n",
        ("./server", [["make", "server"]]),
    ),
    "by a pattern rule, into a folder that is not there": (
        "node: build/node.o\n\tcc -o $@ $^\nbuild/%.o: %.c\n\tcc -c -o $@ $<\n",
        ("./node", [["mkdir", "-p", "build"], ["make"]]),
    ),
}


@pytest.mark.parametrize("case", BUILDS)
def test_how_a_makefile_builds_its_program(tmp_path: Path, case: str) -> None:
    makefile, (program, build) = BUILDS[case]
    put(tmp_path, "Makefile", makefile)
    put(tmp_path, "node.c", "int main(int n, char *argv[]) { return atoi(argv[1]); }")
    first = start_commands(tmp_path)[0]
    assert (first.words[0], [list(words) for words in first.build]) == (program, build)


def test_a_folder_that_is_there_is_not_made(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", "node:\n\tcc -o bin/node node.c\n")
    (tmp_path / "bin").mkdir()
    assert start_commands(tmp_path)[0].build == (("make",),)


def test_the_sources_come_after_a_makefile(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", "node: node.c\n\tcc -o node node.c -lnothing\n")
    put(tmp_path, "node.c", "int main(int n, char *argv[]) { return atoi(argv[1]); }")
    found = start_commands(tmp_path)
    builds = list(dict.fromkeys(one.build[0][0] for one in found))
    assert (found[0].words[0], builds, found[-1].words[0]) == ("./node", ["make", "gcc"], "./chat")


def test_several_programs_behind_a_makefile_are_no_error(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", "node: node.c\n\tcc -o node node.c\n")
    for name in ("node.c", "other.c"):
        put(tmp_path, name, "int main() { listen(0, 1); }")
    assert {one.build for one in start_commands(tmp_path)} == {(("make",),)}


@pytest.mark.parametrize("text", ["run:\n\tpython3 chat.py\n", ".PHONY: run\nrun: ; ./chat.py\n"])
def test_a_makefile_that_builds_nothing_is_ignored(tmp_path: Path, text: str) -> None:
    put(tmp_path, "Makefile", text)
    put(tmp_path, "chat.py", "import sys\nport = int(sys.argv[1])")
    assert start_commands(tmp_path)[0].words == ("{python}", "chat.py", "{port}")
    assert start_commands(tmp_path)[0].build == ()
