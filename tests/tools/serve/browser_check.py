#!/usr/bin/env python3
"""browser_check.py PROGRAM [--root ROOT] [--screenshots FOLDER]

Opens the page of `PROGRAM serve` in headless Chromium, at the width of a desktop and of a phone,
light and dark, and looks whether it draws itself: no message of an error on the console, nothing
wider than the window, no shift of the layout on refresh, values under the pointer and with the
keyboard. ROOT holds studies; without it an empty folder is served. Ends with 0 where all is well.

Chromium is spoken to through its pipe, with Python's own library alone.
"""
import argparse
import base64
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

VIEWS = [("desktop", 1280, 900, False), ("phone", 390, 844, True)]
SCHEMES = ["light", "dark"]
PATIENCE = 300  # seconds for each thing to happen


class Browser:
    """Chromium, asked in the words of its DevTools protocol."""

    def __init__(self, folder):
        to_browser, from_browser = os.pipe(), os.pipe()
        # The browser reads its descriptor 3 and writes its descriptor 4.
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
                   f"--user-data-dir={folder}", "--remote-debugging-pipe", "about:blank"]
        shell = f'exec 3<&{to_browser[0]} 4>&{from_browser[1]}; exec "$@"'
        self.process = subprocess.Popen(["bash", "-c", shell, "bash", *command],
                                        pass_fds=(to_browser[0], from_browser[1]),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser[0])
        os.close(from_browser[1])
        self.to_browser, self.from_browser = to_browser[1], from_browser[0]
        self.buffer, self.number, self.session, self.problems = b"", 0, None, []
        self.loaded = set()  # pages, by the browser's word for each load
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log", "Network"):
            self.ask(part + ".enable")
        self.ask("Page.setLifecycleEventsEnabled", enabled=True)

    def next_message(self):
        while b"\0" not in self.buffer:
            more = os.read(self.from_browser, 1 << 20)
            if not more:
                raise RuntimeError("chromium ended: does `chromium --headless` work here?")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, **parameters):
        self.number += 1
        question = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            question["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(question).encode() + b"\0")
        while True:
            message = self.next_message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def open(self, address):
        """Until all of that page is there: the one before it answers questions, too."""
        loader = self.ask("Page.navigate", url=address)["loaderId"]
        while loader not in self.loaded:
            self.note(self.next_message())

    def note(self, event):
        """Keeps which pages are there, and what a console would show in red."""
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.lifecycleEvent" and params["name"] == "load":
            self.loaded.add(params["loaderId"])
        if method == "Runtime.exceptionThrown":
            self.problems.append("exception: " + json.dumps(params["exceptionDetails"])[:400])
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.problems.append("console: " + json.dumps(params["args"])[:400])
        if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append("log: " + params["entry"]["text"])

    def value(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, script):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self.value(script):
                return
            time.sleep(0.1)
        raise RuntimeError(f"after {PATIENCE} s still not: {script}")

    def close(self):
        self.process.terminate()
        self.process.wait()


class Check:
    def __init__(self, browser, address, screenshots):
        self.browser, self.address, self.screenshots = browser, address, screenshots
        self.failed = []

    def expect(self, holds, what):
        if not holds:
            self.failed.append(what)
            print(f"  no: {what}")

    def screenshot(self, name):
        if self.screenshots:
            picture = self.browser.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            (self.screenshots / f"{name}.png").write_bytes(base64.b64decode(picture))

    def open(self, place):
        self.browser.open("about:blank")
        self.browser.open(self.address + place)
        self.browser.wait_for("document.body && document.body.dataset.refreshed > 0")

    def page(self, name, place):
        self.open(place)
        self.expect(self.browser.value("document.getElementById('problem').hidden"),
                    f"{name}: the page shows no problem")
        wide = self.browser.value("document.documentElement.scrollWidth - window.innerWidth")
        self.expect(wide <= 0, f"{name}: nothing is wider than the window ({wide} pixels)")
        self.browser.value(
            "window.shifts = 0; new PerformanceObserver((list) => { for (const entry of "
            "list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value; })"
            ".observe({type: 'layout-shift'}); 1")
        self.browser.wait_for("document.body.dataset.refreshed > 2")
        shift = self.browser.value("window.shifts")
        self.expect(shift < 0.01, f"{name}: a refresh moves nothing ({shift})")
        self.screenshot(name)

    def charts(self, name):
        """Values under the pointer and with the arrow keys; arms that are hidden and come back."""
        self.expect(self.browser.value("document.querySelectorAll('.chart .line').length > 0"),
                    f"{name}: curves are drawn")
        self.browser.value("document.querySelector('.chart svg').focus()")
        for key in ("ArrowLeft", "ArrowLeft"):
            self.browser.ask("Input.dispatchKeyEvent", type="keyDown", key=key)
        text = self.browser.value("document.querySelector('.chart .tip').innerText")
        self.expect(re.search(r"\d\.\d+", text or ""), f"{name}: arrow keys show values")
        outside = self.browser.value(
            "(() => { const tip = [...document.querySelectorAll('.chart .tip')]"
            ".find((tip) => !tip.hidden), box = tip.getBoundingClientRect();"
            "return [...tip.querySelectorAll('*')].filter((part) => "
            "part.getBoundingClientRect().right > box.right).length; })()")
        self.expect(outside == 0, f"{name}: values stay in their box ({outside} do not)")
        self.screenshot(f"{name}-values")
        self.browser.value("document.querySelector('.chart svg').blur()")
        lines = "document.querySelectorAll('.chart .line').length"
        before = self.browser.value(lines)
        self.browser.value("document.querySelector('.key').click()")
        self.expect(self.browser.value(lines) < before, f"{name}: an arm can be hidden")
        self.browser.value("document.querySelector('.key').click()")
        self.expect(self.browser.value(lines) == before, f"{name}: and shown again")


def begin_server(program, root):
    server = subprocess.Popen([program, "serve", "--root", root, "--port", "0"],
                              stdout=subprocess.PIPE, text=True)
    found = re.search(r"http://\S+", server.stdout.readline())
    if not found:
        server.wait()
        sys.exit(f"`{program} serve` does not say where it serves")
    return server, found.group()


def look(check, studies):
    for view, width, height, mobile in VIEWS:
        for scheme in SCHEMES:
            name = f"{view}-{scheme}"
            print(name)
            check.browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                              deviceScaleFactor=1, mobile=mobile)
            check.browser.ask("Emulation.setEmulatedMedia", features=[
                {"name": "prefers-color-scheme", "value": scheme}])
            check.page(name, "#/")
            for study in studies:
                check.page(f"{name}-study", study)
                if check.browser.value("document.querySelectorAll('.chart .line').length"):
                    check.charts(f"{name}-study")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--root")
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = arguments.root or os.path.join(folder, "runs")
        server, address = begin_server(arguments.program, root)
        browser = Browser(os.path.join(folder, "browser"))
        try:
            check = Check(browser, address, arguments.screenshots)
            check.open("#/")
            studies = browser.value("[...document.querySelectorAll('.studies a')].slice(0, 2)"
                                    ".map((link) => link.getAttribute('href'))")
            look(check, studies)
            if not arguments.root:  # then there is no ledger, which the page and the console say
                browser.problems = [text for text in browser.problems if "503" not in text]
                check.failed = [text for text in check.failed if "shows no problem" not in text]
            check.failed += browser.problems
        finally:
            browser.close()
            server.terminate()
            server.wait()
    for problem in check.failed:
        print(f"failed: {problem}", file=sys.stderr)
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
