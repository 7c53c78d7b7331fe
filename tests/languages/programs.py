"""Small programs that say which port they were given, and answer what is typed."""

from __future__ import annotations

_C_MAIN = """\
#include <own.h>
int main(int count, char *argv[]) {
    char line[200];
    say(atoi(argv[1]));
    while (fgets(line, sizeof line, stdin)) { printf("got %s", line); fflush(stdout); }
}
"""
_C_SAY = '#include <own.h>\nvoid say(int port) { printf("port %d\\n", port); fflush(stdout); }\n'
_C_HEADER = "#include <stdio.h>\n#include <stdlib.h>\nvoid say(int port);\n"
_MAKEFILE = """\
NAME = talk
CC = gcc
OUT = out/$(NAME)
$(OUT): src/main.c src/say.c include/own.h
\tmkdir -p out
\t$(CC) -Wall -Iinclude -o $@ src/main.c src/say.c
clean:
\trm -rf out
"""
_CPP = """\
#include <iostream>
#include <string>
int main(int count, char **argv) {
    std::string line;
    std::cout << "port " << argv[1] << std::endl;  // listen
    while (std::getline(std::cin, line)) std::cout << "got " << line << std::endl;
}
"""
_JAVA = """\
package talk;
import java.util.Scanner;
public class Main {
    public static void main(String[] args) {
        System.out.println("port " + args[0]);
        Scanner lines = new Scanner(System.in);
        while (lines.hasNextLine()) System.out.println("got " + Words.of(lines.nextLine()));
    }
}
"""
_JAVA_WORDS = "package talk;\nclass Words { static String of(String line) { return line; } }\n"
_JS = """\
const lines = require("readline").createInterface({ input: process.stdin });
console.log("port " + process.argv[2]);
lines.on("line", (line) => console.log("got " + line));
"""
_GO = """\
package main

import (
\t"bufio"
\t"fmt"
\t"os"
)

func main() {
\tfmt.Println("port " + os.Args[1])
\tlines := bufio.NewScanner(os.Stdin)
\tfor lines.Scan() {
\t\tfmt.Println(got(lines.Text()))
\t}
}
"""
_TS = """\
import * as readline from 'readline';
import { got } from './words';
const port: string = process.argv[2];
console.log(`port ${port}`);
readline.createInterface({ input: process.stdin }).on('line', (line: string) => {
  console.log(got(line));
});
"""
_TS_WORDS = "export const got = (line: string): string => `got ${line}`;\n"
_GO_GOT = 'package main\n\nfunc got(line string) string { return "got " + line }\n'
_RUST = """\
mod words;
use std::io::BufRead;
fn main() {
    println!("port {}", std::env::args().nth(1).unwrap());
    for line in std::io::stdin().lock().lines() {
        println!("{}", words::got(&line.unwrap()));
    }
}
"""
_RUST_WORDS = 'pub fn got(line: &str) -> String { format!("got {line}") }\n'
_CARGO = '[package]\nname = "talker"\nversion = "0.1.0"\nedition = "2021"\n'
_PERL = """\
use strict;
use Words;
$| = 1;
print "port $ARGV[0]\\n";
while (my $line = <STDIN>) { print Words::got($line); }
"""
_PERL_WORDS = 'package Words;\nsub got { return "got $_[0]"; }\n1;\n'
_RUBY = """\
require_relative 'words'
$stdout.sync = true
puts "port #{ARGV[0]}"
while (line = STDIN.gets) do puts got(line) end
"""
_BASH = """\
#!/bin/bash
echo "port $1"
while read -r line; do echo "got $line"; done
"""
_PYTHON = """\
#!/usr/bin/env python3
import sys
print("port", sys.argv[1])
for line in sys.stdin:
    print("got", line, end="")
"""

PROGRAMS: dict[str, dict[str, str]] = {
    "python-script": {"talk": _PYTHON.replace("\n", "\r\n")},
    "c-makefile": {
        "Makefile": _MAKEFILE, "src/main.c": _C_MAIN, "src/say.c": _C_SAY,
        "include/own.h": _C_HEADER,
    },
    "c-own-header": {
        "main.c": _C_MAIN, "say.c": _C_SAY, "own.h": _C_HEADER,
    },
    "c-folders": {"src/main.c": _C_MAIN, "src/say.c": _C_SAY, "include/own.h": _C_HEADER},
    "cpp-two-mains": {"node.cpp": _CPP, "trial.cpp": "int main() { return 1; }\n"},
    "java-packages": {
        "src/talk/Main.java": _JAVA.replace("\n", "\r\n"), "src/talk/Words.java": _JAVA_WORDS,
    },
    "javascript": {"package.json": '{"scripts": {"start": "node lib/it.js"}}', "lib/it.js": _JS},
    "typescript": {"src/it.ts": _TS, "src/words.ts": _TS_WORDS, "package.json": "{}"},
    "typescript-module": {
        "it.ts": _TS.replace("./words", "./words.js"), "words.ts": _TS_WORDS,
        "package.json": '{"type": "module"}',
    },
    "go-module": {"go.mod": "module talk\n\ngo 1.19\n", "main.go": _GO, "got.go": _GO_GOT},
    "go-files": {"main.go": _GO, "got.go": _GO_GOT},
    "rust-crate": {"Cargo.toml": _CARGO, "src/main.rs": _RUST, "src/words.rs": _RUST_WORDS},
    "rust-files": {"main.rs": _RUST, "words.rs": _RUST_WORDS},
    "perl": {"talk.pl": _PERL, "Words.pm": _PERL_WORDS},
    "ruby": {"talk.rb": _RUBY, "words.rb": 'def got(line) = "got #{line}"\n'},
    "bash": {"talk.sh": _BASH},
}  # fmt: skip
"""The files of each program, by its name."""
