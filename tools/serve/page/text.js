"use strict";
// Numbers and times as people read them. Everything takes null for what is not known.

const kNotKnown = "–";

function durationText(seconds) {
  if (seconds === null || !isFinite(seconds)) return kNotKnown;
  const whole = Math.max(0, Math.round(seconds));
  const two = (number) => String(number).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function ageText(seconds) {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} days ago`;
}

// Four significant digits, in powers of 1000.
function scaledText(value, units) {
  if (value === null) return kNotKnown;
  let power = 0;
  while (Math.abs(value) >= 1000 && power + 1 < units.length) {
    value /= 1000;
    ++power;
  }
  const text = power === 0 ? String(Math.round(value)) : value.toPrecision(4);
  return text + units[power];
}

const countText = (value) => scaledText(value, ["", "k", "M", "B", "T"]);
const bytesText = (value) => scaledText(value, [" B", " kB", " MB", " GB", " TB"]);
const shareText = (share) => (share === null ? kNotKnown : `${Math.round(100 * share)} %`);

function valueText(value) {
  if (value === null || value === undefined) return kNotKnown;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3);
  return value.toPrecision(5);
}

function plural(count, one) {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}
