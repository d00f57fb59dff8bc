// The nearest point's values below each drawing, by pointer and by arrow keys; and links open what
// they lead to. Without it points still have their tooltips.
"use strict";

const svgNamespace = "http://www.w3.org/2000/svg";

// The points of a drawing with what is said of them, in pixels from its corner.
function pointsOf(svg) {
  const corner = svg.getBoundingClientRect();
  const titles = [...svg.querySelectorAll("title")].filter((title) =>
    title.parentNode !== svg && title.parentNode.nodeName !== "text");
  return titles.map((title) => {
    const box = title.parentNode.getBoundingClientRect();
    return {
      x: box.x + box.width / 2 - corner.x,
      y: box.y + box.height / 2 - corner.y,
      text: title.textContent,
    };
  });
}

function ringOf(svg) {
  const known = svg.querySelector(":scope > .ring");
  if (known) return known;
  const ring = document.createElementNS(svgNamespace, "circle");
  ring.setAttribute("class", "ring");
  ring.setAttribute("r", "6");
  ring.setAttribute("fill", "none");
  ring.setAttribute("stroke", "currentColor");
  ring.setAttribute("stroke-width", "1.5");
  ring.setAttribute("pointer-events", "none");
  svg.append(ring);
  return ring;
}

function follow(drawing) {
  const readout = drawing.parentNode.querySelector(".readout");
  const svg = drawing.querySelector("svg");
  let points = [];
  let chosen = -1;

  // Places move when the page is resized or printed: they are measured anew for each visit.
  function measure() {
    points = pointsOf(svg);
  }
  function show(index) {
    chosen = index;
    const point = points[index];
    const scale = svg.viewBox.baseVal.width / svg.getBoundingClientRect().width;
    const ring = ringOf(svg);
    ring.setAttribute("cx", point.x * scale);
    ring.setAttribute("cy", point.y * scale);
    ring.removeAttribute("display");
    readout.textContent = point.text;
  }
  function hide() {
    for (const ring of drawing.querySelectorAll(".ring")) ring.setAttribute("display", "none");
    readout.textContent = "";
    chosen = -1;
  }
  function nearest(x, y) {
    let best = -1;
    let least = Infinity;
    points.forEach((point, index) => {
      const distance = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (distance < least) [best, least] = [index, distance];
    });
    return best;
  }

  drawing.addEventListener("pointerenter", measure);
  drawing.addEventListener("pointermove", (event) => {
    if (points.length === 0) measure();
    const corner = svg.getBoundingClientRect();
    const index = nearest(event.clientX - corner.x, event.clientY - corner.y);
    if (index >= 0 && index !== chosen) show(index);
  });
  drawing.addEventListener("pointerleave", hide);
  drawing.addEventListener("blur", hide);
  drawing.addEventListener("focus", measure);
  drawing.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return hide();
    if (points.length === 0) measure();
    const last = points.length - 1;
    const next = {ArrowRight: chosen + 1, ArrowDown: chosen + 1, ArrowLeft: chosen - 1,
                  ArrowUp: chosen - 1, Home: 0, End: last}[event.key];
    if (next === undefined || last < 0) return undefined;
    event.preventDefault();
    return show(Math.min(Math.max(next, 0), last));
  });
}

function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target && target.closest("details");
  if (!details) return;
  details.open = true;
  target.scrollIntoView();
}

for (const drawing of document.querySelectorAll(".drawing")) follow(drawing);
addEventListener("hashchange", openTarget);
openTarget();
