#!/usr/bin/env python3
"""scripts/figures on the charts of the sample report: figures_test.py DSE_SAMPLE_REPORT

Skipped where vl-convert is missing (scripts/setup installs it).
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = Path(os.environ.get("DSE_VENV") or ROOT / ".venv") / "bin" / "python"


def figures(*arguments):
    return subprocess.run([ROOT / "scripts" / "figures", *map(str, arguments)], capture_output=True, text=True)


class Figures(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.charts = self.folder / "charts"
        subprocess.run([SAMPLE_REPORT, self.folder / "report.html", self.charts], check=True)

    def keep(self, *names):
        for file in self.charts.iterdir():
            if file.name not in [f"{name}.vl.json" for name in names]:
                file.unlink()

    def refused(self, *arguments):
        answer = figures(*arguments)
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual(len(answer.stderr.splitlines()), 1, answer.stderr)
        return answer.stderr

    def test_every_chart_is_rendered_with_all_its_marks_and_no_warning(self):
        answer = figures(self.charts)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        for chart in self.charts.glob("*.vl.json"):
            svg = (self.charts / chart.name.replace(".vl.json", ".svg")).read_text(encoding="utf-8")
            self.assertTrue(svg.startswith("<svg"), chart.name)
            self.assertNotIn("NaN", svg, chart.name)
        points = (self.charts / "flops.svg").read_text(encoding="utf-8")
        self.assertEqual(points.count('aria-roledescription="point"'), 510)
        width = float(re.search(r'width="([\d.]+)"', (self.charts / "many.svg").read_text(encoding="utf-8"))[1])
        self.assertLess(width, 560)  # 460, an axis, and a legend that wraps

    def test_pictures_of_several_formats_go_into_the_folder_asked_for(self):
        self.keep("edf")
        out = self.folder / "figures"
        self.assertEqual(figures(self.charts, "--format", "png,pdf", "--out", out).returncode, 0)
        self.assertTrue((out / "edf.png").read_bytes().startswith(b"\x89PNG"))
        self.assertTrue((out / "edf.pdf").read_bytes().startswith(b"%PDF"))
        self.assertEqual(len(list(out.iterdir())), 2)

    def test_wrong_input_is_refused_with_one_sentence(self):
        self.assertIn("there is no folder", self.refused(self.folder / "nowhere"))
        self.assertIn("holds no charts", self.refused(self.folder))
        self.assertIn('"gif"', self.refused(self.charts, "--format", "gif"))
        self.keep("edf")
        chart = self.charts / "edf.vl.json"
        document = json.loads(chart.read_text(encoding="utf-8"))
        chart.write_text(json.dumps({**document, "data": {"url": "https://example.org/x.csv"}}))
        self.assertIn("not allowed", self.refused(self.charts))
        chart.write_text("{}")
        self.assertIn("no Vega-Lite document", self.refused(self.charts))
        chart.write_text("[")
        self.assertIn("no JSON document", self.refused(self.charts))


if __name__ == "__main__":
    SAMPLE_REPORT = sys.argv.pop(1)
    if not PYTHON.is_file() or subprocess.run([PYTHON, "-c", "import vl_convert"], capture_output=True).returncode != 0:
        print(f"SKIPPED: figures_test: vl-convert is missing from {PYTHON}, no figure is rendered (scripts/setup)")
        sys.exit(77)
    unittest.main(verbosity=2)
