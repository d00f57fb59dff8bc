#!/usr/bin/env python3
"""browser_check.py PROGRAM [--root ROOT] [--screenshots FOLDER]

Opens the page of `PROGRAM serve` in headless Chromium, at the width of a desktop and of a phone,
light and dark, and looks whether it draws itself: no message of an error on the console, nothing
wider than the window, no shift of the layout on refresh, values under the pointer and with the
keyboard. ROOT holds studies; without it an empty folder is served. Exit status: 0 nothing is
wrong, 1 something is, 77 there is no Chromium.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from chromium import NO_CHROMIUM, Browser, Page, find_chromium

VIEWS = [("desktop", 1280, 900, False), ("phone", 390, 844, True)]
SCHEMES = ["light", "dark"]


class Check:
    def __init__(self, page, address, screenshots):
        self.page, self.address, self.screenshots = page, address, screenshots
        self.failed = []

    def expect(self, holds, what):
        if not holds:
            self.failed.append(what)
            print(f"  no: {what}")

    def screenshot(self, name):
        if self.screenshots:
            self.page.screenshot(self.screenshots / f"{name}.png")

    def open(self, place):
        self.page.open("about:blank")
        self.page.open(self.address + place)
        self.page.wait_for("document.body && document.body.dataset.refreshed > 0")

    def look_at(self, name, place):
        self.open(place)
        self.expect(self.page.value("document.getElementById('problem').hidden"),
                    f"{name}: the page shows no problem")
        wide = self.page.value("document.documentElement.scrollWidth - window.innerWidth")
        self.expect(wide <= 0, f"{name}: nothing is wider than the window ({wide} pixels)")
        self.page.value(
            "window.shifts = 0; new PerformanceObserver((list) => { for (const entry of "
            "list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value; })"
            ".observe({type: 'layout-shift'}); 1")
        self.page.wait_for("document.body.dataset.refreshed > 2")
        shift = self.page.value("window.shifts")
        self.expect(shift < 0.01, f"{name}: a refresh moves nothing ({shift})")
        self.screenshot(name)

    def charts(self, name):
        """Values under the pointer and with the arrow keys; arms that are hidden and come back."""
        self.expect(self.page.value("document.querySelectorAll('.chart .line').length > 0"),
                    f"{name}: curves are drawn")
        self.page.value("document.querySelector('.chart svg').focus()")
        for key in ("ArrowLeft", "ArrowLeft"):
            self.page.ask("Input.dispatchKeyEvent", type="keyDown", key=key)
        text = self.page.value("document.querySelector('.chart .tip').innerText")
        self.expect(re.search(r"\d\.\d+", text or ""), f"{name}: arrow keys show values")
        outside = self.page.value(
            "(() => { const tip = [...document.querySelectorAll('.chart .tip')]"
            ".find((tip) => !tip.hidden), box = tip.getBoundingClientRect();"
            "return [...tip.querySelectorAll('*')].filter((part) => "
            "part.getBoundingClientRect().right > box.right).length; })()")
        self.expect(outside == 0, f"{name}: values stay in their box ({outside} do not)")
        self.screenshot(f"{name}-values")
        self.page.value("document.querySelector('.chart svg').blur()")
        lines = "document.querySelectorAll('.chart .line').length"
        before = self.page.value(lines)
        self.page.value("document.querySelector('.key').click()")
        self.expect(self.page.value(lines) < before, f"{name}: an arm can be hidden")
        self.page.value("document.querySelector('.key').click()")
        self.expect(self.page.value(lines) == before, f"{name}: and shown again")


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
            check.page.resize(width, height, mobile)
            check.page.ask("Emulation.setEmulatedMedia",
                           features=[{"name": "prefers-color-scheme", "value": scheme}])
            check.look_at(name, "#/")
            for study in studies:
                check.look_at(f"{name}-study", study)
                if check.page.value("document.querySelectorAll('.chart .line').length"):
                    check.charts(f"{name}-study")


def failures(program, arguments, folder):
    root = arguments.root or os.path.join(folder, "runs")
    server, address = begin_server(arguments.program, root)
    try:
        profile = os.path.join(folder, "browser")
        with Browser(program, profile) as browser, Page(browser) as page:
            check = Check(page, address, arguments.screenshots)
            check.open("#/")
            studies = page.value("[...document.querySelectorAll('.studies a')].slice(0, 2)"
                                 ".map((link) => link.getAttribute('href'))")
            look(check, studies)
            failed = check.failed + page.complaints()
    finally:
        server.terminate()
        server.wait()
    if arguments.root:
        return failed
    # Then there is no ledger, which the page and the console say.
    return [text for text in failed if "503" not in text and "shows no problem" not in text]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--root")
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    program = find_chromium()
    if not program:
        print(NO_CHROMIUM)
        return 77
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        failed = failures(program, arguments, folder)
    for failure in failed:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
