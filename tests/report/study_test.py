#!/usr/bin/env python3
"""The report of a made-up study opened in headless Chromium: study_test.py DSE MAKE_STUDY

Six populations, with learning curves, repeats, times, networks that diverged and failed, awkward columns. Every chart must be
drawn, at two widths, light and dark; nothing may be loaded, complained about or stick out. Skipped where
Chromium is missing.
"""
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import chromium

MODELS = 40  # of a population
# Imported columns: what they are called must stay a name, in HTML and in the expressions of charts.
HOSTILE = ("x\\", 'a"b\\"+alert(1)+"', "a.b[0]", "</script><b>", "series", "it's")


class ReportOfStudy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.study = Path(cls.folder.name) / "study.db"
        cls.report = Path(cls.folder.name) / "report.html"
        subprocess.run([sys.executable, MAKE_STUDY, cls.study, "--models", str(MODELS), "--dse", DSE], check=True)
        with sqlite3.connect(cls.study) as database:
            for name in HOSTILE:
                database.execute("INSERT INTO properties SELECT id, ?, id % 7 FROM members", (name,))
        database.close()
        cls.analyze("--html", cls.report)
        cls.browser = chromium.Browser().__enter__()
        cls.addClassCleanup(cls.browser.__exit__)

    @classmethod
    def analyze(cls, *words):
        subprocess.run([DSE, "analyze", "--db", cls.study, *words], check=True, stdout=subprocess.DEVNULL)

    def test_every_chart_is_drawn_and_nothing_sticks_out(self):
        for width in (1280, 480):
            for dark in (False, True):
                with self.subTest(width=width, dark=dark):
                    page = self.browser.open(self.report, width=width, dark=dark)
                    page.draw_everything()
                    data = page.value("({...document.documentElement.dataset})")
                    self.assertGreater(int(data["charts"]), 50)
                    self.assertEqual(data["chartsDrawn"], data["charts"])
                    self.assertEqual(data["chartsFailed"], "0")
                    self.assertLessEqual(page.value("document.documentElement.scrollWidth"), width)
                    wide = page.value("[...document.querySelectorAll('div.chart')].filter("
                                      "box => box.scrollWidth > box.clientWidth + 1).map(box => box.parentElement.id)")
                    self.assertEqual(wide, [])
                    self.assertEqual(page.problems(), [])
                    self.assertEqual(page.requests(), [self.report.resolve().as_uri()])

    def test_it_can_be_read_without_scripts(self):
        page = self.browser.open(self.report, scripts=False)
        page.send("Emulation.setScriptExecutionDisabled", value=False)
        tables = page.value("document.querySelectorAll('details.numbers[open] table').length")
        self.assertEqual(tables, page.value("document.querySelectorAll('div.chart').length"))

    def test_two_reports_are_the_same_bytes(self):
        again = Path(self.folder.name) / "again.html"
        self.analyze("--html", again)
        self.assertEqual(again.read_bytes(), self.report.read_bytes())


if __name__ == "__main__":
    DSE, MAKE_STUDY = sys.argv.pop(1), sys.argv.pop(1)
    if not chromium.program():
        print("SKIPPED: study_test: Chromium is missing, the report is not opened (apt-get install chromium)")
        sys.exit(77)
    unittest.main(verbosity=2)
