"use strict";
// Elements are made of names and texts alone: nothing is ever parsed as HTML, so that a name from
// a recipe stays a name.

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  addTo(made, attributes, children);
  return made;
}

function drawn(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  addTo(made, attributes, children);
  return made;
}

function addTo(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  for (const child of children.flat()) {
    if (child !== null && child !== "") made.append(child);
  }
}

// A text of somebody else's: its direction of writing does not reach what is beside it.
function foreign(text, className) {
  return element("bdi", { class: className || "text" }, text);
}

// A part of the page that is drawn again only where what it shows has changed.
class Section {
  constructor(node) {
    this.node = node;
    this.shown = null;
  }

  show(facts, draw) {
    const text = JSON.stringify(facts);
    if (text === this.shown) return;
    this.shown = text;
    const focused = document.activeElement;
    const link = focused && this.node.contains(focused) ? focused.getAttribute("href") : null;
    this.node.replaceChildren(...[draw(facts)].flat().filter((child) => child !== null));
    if (link === null) return;
    for (const again of this.node.querySelectorAll("a")) {
      if (again.getAttribute("href") === link) again.focus({ preventScroll: true });
    }
  }
}
