#!/usr/bin/env python3
"""Opens a report in Chromium, narrow and wide, light and dark, and says what is wrong with it.

    browser.py REPORT.html [FOLDER for screenshots]

Wrong is: an error or warning in the console, anything that is asked for beside the file itself,
anything wider than the page outside the boxes that scroll, a link that leads nowhere, a drawing
whose points say nothing, cut off text in drawings, a table too wide for paper, headings out of
order, and text whose contrast to its page is below 4.5. Exit status: 0 nothing is wrong, 1
something is, 77 there is no Chromium.
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from chromium import NO_CHROMIUM, Browser, Page, find_chromium

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


def requests_beside(page, address):
    return ["asks for " + event["request"]["url"]
            for event in page.told("Network.requestWillBeSent")
            if event["request"]["url"] != address]


def take_picture(page, width, path):
    size = page.ask("Page.getLayoutMetrics")["cssContentSize"]
    page.screenshot(path, clip={"x": 0, "y": 0, "width": width, "scale": 1,
                                "height": min(size["height"], 12000)})


def look(browser, address, width, theme, folder):
    with Page(browser) as page:
        page.resize(width, 900, mobile=width < 500)
        page.ask("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": theme},
                           {"name": "prefers-reduced-motion", "value": "reduce"}])
        page.open(address)
        if folder:
            take_picture(page, width, folder / f"{width}-{theme}.png")
        wrong = page.value(LOOK) + page.value(OPENED)
        if theme == "light":
            for paper, upright in ((688, "true"), (1016, "false")):
                page.resize(paper, 900, mobile=False)
                page.ask("Emulation.setEmulatedMedia", media="print")
                wrong += page.value(PRINTED % upright)
        return wrong + page.complaints() + requests_beside(page, address)


def main():
    program = find_chromium()
    if not program:
        print(NO_CHROMIUM)
        return 77
    report = pathlib.Path(sys.argv[1]).resolve()
    folder = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    found = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, \
            Browser(program, profile) as browser:
        for width in (390, 1280):
            for theme in ("light", "dark"):
                wrong = look(browser, report.as_uri(), width, theme, folder)
                found += len(wrong)
                for line in wrong[:20]:
                    print(f"{width} pixels, {theme}: {line}")
    if not found:
        print("nothing is wrong at 390 and 1280 pixels, light and dark")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
