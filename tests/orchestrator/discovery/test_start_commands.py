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


@pytest.mark.parametrize(("name", "compiler"), [("peer.c", "gcc"), ("peer.cpp", "g++")])
def test_what_is_built_has_the_flags_that_a_person_would_type(
    tmp_path: Path, name: str, compiler: str
) -> None:
    put(tmp_path, name, "int main(int argc, char **argv) { return atoi(argv[1]); }")
    first = start_commands(tmp_path)[0]
    assert first.words == ("./chat", "{port}")
    assert first.build == ((compiler, "-pthread", "-o", "chat", name),)
    assert compiler in first.packages


@pytest.mark.parametrize("line", ["#include <own.h>", "  # include  <own.h>  // mine"])
def test_a_header_of_its_own_in_angle_brackets(tmp_path: Path, line: str) -> None:
    put(tmp_path, "own.h", "int main(int, char **);")
    put(tmp_path, "peer.cpp", f"{line}\nint main(int n, char **argv) {{ return atoi(argv[1]); }}")
    assert "-I." in start_commands(tmp_path)[0].build[0]


def test_typescript_is_compiled(tmp_path: Path) -> None:
    put(tmp_path, "it.ts", "import * as net from 'net';\nconst port = +process.argv[2];")
    first = start_commands(tmp_path)[0]
    assert first.words == ("node", "chat/it.js", "{port}")
    assert "node-typescript" in first.packages
    assert "--module commonjs" in first.build[0][-1]
    put(tmp_path, "package.json", '{"type": "module"}')
    assert "--module es2020" in start_commands(tmp_path)[0].build[0][-1]


def test_a_makefile_names_its_program(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", "all: node\nnode: node.c\n\tgcc -o node node.c\n")
    put(tmp_path, "node.c", "int main(int n, char *argv[]) { return atoi(argv[1]); }")
    assert start_commands(tmp_path)[0].words == ("./node", "{port}")
    assert start_commands(tmp_path)[0].build == (("make",),)


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
    assert len(start_commands(tmp_path, "./run")) == 5


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
    assert len(found) == 5


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


C_CHAT = '#include "own.h"\nint main(int n, char **argv) { listen(atoi(argv[1]), 5); }\n'
JAVA_MAIN = "{}public class Chat {{ public static void main(String[] args) {{ new {}; }} }}\n"
GO_MAIN = 'package main\nfunc main() { net.Listen("tcp", ":" + os.Args[1]) }\n'
LAYOUTS: dict[str, tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "C in src and include": (
        {"src/main.c": C_CHAT, "src/net.c": "int x;\n", "include/own.h": "\n"},
        ("gcc", "-pthread", "-Iinclude", "-o", "chat", "src/main.c", "src/net.c"),
        ("./chat", "{port}"),
    ),
    "C with mathematics": (
        {"p.c": "#include <math.h>\nint main(void) { return 0; }\n"},
        ("gcc", "-pthread", "-o", "chat", "p.c", "-lm"),
        ("./chat",),
    ),
    "C beside a folder called chat": (
        {"chat/main.c": "int main(void) { return 0; }\n"},
        ("gcc", "-pthread", "-o", "chat-program", "chat/main.c"),
        ("./chat-program",),
    ),
    "C++ with two mains of which one listens": (
        {
            "node.cpp": "int main() { listen(s, 5); }\n",
            "trial.cpp": "int main() { connect(s); }\n",
            "x.cpp": "int y;\n",
        },
        ("g++", "-pthread", "-o", "chat", "node.cpp", "x.cpp"),
        ("./chat",),
    ),
    "Java with CRLF": (
        {"Chat.java": JAVA_MAIN.format("", "ServerSocket(1)").replace("\n", "\r\n")},
        ("javac", "Chat.java"),
        ("java", "-cp", ".", "Chat"),
    ),
    "Java in packages": (
        {
            "src/p2p/Chat.java": JAVA_MAIN.format("package p2p;\r\n", "Peer()"),
            "src/p2p/Peer.java": "package p2p;\nclass Peer { ServerSocket s; }\n",
        },
        ("javac", "-d", "classes", "src/p2p/Chat.java", "src/p2p/Peer.java"),
        ("java", "-cp", "classes", "p2p.Chat"),
    ),
    "Go without a module": (
        {"main.go": GO_MAIN, "peer.go": "package main\n", "peer_test.go": "package main\n"},
        ("go", "build", "-o", "chat", "main.go", "peer.go"),
        ("./chat", "{port}"),
    ),
    "a Go module with its program in cmd": (
        {"go.mod": "module x\n", "cmd/talk/main.go": GO_MAIN, "wire/wire.go": "package wire\n"},
        ("go", "build", "-o", "chat", "./cmd/talk"),
        ("./chat", "{port}"),
    ),
    "a Go module in a folder": (
        {"src/go.mod": "module x\n", "src/main.go": GO_MAIN},
        ("sh", "-c", "cd src && go build -o ../chat ."),
        ("./chat", "{port}"),
    ),
    "a crate": (
        {
            "Cargo.toml": '[package]\nname = "talker"\nversion = "0.1.0"\n',
            "src/main.rs": "mod net;\nfn main() { std::env::args(); }\n",
            "src/net.rs": "use std::net::TcpListener;\n",
        },
        ("cargo", "build", "--offline"),
        ("./target/debug/talker", "{port}"),
    ),
    "one file of Rust": (
        {"peer.rs": "fn main() { TcpListener::bind(1); }\n"},
        ("rustc", "--edition", "2021", "-o", "chat", "peer.rs"),
        ("./chat",),
    ),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_what_is_compiled(tmp_path: Path, case: str) -> None:
    files, build, words = LAYOUTS[case]
    write(tmp_path, files)
    first = start_commands(tmp_path)[0]
    assert (first.build, first.words) == ((build,), words)


INTERPRETED: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "Python in src": ({"src/chat.py": "import sys\nsys.argv\n"}, ("{python}", "src/chat.py")),
    "a Python package": (
        {"talk/__main__.py": "from .net import go\n", "talk/net.py": "s.listen()\ninput()\n"},
        ("{python}", "-m", "talk"),
    ),
    "a script without a suffix, with CRLF": (
        {"talk": "#!/usr/bin/env python3\r\ninput()\r\n"},
        ("{python}", "talk"),
    ),
    "Perl with a module beside it": (
        {"chat.pl": "use Peer;\n", "Peer.pm": "package Peer;\n", "lib/A/B.pm": "package A::B;\n"},
        ("perl", "-I.", "-Ilib", "chat.pl"),
    ),
    "Ruby": (
        {"talk.rb": "require_relative 'net'\n", "net.rb": "TCPServer.new(1)\n"},
        ("ruby", "talk.rb"),
    ),
    "the start of package.json": (
        {"package.json": '{"scripts": {"start": "node lib/go.js"}}', "a.js": "require('net')\n",
         "lib/go.js": "require('net')\n"},
        ("node", "lib/go.js"),
    ),
    "bash": ({"talk.sh": "#!/bin/bash\nnc -l\n"}, ("bash", "talk.sh")),
    "a program and the script that starts it": (
        {"run.sh": "#!/bin/sh\npython3 peer.py\n", "peer.py": "input()\n"},
        ("{python}", "peer.py"),
    ),
    "an old copy in a folder": (
        {"ada.py": "s.listen()\ninput()\n", "old/chat.py": "s.listen()\ninput()\n"},
        ("{python}", "ada.py"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", INTERPRETED)
def test_what_is_interpreted(tmp_path: Path, case: str) -> None:
    files, words = INTERPRETED[case]
    write(tmp_path, files)
    first = start_commands(tmp_path)[0]
    assert first.build == ()
    assert tuple(word for word in first.words if word != "{port}") == words


def test_the_tools_of_a_script_are_installed(tmp_path: Path) -> None:
    put(tmp_path, "chat.sh", "socat - TCP-LISTEN:$1\n")
    assert start_commands(tmp_path)[0].packages == ("socat",)


def test_the_libraries_that_headers_name_are_installed(tmp_path: Path) -> None:
    put(tmp_path, "chat.c", "#include <readline/readline.h>\nint main(void) { return 0; }\n")
    first = start_commands(tmp_path)[0]
    assert "libreadline-dev" in first.packages
    assert first.build[0][-1] == "-lreadline"


def test_a_makefile_of_another_language(tmp_path: Path) -> None:
    put(tmp_path, "Makefile", "BIN=peer\nall: $(BIN)\n$(BIN): main.go\n\tgo build -o $(BIN) .\n")
    put(tmp_path, "main.go", GO_MAIN)
    first = start_commands(tmp_path)[0]
    assert first.words == ("./peer", "{port}")
    assert {"make", "golang-go"} <= {*first.packages}


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ({"ada.rb": "TCPServer.new\n", "bob.rb": "TCPServer.new\n"}, "ruby ada.rb"),
        ({"ada.c": C_CHAT, "bob.c": C_CHAT}, "./ada"),
        ({"ada/main.go": GO_MAIN, "bob/main.go": GO_MAIN}, "./ada"),
    ],
)
def test_the_hint_fits_the_language(tmp_path: Path, files: dict[str, str], hint: str) -> None:
    write(tmp_path, files)
    with pytest.raises(LabError, match="there are several programs") as found:
        start_commands(tmp_path)
    assert found.value.hint == f'choose one: --command "{hint} {{port}}"'


def test_a_chosen_program_is_built_under_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"ada.c": C_CHAT, "bob.c": C_CHAT, "net.c": "int x;\n"})
    (first,) = start_commands(tmp_path, "./bob {port}")
    assert first.build == (("gcc", "-pthread", "-o", "bob", "bob.c", "net.c"),)
    assert "gcc" in first.packages


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('package main\nfunc main() { flag.Int("port", 1, "x") }', ("-port", "{port}")),
        ('package main\nfunc main() { flag.StringVar(&p, "p", "", "x") }', ("-p", "{port}")),
        ("package main\nfunc main() { bufio.NewReader(os.Stdin) }", ()),
    ],
)
def test_the_flags_of_go(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    put(tmp_path, "main.go", text)
    assert start_commands(tmp_path)[0].words == ("./chat", *words)


def test_the_flags_of_getopt(tmp_path: Path) -> None:
    put(tmp_path, "m.c", 'int main(int c, char **v) { getopt(c, v, "hp:"); }')
    assert start_commands(tmp_path)[0].words == ("./chat", "-p", "{port}")


def test_only_notes(tmp_path: Path) -> None:
    put(tmp_path, "README.md", "my chat")
    with pytest.raises(LabError, match=r"no program found there, only README\.md$"):
        start_commands(tmp_path)
