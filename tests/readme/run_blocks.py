#!/usr/bin/env python3
"""Does what the READMEs tell a reader to do, and compares what is printed with what stands there.

    run_blocks.py DSE PAGE.md ...

The commands of a page are run from top to bottom in one empty folder, with the program DSE on the PATH; README.md beside
this file tells what is compared and what markers on a page mean. Prints what was not run, and why. Exits with 1
where a page is wrong, and with 77 where every page was skipped.
  DSE_README_KEEP=DIR    keeps the folders of the pages in DIR
"""
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_blocks import PageError, read_page
from matching import first_missing, table_rows

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK_TIMEOUT_S = 3600  # only ends a hang


class Page:
    """A page that is worked down: its folder, what was printed last, and what was found."""

    def __init__(self, path, folder, program):
        self.name = os.path.relpath(path, ROOT)
        self.blocks = read_page(Path(path).read_text(encoding="utf-8"), self.name)
        self.folder = folder / "work"
        self.folder.mkdir(parents=True)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "dse").symlink_to(Path(program).resolve())
        self.environment = {name: value for name, value in os.environ.items() if name != "DSE_TORCH_MODULE"}
        self.environment.update(PATH=f"{programs}:{os.environ['PATH']}", DSE_ROOT=str(ROOT), LC_ALL="C.UTF-8")
        self.database = None
        self.printed = None  # by the last commands; None: they were not run, or there were none
        self.had_commands = False
        self.lacking = None  # the variable that this section needs
        self.wrong, self.not_run, self.skipped = [], [], []
        self.run, self.compared = 0, 0

    def place(self, block):
        return f"{self.name}:{block.line}"

    def execute(self, block, words, text=None):
        """Runs a block; False, and what it printed among the wrong, where it fails."""
        process = subprocess.Popen(words, cwd=self.folder, env=self.environment, text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        end = "ended with"
        try:
            self.printed, _ = process.communicate(text, timeout=BLOCK_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.printed, _ = process.communicate()
            end = f"killed after {BLOCK_TIMEOUT_S} s:"
        self.run += 1
        if process.returncode != 0:
            self.wrong.append(f"{self.place(block)}: {end} {process.returncode}:\n{block.text}\n"
                              f"--- printed\n{self.printed}")
        return process.returncode == 0

    def commands(self, block):
        """A block of commands: run, or not run for a reason that is kept."""
        self.had_commands, self.printed = True, None
        reason = block.marker("not run:")
        if reason:
            self.not_run.append(f"{self.place(block)}: {reason}")
            return True
        if self.lacking:
            self.skipped.append(f"{self.place(block)}: {self.lacking} is not set")
            return True
        text = block.text
        for old, new in block.replacements():
            if old not in text:
                raise PageError(f"{self.place(block)}: has no '{old}' to replace")
            text = text.replace(old, new)
        if block.language == "sql":
            if self.database is None:
                raise PageError(f"{self.place(block)}: no marker tells the database")
            return self.execute(block, ["sqlite3", "-bail", "-markdown", self.database], text)
        return self.execute(block, ["bash", "-e", "-o", "pipefail", "-c", text])

    def output(self, block, wanted, printed):
        """Compares a block, or a table, with what was printed."""
        if block.marker("columns") is not None and len(wanted.splitlines()) == len(printed.splitlines()):
            wanted = wanted.splitlines()[0]
        line = first_missing(wanted, printed, block.marker("numbers differ") is not None,
                             block.marker("consecutive") is not None)
        self.compared += 1
        if line is not None:
            self.wrong.append(f"{self.place(block)}: was not printed (so, or there): {line}\n--- printed\n{printed}")

    def work(self):
        """Works the page down. Stops at the first commands that fail: the rest builds on them."""
        previous = None
        for block in self.blocks:
            if block.kind == "heading":
                self.lacking = None
            elif block.kind == "needs":
                self.lacking = None if os.environ.get(block.text) else block.text
            elif block.kind == "database":
                self.database = block.text
            elif block.kind == "run" or (block.kind == "fence" and block.language in ("sh", "sql")):
                if not self.commands(block):
                    return
            elif block.marker("file"):
                (self.folder / block.marker("file")).write_text(block.text + "\n", encoding="utf-8")
            elif block.kind == "table":
                if previous.kind == "fence" and previous.language == "sql" and self.printed is not None:
                    self.output(block, "\n".join(table_rows(block.text)), "\n".join(table_rows(self.printed)))
            elif not block.marker("shown:"):
                if not self.had_commands:
                    raise PageError(f"{self.place(block)}: no commands before it print this; mark it 'file' or 'shown:'")
                if self.printed is not None:
                    self.output(block, block.text, self.printed)
            previous = block

    def report(self):
        for line in self.not_run:
            print(f"not run: {line}")
        for line in self.skipped:
            print(f"SKIPPED: {line}")
        for text in self.wrong:
            print(f"WRONG: {text}")
        print(f"{self.name}: {self.run} blocks run, {len(self.not_run)} not run, {len(self.skipped)} skipped; "
              f"{self.compared} outputs compared, {len(self.wrong)} wrong", flush=True)


def work_page(path, folder, program):
    """A page worked down and reported; None where it cannot be read."""
    try:
        page = Page(path, folder, program)
        page.work()
    except PageError as error:
        print(f"WRONG: {error}", flush=True)
        return None
    page.report()
    return page


def main(program, paths):
    with tempfile.TemporaryDirectory(prefix="dse-readme-") as temporary:
        folder = Path(os.environ.get("DSE_README_KEEP") or temporary)
        pages = [work_page(path, folder / f"{number}-{Path(path).parent.name or 'root'}", program)
                 for number, path in enumerate(paths)]
    if any(page is None or page.wrong for page in pages):
        return 1
    return 77 if not any(page.run for page in pages) and any(page.skipped for page in pages) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
