"""Headless Chromium through its debugging pipe, with the standard library alone.

    with Browser() as browser:
        page = browser.open(path, width=1280)
        page.value("document.title")
"""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 300  # for one answer or event; only ends a wait for what never comes


def program():
    """The path of Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def wait_for(condition, what):
    """Waits until the condition holds, however slow the machine is; an error where it never does."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"did not come: {what}")
        time.sleep(0.05)


class Browser:
    """A browser of its own, without profile; ends with everything it started."""

    def __enter__(self):
        self._profile = tempfile.TemporaryDirectory(prefix="dse-chromium-")
        from_us, to_browser = os.pipe()
        from_browser, to_us = os.pipe()

        def place():  # Chromium reads commands from 3 and writes answers to 4
            spare = os.dup(to_us)
            os.dup2(os.dup(from_us), 3)
            os.dup2(spare, 4)

        self._process = subprocess.Popen(
            [program(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--hide-scrollbars", "--font-render-hinting=none", "--remote-debugging-pipe",
             f"--user-data-dir={self._profile.name}", "about:blank"],
            close_fds=False, preexec_fn=place, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(from_us)
        os.close(to_us)
        self._to = os.fdopen(to_browser, "wb", buffering=0)
        self._from = os.fdopen(from_browser, "rb", buffering=0)
        self._unread = b""
        self._next_id = 0
        self.events = []
        return self

    def __exit__(self, *_):
        self._to.close()
        self._from.close()
        os.killpg(self._process.pid, signal.SIGKILL)  # the group is our own: start_new_session
        self._process.wait()
        for _ in range(50):  # its last processes may still write into the profile
            try:
                self._profile.cleanup()
                return
            except OSError:
                time.sleep(0.1)

    def _read(self, end):
        while b"\0" not in self._unread:
            if not select.select([self._from], [], [], max(0, end - time.monotonic()))[0]:
                raise RuntimeError("Chromium says nothing")
            piece = os.read(self._from.fileno(), 1 << 20)
            if not piece:
                raise RuntimeError("Chromium ended")
            self._unread += piece
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)

    def send(self, method, session=None, **parameters):
        """Sends a command, returns its result; events that come meanwhile are kept in `events`."""
        self._next_id += 1
        number = self._next_id
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._to.write(json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self._read(end)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path, **look):
        """The file in a new tab; the one before is closed, for only the front one is drawn."""
        for target in self.send("Target.getTargets")["targetInfos"]:
            if target["type"] == "page" and target["attached"]:
                self.send("Target.closeTarget", targetId=target["targetId"])
        wait_for(lambda: not any(target["type"] == "page" and target["attached"]
                                 for target in self.send("Target.getTargets")["targetInfos"]), "the tab's end")
        return Page(self, path, **look)


class Page:
    """A file opened in a tab. `problems()` lists what went wrong, `requests()` what was loaded."""

    def __init__(self, browser, path, width=1280, height=900, dark=False, scripts=True):
        self.browser = browser
        target = browser.send("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.resize(width, height)
        self.set_dark(dark)
        if not scripts:
            self.send("Emulation.setScriptExecutionDisabled", value=True)
        self.url = Path(path).resolve().as_uri()
        self.send("Page.navigate", url=self.url)
        wait_for(self.loaded, f"the end of loading {path}")
        self.wait_for_size(width, height)  # another process may draw a file than drew the empty page

    def send(self, method, **parameters):
        return self.browser.send(method, self.session, **parameters)

    def events(self, method):
        return [event["params"] for event in self.browser.events
                if event.get("sessionId") == self.session and event.get("method") == method]

    def loaded(self):
        """Whether the file is; the empty page before it may tell of its own end of loading late."""
        self.browser.send("Browser.getVersion")  # reads what has come
        there = False
        for event in self.browser.events:
            if event.get("sessionId") == self.session:
                if event.get("method") == "Page.frameNavigated":
                    there = there or event["params"]["frame"]["url"] == self.url
                elif event.get("method") == "Page.loadEventFired" and there:
                    return True
        return False

    def resize(self, width, height):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        self.wait_for_size(width, height)

    def wait_for_size(self, width, height):
        self.wait_until(f"innerWidth === {width} && innerHeight === {height}")

    def set_dark(self, dark):
        value = "dark" if dark else "light"
        self.send("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": value}])

    def value(self, expression):
        """The value of a JavaScript expression; promises are awaited."""
        answer = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", expression))
        return answer["result"].get("value")

    def wait_until(self, expression):
        wait_for(lambda: self.value(expression), expression)

    def draw_everything(self):
        """Makes the window as high as the page, so that every chart is in view, and waits for them."""
        width = self.value("innerWidth")
        for _ in range(3):  # charts drawn change the height a little
            self.resize(width, self.value("document.documentElement.scrollHeight"))
            self.wait_until("document.documentElement.dataset.charts === undefined ? false :"
                            " +document.documentElement.dataset.chartsDrawn"
                            " + +document.documentElement.dataset.chartsFailed"
                            " >= +document.documentElement.dataset.charts")
            self.wait_until_still()  # charts are drawn anew after a change of size
            if self.value("document.documentElement.scrollHeight === innerHeight"):
                return

    def wait_until_still(self):
        """Waits until nothing is changed, scrolled or resized for five turns of the page's own clock.

        A turn is two frames and a timer: on a busy machine it comes late, and so does what it waits for.
        """
        self.value("""new Promise((done) => {
          let turns = 0;
          const again = () => { turns = 0; };
          const changes = new MutationObserver(again);
          changes.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
          for (const kind of ['scroll', 'resize']) addEventListener(kind, again, true);
          const end = () => {
            changes.disconnect();
            for (const kind of ['scroll', 'resize']) removeEventListener(kind, again, true);
            done();
          };
          const turn = () => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(
            () => { turns += 1; if (turns > 4) end(); else turn(); }, 100)));
          turn();
        })""")

    def requests(self):
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

    def problems(self):
        """Console errors and warnings, exceptions, and violations of the security policy."""
        self.value("1")
        found = [f"console.{event['type']}: "
                 + " ".join(str(part.get("value", part.get("description"))) for part in event["args"])
                 for event in self.events("Runtime.consoleAPICalled")
                 if event["type"] in ("error", "warning", "assert")]
        found += [f"exception: {event['exceptionDetails']['text']}"
                  for event in self.events("Runtime.exceptionThrown")]
        found += [f"{event['entry']['source']}: {event['entry']['text']}"
                  for event in self.events("Log.entryAdded") if event["entry"]["level"] != "verbose"]
        return found

    def screenshot(self, file):
        answer = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        Path(file).write_bytes(base64.b64decode(answer["data"]))

    def pdf(self, file):
        answer = self.send("Page.printToPDF", printBackground=True, preferCSSPageSize=True,
                           paperWidth=8.27, paperHeight=11.69)
        Path(file).write_bytes(base64.b64decode(answer["data"]))
