"use strict";
// What is asked of the server and when, and which page is shown: "#/" all studies, "#/study/NAME"
// one of them.

const kEverySeconds = 2;
const kMachineSection = new Section(document.getElementById("machine"));
const kProblem = document.getElementById("problem");
const kMain = document.getElementById("main");
const kPlace = document.getElementById("place");
const tags = new Map();  // by address, of the last answer that was shown
let page = null;
let clockAhead = 0;  // seconds by which the server's clock is ahead of this one

// The answer, or null where it is the one that is shown already.
async function ask(address) {
  const response = await fetch(address, { credentials: "same-origin" });
  const tag = response.headers.get("ETag");
  if (tag !== null && tags.get(address) === tag) return null;
  const isJson = (response.headers.get("Content-Type") || "").startsWith("application/json");
  const answer = isJson ? await response.json() : { error: await response.text() };
  if (!response.ok) throw new Error(answer.error || `The server answers ${response.status}.`);
  if (tag !== null) tags.set(address, tag);
  return answer;
}

function now() {
  return Date.now() / 1000 + clockAhead;
}

function drawMachine(load) {
  const busy = load.busy_share === null ? "" : ` ${load.busy_share} busy`;
  const parts = [load.host + (load.cores > 0 ? `, ${plural(load.cores, "core")}${busy}` : "")];
  if (load.total !== null) parts.push(`memory ${load.used} of ${load.total}`);
  for (const gpu of load.gpus) {
    const its = gpu.busy === "" ? "" : ` ${gpu.busy} busy`;
    parts.push(`GPU ${gpu.gpu} ${gpu.name}${its}, ${gpu.used} of ${gpu.total}`);
  }
  return parts.map((part) => element("span", {}, part));
}

const usedText = (load) => shareText(load.used_bytes / load.memory_bytes);

async function showMachine() {
  const load = await ask("/api/machine");
  if (load === null) return;
  clockAhead = load.time - Date.now() / 1000;
  kMachineSection.show({
    host: load.host, cores: load.cores,
    busy_share: load.busy_share === null ? null : shareText(load.busy_share),
    used: usedText(load), total: load.memory_bytes > 0 ? bytesText(load.memory_bytes) : null,
    gpus: load.gpus.map((gpu) => ({ gpu: gpu.gpu, name: gpu.name,
      busy: gpu.busy_share === null ? "" : shareText(gpu.busy_share),
      used: usedText(gpu), total: bytesText(gpu.memory_bytes) })),
  }, drawMachine);
}

class StudiesPage {
  constructor() {
    this.node = element("div");
    this.section = new Section(this.node);
    this.title = "";
  }

  async refresh() {
    const answer = await ask("/api/studies");
    if (answer !== null) this.section.show(answer, drawStudies);
  }
}

function drawStudies(answer) {
  if (answer.studies.length === 0) {
    return element("p", {}, "No studies yet: `upcycle run RECIPE` begins one.");
  }
  const rank = (study) => (study.runs.running > 0 ? 0 : study.runs.failed > 0 ? 1 : 2);
  const started = (study) => (study.launch && study.launch.started) || 0;
  const studies = [...answer.studies].sort(
    (a, b) => rank(a) - rank(b) || started(b) - started(a));
  return [element("h1", {}, "Studies"),
    element("ul", { class: "plain studies" }, studies.map((study) => element("li", {},
      element("a", { href: `#/study/${encodeURIComponent(study.study)}` }, foreign(study.study)),
      study.description ? element("div", { class: "faint text" }, foreign(study.description)) : null,
      element("div", { class: "summary" }, countsLine(study.runs, study.kept), progressOf(study)))),
    answer.left_out > 0 ? element("li", { class: "faint" }, `and ${answer.left_out} more`) : null)];
}

class OneStudyPage extends StudyPage {
  constructor(name) {
    super(name);
    this.title = name;
    this.metric = null;
    this.study = null;
  }

  async refresh() {
    const query = `?study=${encodeURIComponent(this.name)}`;
    const study = await ask(`/api/study${query}`);
    if (study !== null) this.study = study;
    if (this.study !== null) {
      this.metric = this.study.metric;
      this.showStudy(this.study, now());
    }
    for (const metric of new Set([this.metric, "train/loss"])) {
      const curves = await ask(`/api/curves${query}&metric=${encodeURIComponent(metric)}`);
      if (curves !== null) this.showCurves(curves);
    }
  }
}

function openPlace() {
  const match = /^#\/study\/(.+)$/.exec(location.hash);
  let name = null;
  try {
    name = match === null ? null : decodeURIComponent(match[1]);
  } catch (error) {
    name = null;  // an escape that is none
  }
  page = name === null ? new StudiesPage() : new OneStudyPage(name);
  tags.clear();
  document.title = name === null ? "upcycle" : `${name} – upcycle`;
  kPlace.replaceChildren(...(name === null ? [] : ["› ", foreign(name)]));
  kMain.replaceChildren(page.node);
  refresh();
}

let refreshing = false;
async function refresh() {
  if (refreshing) return;
  refreshing = true;
  const shown = page;
  try {
    await showMachine();
    await shown.refresh();
    kProblem.hidden = true;
  } catch (error) {
    const gone = error instanceof TypeError;  // fetch says so where nobody answers
    kProblem.textContent = gone ? "The server does not answer; what is shown is as it was." :
      error.message;
    kProblem.hidden = false;
  }
  refreshing = false;
  document.body.dataset.refreshed = String(Number(document.body.dataset.refreshed || 0) + 1);
  if (shown !== page) refresh();
}

// The cookie has the token now; the address is not to show it.
if (location.search !== "") history.replaceState(null, "", location.pathname + location.hash);
window.addEventListener("hashchange", openPlace);
setInterval(() => { if (!document.hidden) refresh(); }, 1000 * kEverySeconds);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
openPlace();
