#!/usr/bin/env python3
"""The sample report opened in headless Chromium: browser_test.py DSE_SAMPLE_REPORT

Nothing may be loaded or complained about; every chart must be drawn, fit and answer the mouse; tables
sort. Skipped where Chromium is missing.
"""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import chromium

CHARTS = 11
HOSTILE = "</script><b id=x>\"A&B'\\ \u2028<!-- ${1}"


class ReportInBrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.report = Path(cls.folder.name) / "report.html"
        subprocess.run([SAMPLE_REPORT, cls.report], check=True)
        cls.browser = chromium.Browser().__enter__()
        cls.addClassCleanup(cls.browser.__exit__)

    def open(self, path=None, **look):
        return self.browser.open(path or self.report, **look)

    def open_drawn(self):
        """The report with every chart drawn, in a window of usual size: nothing moves any more."""
        page = self.open()
        page.draw_everything()
        page.resize(1280, 900)
        page.wait_until_still()
        return page

    def changed(self, name, old, new):
        """The report with one text replaced."""
        text = self.report.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path = Path(self.folder.name) / name
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    def drawn(self, page):
        return page.value("+document.documentElement.dataset.chartsDrawn")

    def middle(self, page, expression):
        """Where the mouse meets an element, brought into view. The page has been told of the scrolling by then."""
        return page.value(f"""(async () => {{ const e = {expression};
          e.scrollIntoView({{block: 'center', behavior: 'instant'}});
          for (let i = 0; i < 2; ++i) await new Promise(requestAnimationFrame);
          const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()""")

    def mouse(self, page, kind, x, y, **more):
        page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def hover(self, page, expression, shown):
        """Moves the mouse onto an element until `shown` is true: one that is drawn anew meanwhile forgets the mouse."""
        def moved():
            self.mouse(page, "mouseMoved", 1, 1)
            self.mouse(page, "mouseMoved", *self.middle(page, expression))
            page.wait_until_still()
            return page.value(shown)

        chromium.wait_for(moved, shown)

    def click(self, page, expression):
        x, y = self.middle(page, expression)
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = "none" if kind == "mouseMoved" else "left"
            self.mouse(page, kind, x, y, button=button, clickCount=1)

    def test_charts_are_drawn_when_they_come_into_view_and_nothing_is_complained_about(self):
        page = self.open()
        page.wait_until("document.documentElement.dataset.chartsDrawn >= 1")
        self.assertLess(self.drawn(page), CHARTS)
        page.draw_everything()
        self.assertEqual(self.drawn(page), CHARTS)
        self.assertEqual(page.value("document.documentElement.dataset.chartsFailed"), "0")
        self.assertEqual(page.problems(), [])
        loads = [url for url in page.requests() if not url.startswith(("data:", "blob:"))]
        self.assertEqual(loads, [self.report.resolve().as_uri()])
        # A path for each of 3 x 170 models; the crowd of 3300 is a picture with many colours.
        self.assertEqual(page.value("document.querySelectorAll('#flops .mark-symbol.role-mark path').length"), 510)
        self.assertEqual(page.value("document.querySelectorAll('#many .mark-line path').length"), 12)
        self.assertGreater(page.value("""(() => { const c = document.querySelector('#crowd canvas');
          const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
          return new Set(new Uint32Array(d.buffer)).size; })()"""), 50)

    def test_nothing_overlaps_or_is_cut_off_on_wide_and_narrow_screens_and_after_a_resize(self):
        tops = "['differences', 'search'].map((id) => document.getElementById(id).getBoundingClientRect().top)"
        page = self.open(width=1280)
        self.check_layout(page)
        left, right = page.value(tops)
        self.assertEqual(left, right)
        page.resize(600, 900)
        page.draw_everything()
        self.check_layout(page)
        page = self.open(width=480)
        self.check_layout(page)
        upper, lower = page.value(tops)
        self.assertLess(upper, lower)

    def check_layout(self, page):
        page.draw_everything()
        page.wait_until("""[...document.querySelectorAll('div.chart')].every((box) =>
          Math.abs(box.querySelector('svg, canvas').getBoundingClientRect().width - box.clientWidth) < 40)""")
        self.assertEqual(page.value("document.documentElement.scrollWidth <= innerWidth"), True)
        cut = page.value("""[...document.querySelectorAll('div.chart')].filter((box) => {
          const outer = box.getBoundingClientRect();
          const texts = [...box.querySelectorAll('text')]
            .filter((t) => t.textContent !== '' && t.getAttribute('opacity') !== '0');
          return texts.some((t) => { const b = t.getBoundingClientRect();
            return b.left < outer.left - 1 || b.right > outer.right + 1 || b.bottom > outer.bottom + 1; });
        }).map((box) => box.parentElement.id)""")
        self.assertEqual(cut, [])
        overlapping = page.value("""(() => { const all = [...document.querySelectorAll('figure, .scroll, summary')]
          .filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()]);
          return all.filter(([e, a]) => all.some(([f, b]) => e !== f && !e.contains(f) && !f.contains(e) &&
            a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length; })()""")
        self.assertEqual(overlapping, 0)
        self.assertEqual(page.problems(), [])

    def test_tables_sort_by_value_with_empty_cells_last_and_keep_the_order_of_equals(self):
        page = self.open_drawn()
        table = "document.querySelector('table[aria-label=\"Every pair compared\"]')"
        column = lambda i: page.value(f"[...{table}.tBodies[0].rows].map((row) => row.cells[{i}].textContent)")
        heading = lambda i: f"{table}.tHead.rows[0].cells[{i}]"

        def sort(i, order="ascending"):
            self.click(page, f"{heading(i)}.firstChild")
            page.wait_until(f"{heading(i)}.getAttribute('aria-sort') === '{order}'")

        sort(4)
        self.assertEqual(column(4), ["-10.25", "+0.1", "+2.9", "+6.6"])
        sort(3)
        self.assertEqual(column(3), ["2e-19", "1e-5", "0.5", ""])
        sort(3, "descending")
        self.assertEqual(column(3), ["0.5", "1e-5", "2e-19", ""])
        sort(0)
        self.assertEqual(column(0), [HOSTILE, "AnyNetXA", "AnyNetXA", "RegNetX"])
        self.assertEqual(column(3)[1:3], ["1e-5", "2e-19"])  # as they were
        sort(2)
        self.assertEqual(column(2), ["0.31", "0.4", "0.62", "too few"])

    def test_hovering_shows_the_model_and_its_parameters_as_text(self):
        page = self.open_drawn()
        point = "document.querySelectorAll('#flops .mark-symbol.role-mark path')[0]"
        self.hover(page, point, "!document.querySelector('.tip').hidden")
        lines = page.value("[...document.querySelectorAll('.tip div')].map((d) => d.textContent)")
        self.assertEqual([line.split("9f3c")[0] for line in lines][:2], ["populationAnyNetXA", "model"])
        self.assertIn("<i>&", lines[1])
        self.assertEqual(len(lines), 7)
        self.assertEqual(page.value("document.querySelectorAll('.tip i').length"), 0)
        self.assertEqual(page.problems(), [])

    def test_a_click_in_the_legend_shows_one_series_alone(self):
        page = self.open_drawn()
        faint = ("[...document.querySelectorAll('#flops .mark-symbol.role-mark path')]"
                 ".filter((p) => p.getAttribute('opacity') === '0.06').length")
        self.assertEqual(page.value(faint), 0)
        label = lambda chart: (f"[...document.querySelectorAll('#{chart} .role-legend-label text')]"
                               ".find((t) => t.textContent === 'RegNetX')")
        self.click(page, label("flops"))
        page.wait_until(f"{faint} === 340")
        self.click(page, label("edf"))
        page.wait_until("[...document.querySelectorAll('#edf .mark-line path')]"
                        ".filter((p) => p.getAttribute('opacity') === '0.12').length === 2")

    def test_the_wheel_scrolls_and_zooms_with_shift_alone(self):
        page = self.open_drawn()
        labels = "[...document.querySelectorAll('#flops .role-axis-label text')].map((t) => t.textContent).join()"
        x, y = self.middle(page, "document.querySelector('#flops svg')")
        before = page.value(labels)
        top = page.value("scrollY")
        self.mouse(page, "mouseWheel", x, y, deltaX=0, deltaY=60)
        page.wait_until(f"scrollY > {top}")
        page.wait_until_still()
        self.assertEqual(page.value(labels), before)
        x, y = self.middle(page, "document.querySelector('#flops svg')")
        top = page.value("scrollY")
        self.mouse(page, "mouseWheel", x, y, deltaX=-400, deltaY=0, modifiers=8)  # what a wheel sends with shift
        page.wait_until(f"{labels} !== {before!r}")
        page.wait_until_still()
        self.assertEqual(page.value("scrollY"), top)
        self.assertEqual(page.problems(), [])

    def test_charts_follow_the_colours_of_the_screen_and_paper_is_light(self):
        page = self.open(dark=True)
        colour = "document.querySelector('#edf .role-axis-label text').getAttribute('fill')"
        page.wait_until("document.querySelector('#edf .role-axis-label text') !== null")
        self.assertEqual(page.value(colour), "#a9b1bd")
        page.set_dark(False)
        page.wait_until(f"{colour} === '#5a6270'")
        page.set_dark(True)
        page.wait_until(f"{colour} === '#a9b1bd'")
        self.assertLess(self.drawn(page), CHARTS)
        file = Path(self.folder.name) / "report.pdf"
        page.value("addEventListener('beforeprint', () => setTimeout(() => window.printed = true))")
        page.pdf(file)
        self.assertTrue(file.read_bytes().startswith(b"%PDF"))
        page.wait_until(f"{colour} === '#a9b1bd'")  # back on the screen
        page.value("dispatchEvent(new Event('beforeprint'))")
        # Drawn before the browser goes on to print: no more than pending promises may be needed.
        self.assertEqual(self.drawn(page), CHARTS)
        self.assertEqual(page.value(colour), "#5a6270")
        # Every mark of an SVG weighs on paper: the crowd is a picture there, with three dots for a pixel.
        sharpness = "(c => c.width / parseFloat(c.style.width))(document.querySelector('#crowd canvas'))"
        self.assertAlmostEqual(page.value(sharpness), 3, delta=0.02)
        self.assertEqual(page.problems(), [])

    def test_without_scripts_the_numbers_are_read_as_tables(self):
        page = self.open(scripts=False)
        file = Path(self.folder.name) / "no-scripts.pdf"
        self.assertEqual(page.value("document.documentElement.dataset.charts"), None)
        self.assertEqual(page.value("document.querySelectorAll('figure details.numbers[open] table').length"), CHARTS)
        page.pdf(file)
        self.assertGreater(file.stat().st_size, 10000)

    def test_a_chart_that_cannot_be_drawn_says_so_and_opens_its_numbers(self):
        page = self.open(self.changed("broken.html", '"mark":{"type":"point"}', '"mark":{"type":"nonsense"}'))
        page.draw_everything()
        self.assertEqual(page.value("document.documentElement.dataset.chartsFailed"), "1")
        self.assertEqual(self.drawn(page), CHARTS - 1)
        self.assertIn("could not be drawn", page.value("document.querySelector('#flops .chart').textContent"))
        self.assertEqual(page.value("document.querySelector('#flops details.numbers').open"), True)

    def test_the_policy_forbids_what_the_report_does_not_need(self):
        for bad in ('<p style="color: red">', "<script>1</script>", '<img src="https://example.org/a.png">'):
            page = self.open(self.changed("policy.html", "<nav", bad + "<nav"))
            chromium.wait_for(lambda: any("Content Security Policy" in problem for problem in page.problems()),
                              f"a complaint about {bad}")

    def test_charts_are_saved_as_files(self):
        page = self.open_drawn()
        self.browser.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.folder.name)
        for button, name, start in ((0, "depth.svg", b"<svg"), (1, "depth.png", b"\x89PNG")):
            self.click(page, f"document.querySelectorAll('#depth .saving button')[{button}]")
            file = Path(self.folder.name) / name
            chromium.wait_for(lambda: file.is_file() and file.read_bytes().startswith(start), name)
        self.assertEqual(page.problems(), [])


if __name__ == "__main__":
    SAMPLE_REPORT = sys.argv.pop(1)
    if not chromium.program():
        print("SKIPPED: browser_test: Chromium is missing, the report is not opened (apt-get install chromium)")
        sys.exit(77)
    unittest.main(verbosity=2)
