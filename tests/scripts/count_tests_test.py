#!/usr/bin/env python3
"""scripts/count_tests on what a real ctest printed of a small project."""
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(small NONE)
enable_testing()
"""
# Name, what it does, and its line of properties.
TESTS = {
    "good": ("echo fine", ""),
    "bad": ("exit 3", ""),
    "crash": ("kill -ABRT $$", ""),
    "slow": ("sleep 60", "TIMEOUT 1"),
    "partly": ("echo 'SKIPPED: a case: no device'; echo 'SKIPPED: another, with: signs: not here';"
               " echo 'SKIPPED: a case: no device'; seq 100000", ""),
    "wholly": ("echo 'SKIPPED: wholly: no browser'; exit 77", "SKIP_RETURN_CODE 77"),
    "silent": ("exit 77", "SKIP_RETURN_CODE 77"),
    "speaks_of_it": ("echo 'nothing was SKIPPED: really'", ""),
}


def counted(names):
    """The lines of scripts/count_tests for a project of these tests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = PROJECT
        for test in names:
            command, properties = TESTS[test]
            text += f'add_test(NAME {test} COMMAND sh -c "{command}")\n'
            if properties:
                text += f"set_tests_properties({test} PROPERTIES {properties})\n"
        (folder / "CMakeLists.txt").write_text(text)
        subprocess.run(["cmake", "-B", folder / "b", folder], check=True, capture_output=True)
        answer = subprocess.run(["ctest", "--test-dir", folder / "b", "--output-on-failure"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        (folder / "output").write_bytes(answer.stdout)
        count = subprocess.run([ROOT / "scripts/count_tests", folder / "output",
                                folder / "b/Testing/Temporary/LastTest.log"],
                               check=True, capture_output=True, text=True)
        return count.stdout.splitlines()


class CountTests(unittest.TestCase):
    def test_passed_failed_and_left_out_are_counted_apart_and_what_was_left_out_is_named(self):
        self.assertEqual(counted(TESTS), [
            "3 3",
            "SKIPPED: partly: a case: no device",
            "SKIPPED: partly: another, with: signs: not here",
            "SKIPPED: wholly: wholly: no browser",
            "SKIPPED: silent: gave no reason",
        ])

    def test_where_nothing_was_left_out_there_is_one_line(self):
        self.assertEqual(counted(["good", "speaks_of_it"]), ["2 0"])

    def test_a_ctest_that_found_nothing_counts_nothing(self):
        self.assertEqual(counted([]), ["0 0"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
