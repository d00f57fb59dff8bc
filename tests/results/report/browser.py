#!/usr/bin/env python3
"""Opens a report in Chromium, narrow and wide, light and dark, and says what is wrong with it.

    browser.py REPORT.html [FOLDER for screenshots]

Wrong is: an error or warning in the console, anything that is asked for beside the file itself,
anything wider than the page outside the boxes that scroll, a link that leads nowhere, a drawing
whose points say nothing, cut off text in drawings, a table too wide for paper, headings out of
order, and text whose contrast to its page is below 4.5. Exit status: 0 nothing
is wrong, 1 something is, 77 there is no Chromium. It talks to the browser over two pipes, in the
words of the DevTools protocol.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LOOK = r"""(() => {
  const wrong = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width)
    wrong.push(`the page is ${document.documentElement.scrollWidth} wide, of ${width}`);
  const inBox = (e) => e.closest(".scroll, pre, .skip, svg svg");
  for (const e of document.querySelectorAll("body *")) {
    const box = e.getBoundingClientRect();
    if (box.width && !inBox(e) && (box.right > width + 1 || box.left < -1))
      wrong.push(`${e.tagName} ${e.className} reaches from ${box.left} to ${box.right} of ${width}`);
  }
  for (const link of document.querySelectorAll("a[href]")) {
    if (!document.getElementById(link.getAttribute("href").slice(1)))
      wrong.push(`the link ${link.getAttribute("href")} leads nowhere`);
  }
  const channels = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) =>
      c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = luminance(channels(getComputedStyle(document.body).backgroundColor));
  for (const e of document.querySelectorAll("body :not(svg *)")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const ink = luminance(channels(getComputedStyle(e).color));
    const contrast = (Math.max(page, ink) + 0.05) / (Math.min(page, ink) + 0.05);
    if (contrast < 4.5 && !["SCRIPT", "STYLE"].includes(e.tagName))
      wrong.push(`${e.tagName} ${e.className} has a contrast of ${contrast.toFixed(2)}`);
  }
  for (const drawing of document.querySelectorAll(".drawing")) {
    drawing.focus();
    drawing.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
    if (!drawing.parentNode.querySelector(".readout").textContent)
      wrong.push(`${drawing.getAttribute("aria-label")}: the first point says nothing`);
    drawing.blur();
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.nodeName[1]);
    if (next > level + 1) wrong.push(`${heading.nodeName} ${heading.textContent} follows h${level}`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) wrong.push("an id is there twice");
  for (const figure of document.querySelectorAll("figure")) {
    const drawn = figure.querySelector(".drawing").getBoundingClientRect();
    const said = figure.querySelector("figcaption").getBoundingClientRect();
    const apart = said.top - drawn.bottom;
    if (apart > 24) wrong.push(`a caption begins ${apart} below its figure`);
    for (const text of figure.querySelectorAll("svg text")) {
      const box = text.getBoundingClientRect();
      if (box.right > drawn.right + 2 || box.left < drawn.left - 2)
        wrong.push(`"${text.textContent}" is cut off`);
    }
    const colours = new Set(figure.innerHTML.match(/var\(--\w+\)/g));
    for (const colour of colours) {
      if (!getComputedStyle(figure).getPropertyValue(colour.slice(4, -1)))
        wrong.push(`${colour} is no colour of the page`);
    }
  }
  const cell = document.querySelector("#table td a");
  if (cell) {
    cell.click();
  }
  return wrong;
})()"""
# In print, where nothing scrolls: of A4 with its margins, upright and (wide tables) lying.
PRINTED = """((upright) => [...document.querySelectorAll(".scroll")]
  .filter((box) => box.classList.contains("many") !== upright && box.getClientRects().length)
  .filter((box) => box.querySelector("table").offsetWidth > box.clientWidth + 1)
  .map((box) => `${box.getAttribute("aria-label")} is cut off in print`))(%s)"""
OPENED = """(() => {
  const cell = document.querySelector("#table td a");
  const runs = cell && document.querySelector(cell.getAttribute("href"));
  return !cell || runs.closest("details").open ? [] : ["a cell's link opens no runs"];
})()"""


class Browser:
    def __init__(self, program, profile):
        commands, self.commands = os.pipe()
        self.events, events = os.pipe()

        def inherit():
            # The protocol's own descriptors. They are moved away first, lest one hide the other.
            read, write = os.dup2(commands, 20), os.dup2(events, 21)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", f"--user-data-dir={profile}", "--remote-debugging-pipe",
             "about:blank"],
            preexec_fn=inherit, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(commands)
        os.close(events)
        self.rest = b""
        self.number = 0
        self.seen = []

    def read(self):
        while b"\0" not in self.rest:
            more = os.read(self.events, 1 << 20)
            if not more:
                raise RuntimeError("the browser has gone")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def ask(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") != self.number:
                self.seen.append(answer)
                continue
            if "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']}")
            return answer["result"]

    def wait_for_load(self, loader):
        """Until all of what `loader` loads is there: the page before it has a load event, too."""
        def is_load(event):
            of = event.get("params", {})
            return (event.get("method") == "Page.lifecycleEvent" and of["loaderId"] == loader
                    and of["name"] == "load")
        while not any(is_load(event) for event in self.seen):
            self.seen.append(self.read())


def complaints(events, address):
    for event in events:
        method, of = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield "exception: " + json.dumps(of["exceptionDetails"])[:300]
        if method == "Runtime.consoleAPICalled" and of["type"] in ("error", "warning", "assert"):
            yield "console: " + json.dumps(of["args"])[:300]
        if method == "Log.entryAdded" and of["entry"]["level"] in ("error", "warning"):
            yield "log: " + of["entry"]["text"]
        if method == "Network.requestWillBeSent" and of["request"]["url"] != address:
            yield "asks for " + of["request"]["url"]


def look(browser, address, width, theme, folder):
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    browser.seen = []
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.ask(domain + ".enable", session)
    browser.ask("Emulation.setDeviceMetricsOverride", session, width=width, height=900,
                deviceScaleFactor=1, mobile=width < 500)
    browser.ask("Emulation.setEmulatedMedia", session,
                features=[{"name": "prefers-color-scheme", "value": theme},
                          {"name": "prefers-reduced-motion", "value": "reduce"}])
    browser.ask("Page.setLifecycleEventsEnabled", session, enabled=True)
    browser.wait_for_load(browser.ask("Page.navigate", session, url=address)["loaderId"])
    if folder:
        size = browser.ask("Page.getLayoutMetrics", session)["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": width, "height": min(size["height"], 12000), "scale": 1}
        image = browser.ask("Page.captureScreenshot", session, clip=clip,
                            captureBeyondViewport=True)["data"]
        (folder / f"{width}-{theme}.png").write_bytes(base64.b64decode(image))
    wrong = []
    for expression in (LOOK, OPENED):
        answer = browser.ask("Runtime.evaluate", session, expression=expression,
                             returnByValue=True)
        if "exceptionDetails" in answer:
            wrong.append("exception: " + json.dumps(answer["exceptionDetails"])[:500])
        else:
            wrong += answer["result"]["value"]
    if theme == "light":
        for width, upright in ((688, "true"), (1016, "false")):
            browser.ask("Emulation.setDeviceMetricsOverride", session, width=width, height=900,
                        deviceScaleFactor=1, mobile=False)
            browser.ask("Emulation.setEmulatedMedia", session, media="print")
            wrong += browser.ask("Runtime.evaluate", session, expression=PRINTED % upright,
                                 returnByValue=True)["result"]["value"]
    wrong += complaints(browser.seen, address)
    browser.ask("Target.closeTarget", targetId=target)
    return wrong


def main():
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        print("there is no Chromium here: apt-get install chromium")
        return 77
    report = pathlib.Path(sys.argv[1]).resolve()
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    found = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            for width in (390, 1280):
                for theme in ("light", "dark"):
                    wrong = look(browser, report.as_uri(), width, theme, folder)
                    found += len(wrong)
                    for line in wrong[:20]:
                        print(f"{width} pixels, {theme}: {line}")
        finally:
            browser.process.terminate()
            browser.process.wait()
    if not found:
        print("nothing is wrong at 390 and 1280 pixels, light and dark")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
