"use strict";
// One study: how far it is, its arms and seeds, curves, what runs, failed and waits, messages.

const kSigns = { complete: "✓", running: "▸", failed: "✗", diverged: "✗", stopped: "‖",
  pruned: "−", waiting: "…", planned: "" };

function stateCounts(counts) {
  return Object.entries(counts).filter(([, count]) => count > 0);
}

function countsLine(counts, kept) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = stateCounts(counts).map(([state, count]) =>
    element("span", { class: state === "failed" || state === "diverged" ? "bad" : "" },
      element("b", {}, String(count)), ` ${state}`));
  return element("div", { class: "counts" }, element("span", {}, `${all} runs:`), parts,
    kept > 0 ? element("span", { class: "faint" }, `${kept} kept from before`) : null);
}

function progressOf(study) {
  const left = study.seconds_left === null ? "" : `, about ${durationText(study.seconds_left)} left`;
  return [
    element("progress", { max: "1", value: String(study.share), "aria-label": "Work that is done" }),
    element("div", { class: "faint" }, `${shareText(study.share)} of the work${left}`)];
}

function drawHead(study) {
  const holds = study.holds.map((hold) => element("div", { class: "warn" },
    `${hold.kind}: `, foreign(hold.arm || "the whole study"),
    hold.seed === undefined ? "" : `, seed ${hold.seed}`, "; `upcycle resume` lets it go on"));
  return [element("h1", {}, foreign(study.study)),
    study.description ? element("div", { class: "faint text" }, foreign(study.description)) : null,
    element("div", { class: "summary" }, countsLine(study.runs, study.kept), progressOf(study), holds)];
}

function seedCell(run) {
  const fill = element("span", { class: "fill" });
  fill.style.height = run.state === "running" ? `${Math.round(100 * run.share)}%` : "0";
  const words = `seed ${run.seed}: ${run.state}${run.state === "running" ? `, ${shareText(run.share)}` : ""}`;
  return element("span", { class: `cell ${run.state}`, title: words, role: "img", "aria-label": words },
    fill, element("span", { class: "sign" }, kSigns[run.state]));
}

function drawArms(facts) {
  const rows = facts.arms.map((arm) => {
    const all = Object.values(arm.runs).reduce((sum, count) => sum + count, 0);
    const more = all - arm.seeds.length;
    return element("tr", {},
      element("td", { class: "arm" }, foreign(arm.arm),
        arm.baseline ? element("span", { class: "faint" }, " baseline") : null),
      element("td", {}, element("div", { class: "cells" }, arm.seeds.map(seedCell),
        more > 0 ? element("span", { class: "faint" }, `+${more}`) : null)),
      element("td", { class: "wide faint" },
        stateCounts(arm.runs).map(([state, count]) => `${count} ${state}`).join(", ")),
      element("td", { class: "number" }, valueText(arm.value),
        arm.valued > 0 ? element("span", { class: "faint" }, ` of ${arm.valued}`) : null));
  });
  const legend = Object.entries(kSigns).filter(([state]) => state !== "diverged").map(
    ([state, sign]) => element("span", {},
      element("span", { class: `cell ${state}` }, element("span", { class: "sign" }, sign)),
      state === "failed" ? "failed, diverged" : state));
  return [element("h2", {}, "Arms and seeds"),
    element("div", { class: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, element("th", {}, "arm"), element("th", {}, "seeds"),
        element("th", { class: "wide" }, "runs"),
        element("th", { class: "number" }, foreign(facts.metric), " mean"))),
      element("tbody", {}, rows))),
    facts.left_out > 0 ? element("p", { class: "faint" }, `and ${facts.left_out} more arms`) : null,
    element("div", { class: "legend" }, legend)];
}

function stageName(stage) {
  return [stage.kind, " (", foreign(stage.serves), ")"];
}

function drawRunning(facts) {
  if (facts.running.length === 0) return element("p", { class: "faint" }, "Nothing runs.");
  const items = facts.running.map((stage) => {
    const share = stage.steps > 0 ? stage.step / stage.steps : null;
    const details = [stage.loss === null ? "" : `loss ${valueText(stage.loss)}`,
      stage.tokens_per_second === null ? "" : `${countText(stage.tokens_per_second)} tokens/s`,
      stage.steps > 0 ? `step ${stage.step} of ${stage.steps}` : ""].filter((text) => text !== "");
    return element("li", { class: "row" },
      element("div", { class: "text" }, stageName(stage),
        element("div", { class: "faint" }, details.join(" · "))),
      element("div", {},
        share === null ? null : element("progress", { max: "1", value: String(share),
          "aria-label": `Progress of ${stage.kind}` }),
        element("div", { class: "faint right" }, share === null ? "" : shareText(share),
          stage.seconds_left === null ? "" : `, ${durationText(stage.seconds_left)} left`)));
  });
  return element("ul", { class: "plain" }, items, leftOut(facts.left_out));
}

function leftOut(count) {
  return count > 0 ? element("li", { class: "faint" }, `and ${count} more`) : null;
}

function drawEnded(facts) {
  if (facts.ended.length === 0) return element("p", { class: "faint" }, "Nothing failed.");
  return element("ul", { class: "plain" }, facts.ended.map((stage) => {
    const attempt = stage.attempts[stage.attempts.length - 1];
    const cause = attempt && attempt.cause ? `, ${attempt.cause}` : "";
    const bad = stage.state === "failed" || stage.state === "diverged";
    return element("li", { class: "text" },
      element("b", { class: bad ? "bad" : "" }, stage.state), " ", stageName(stage),
      attempt ? `, attempt ${attempt.number}${cause}` : "",
      element("div", { class: "faint" }, foreign(stage.reason)));
  }), leftOut(facts.left_out));
}

function drawWaits(facts) {
  if (facts.waits.length === 0) return element("p", { class: "faint" }, "Nothing waits.");
  return element("ul", { class: "plain" }, facts.waits.map((wait) => element("li", { class: "text" },
    wait.stages === 1 ? stageName(wait) : `${wait.stages} × ${wait.kind}`, ": ",
    foreign(wait.reason || "no reason was recorded", "faint"))), leftOut(facts.left_out));
}

function drawMessages(facts) {
  if (facts.messages.length === 0) return element("p", { class: "faint" }, "Nothing yet.");
  return element("ul", { class: "plain" }, facts.messages.map((message) => {
    const bad = message.kind === "failed" || message.kind === "diverged";
    return element("li", { class: "text" },
      element("span", { class: "faint" }, message.time === null ? kNotKnown :
        ageText(facts.minute * 60 - message.time)), " ",
      foreign(message.about), " ", element("b", { class: bad ? "bad" : "" }, message.kind),
      message.text ? element("div", { class: "faint" }, foreign(message.text)) : null);
  }));
}

class StudyPage {
  constructor(name) {
    this.name = name;
    this.sections = {};
    this.hidden = new Set();
    this.colours = new Map();
    this.charts = new Map();  // by metric
    const part = (key, title) => {
      const body = element("div");
      this.sections[key] = new Section(body);
      return element("section", {}, title === "" ? null : element("h2", {}, title), body);
    };
    this.chartRow = element("div", { class: "charts" });
    this.keyRow = element("div", { class: "keys", role: "group", "aria-label": "Arms shown" });
    this.node = element("div", {}, part("head", ""), part("arms", ""),
      element("section", {}, element("h2", {}, "Curves, over the share of the training"),
        this.chartRow, this.keyRow, part("more", "")),
      element("div", { class: "columns" }, part("running", "Running now"), part("ended", "Ended early"),
        part("waits", "Waits"), part("messages", "Messages")));
  }

  showStudy(study, now) {
    const left = study.left_out;
    this.sections.head.show(study.description === undefined ? {} : {
      study: study.study, description: study.description, runs: study.runs, kept: study.kept,
      share: study.share, seconds_left: study.seconds_left, holds: study.holds }, drawHead);
    this.sections.arms.show({ arms: study.arms, metric: study.metric, left_out: left.arms }, drawArms);
    this.sections.running.show({ running: study.running, left_out: left.running }, drawRunning);
    this.sections.ended.show({ ended: study.ended_early, left_out: left.ended_early }, drawEnded);
    this.sections.waits.show({ waits: study.waits, left_out: left.waits }, drawWaits);
    this.sections.messages.show({ messages: study.messages, minute: Math.floor(now / 60) }, drawMessages);
  }

  showCurves(answer) {
    if (!this.charts.has(answer.metric)) {
      const chart = new Chart(answer.metric);
      this.charts.set(answer.metric, chart);
      this.chartRow.append(chart.node);
    }
    for (const curve of answer.curves) {
      if (!this.colours.has(curve.arm)) this.addKey(curve.arm);
    }
    this.charts.get(answer.metric).update(answer.curves, (arm) => this.colours.get(arm));
    this.sections.more.show(answer.left_out, (count) => count > 0 ?
      element("p", { class: "faint" }, `Curves of ${plural(count, "more arm")} are not drawn.`) : []);
  }

  // A button that hides and shows the curves of one arm.
  addKey(arm) {
    const colour = this.colours.size;
    this.colours.set(arm, colour);
    const key = element("button", { class: "key", type: "button", "aria-pressed": "true" },
      element("span", { class: `swatch f${colour % kColours}` }), foreign(arm, "name"));
    key.addEventListener("click", () => {
      if (!this.hidden.delete(arm)) this.hidden.add(arm);
      key.setAttribute("aria-pressed", String(!this.hidden.has(arm)));
      for (const chart of this.charts.values()) chart.hide(this.hidden);
    });
    this.keyRow.append(key);
  }
}
