#!/usr/bin/env python3
"""run_blocks.py on small pages: what stands there and is not printed is found."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

RUN_BLOCKS = Path(__file__).resolve().parent / "run_blocks.py"


def run(text, **environment):
    """The exit code and output of run_blocks.py for a page."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "PAGE.md"
        page.write_text(text, encoding="utf-8")
        kept = {name: value for name, value in os.environ.items() if name != "DSE_README_KEEP"}
        answer = subprocess.run([sys.executable, RUN_BLOCKS, "/bin/echo", page], capture_output=True, text=True,
                                env={**kept, **environment})
        return answer.returncode, answer.stdout + answer.stderr


def page_of(commands, output, marker=""):
    return f"# T\n\n```sh\n{commands}\n```\n\nprints\n\n{marker}\n\n" + "".join(f"    {line}\n" for line in output.split("\n"))


class RunBlocks(unittest.TestCase):
    def passes(self, text, *parts, **environment):
        code, printed = run(text, **environment)
        self.assertEqual(code, 0, printed)
        for part in parts:
            self.assertIn(part, printed)

    def fails(self, text, *parts, **environment):
        code, printed = run(text, **environment)
        self.assertEqual(code, 1, printed)
        for part in parts:
            self.assertIn(part, printed)

    def test_lines_must_be_printed_in_their_order_with_any_lines_between(self):
        self.passes(page_of("seq 10", "2\n...\n7"), "1 blocks run, 0 not run, 0 skipped; 1 outputs compared, 0 wrong")
        self.fails(page_of("seq 10", "7\n2"), "PAGE.md:11: was not printed (so, or there): 2")
        self.fails(page_of("seq 10", "11"), ": 11", "--- printed\n1\n2")

    def test_spaces_and_digits_count_unless_a_marker_says_that_they_differ(self):
        self.fails(page_of("echo 'error  4.5'", "error 4.5"))
        self.fails(page_of("echo 'error 4.5'", "error 4.6"))
        differ = "<!-- readme: numbers differ -->"
        self.passes(page_of("echo 'error  4.5% of 1.2M [1,-2], 252362ea33c68df5'", "error 61% of 900K [3,40], aa02ea33c68df512", differ))
        self.fails(page_of("echo 'error 4.5'", "errors 4.5", differ))
        self.fails(page_of("echo 'w1 4.5 3'", "w1 4.5", differ))
        self.fails(page_of("echo 'w1 4.5'", "w2 4.5", differ))

    def test_times_and_rates_may_be_others(self):
        self.passes(page_of("echo '12 in 0.03s, 1.4M candidates/s, 7 img/s, 3/h'",
                            "12 in 10.21s, 38.5K candidates/s, 1,234 img/s, 159/h"))
        self.fails(page_of("echo '13 in 0.03s'", "12 in 0.03s"))

    def test_lines_marked_consecutive_have_none_between(self):
        marker = "<!-- readme: consecutive -->"
        self.passes(page_of("seq 10", "2\n3", marker))
        self.fails(page_of("seq 10", "2\n4", marker), "there): 4")

    def test_commands_that_fail_end_the_page(self):
        self.fails("```sh\nfalse | true\ntouch x\n```\n\n```sh\ntouch y\n```\n", "PAGE.md:1: ended with 1", "1 blocks run")

    def test_one_empty_folder_holds_the_page_and_the_program_is_on_the_path(self):
        self.passes("```sh\nls | wc -l\ndse one > a\n```\n\n    0\n\n```sh\ncat a\n```\n\n    one\n")

    def test_hidden_commands_and_files_prepare_what_a_page_takes_for_granted(self):
        self.passes("<!-- readme: run\necho 5 > a\n-->\n\n<!-- readme: file b.json -->\n```json\n{}\n```\n\n"
                    "```sh\ncat a b.json\n```\n\n    5\n    {}\n", "2 blocks run")

    def test_a_replacement_makes_a_block_smaller_and_must_fit(self):
        self.passes("<!-- readme: replace `100` by `2` -->\n```sh\nseq 100 | wc -l\n```\n\n    2\n")
        self.fails("<!-- readme: replace `10` by `2` -->\n```sh\nls\n```\n", "has no '10' to replace")

    def test_what_is_not_run_is_said_with_the_reason_and_its_output_is_not_compared(self):
        self.passes("<!-- readme: not run: takes an hour -->\n```sh\nfalse\n```\n\n    slow\n", "not run: ", "PAGE.md:2: takes an hour")

    def test_a_section_that_needs_a_variable_is_skipped_without_it(self):
        page = "## A\n\n<!-- readme: needs DSE_X -->\n\n```sh\necho $DSE_X\n```\n\n    here\n\n## B\n\n```sh\necho b\n```\n\n    b\n"
        self.passes(page, "SKIPPED: ", "PAGE.md:5: DSE_X is not set", "1 blocks run, 0 not run, 1 skipped", DSE_X="")
        self.passes(page, "2 blocks run", DSE_X="here")
        self.fails(page, "there): here", DSE_X="away")
        self.assertEqual(run(page.split("## B")[0], DSE_X="")[0], 77)

    def test_queries_are_asked_of_the_database_and_tables_compared(self):
        page = ("<!-- readme: database s.db -->\n<!-- readme: run\nsqlite3 s.db 'CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 61.0)'\n-->\n"
                "```sql\nSELECT a, b FROM t;\n```\n| a |  b   |\n|---|------|\n| 1 | 61.0 |\n\nand\n\n| any | table |\n|---|---|\n")
        self.passes(page.split("\nand")[0], "1 outputs compared")
        self.fails(page.replace("| 1 | 61.0 |", "| 1 | 62.0 |").split("\nand")[0], "1 | 62.0")
        columns = page.replace("```\n| a", "```\n<!-- readme: columns -->\n| a").split("\nand")[0]
        self.passes(columns.replace("| 1 | 61.0 |", "| 7 | none |"))
        self.fails(columns.replace("| 1 | 61.0 |", "| 7 | none |\n| 8 | none |"), "7 | none")
        self.fails(columns.replace("| a |", "| c |"), "c | b")
        self.fails("```sql\nSELECT 1;\n```\n", "no marker tells the database")
        self.fails("<!-- readme: database s.db -->\n```sql\nSELECT nothing;\n```\n", "ended with 1")

    def test_a_page_that_cannot_be_read_is_wrong(self):
        self.fails("    output of nothing\n", "PAGE.md:1: no commands before it")
        self.passes("<!-- readme: shown: a drawing -->\n\n    no output\n")
        self.fails("<!-- readme: runn\nls\n-->\n", "there is no marker 'runn'")
        self.fails("<!-- readme: numbers differ -->\n\ntext\n", "has no block behind it")
        self.fails("<!-- readme: not run: -->\n```sh\nls\n```\n", "says too little")
        self.fails("```sh\nls\n", "is not closed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
