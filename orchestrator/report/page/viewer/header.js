// The top of the page: the verdict, why, where, and which step failed.

const FEW_FAULTS = 3; // whose proof is shown at the top; that of more is in the table
const VERDICT_MARKS = { valid: "✓", invalid: "✗", unknown: "?", "not judged": "–" };

function buildHeader(model) {
  const { run } = model;
  fill(byId("header"),
    el("div", { class: "title" },
      el("strong", { class: `verdict ${run.verdict}` }, `${VERDICT_MARKS[run.verdict] ?? "?"} ${run.verdict}`),
      el("h1", {}, el("bdi", {}, plain(run.name))),
      el("span", { class: "why" }, plain(run.why))),
    run.headline ? el("p", { class: "headline" }, plain(run.headline)) : null,
    failedStep(run.step),
    run.error ? el("p", { class: "broken" }, `The run ended early: ${plain(run.error)}`) : null,
    place(model),
    model.omitted ? el("p", { class: "dim" }, plain(model.omitted)) : null);
}

function failedStep(step) {
  if (!step) return null;
  const where = step.line ? `${plain(step.file)}:${step.line}` : plain(step.file);
  return el("figure", { class: "step" },
    el("figcaption", {}, "The step: ", el("span", { class: "where" }, where)),
    el("pre", {}, plain(step.text)));
}

function place(model) {
  const { run } = model;
  const facts = [
    ["ran on", run.place], ["started", run.started], ["took", span(model.duration)],
    ["peers", count(model.peers.length, "peer")], ["operations", count(model.operations.length, "operation")],
    ["the machine", run.machine], ["kept in", run.folder], ["lab", model.lab],
  ].filter(([, value]) => value);
  return el("dl", { class: "facts" }, ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, plain(value)))));
}

/** The checks, and the faults with their proof: what was judged, and whether what was done was real. */
function buildEvidence(model, state) {
  fill(byId("evidence"),
    model.faults.length ? el("section", { "aria-label": "Faults" },
      el("h2", {}, "Faults"),
      el("ul", { class: "faults" }, ...model.faults.map((fault) => faultLine(fault, state, model.faults.length <= FEW_FAULTS)))) : null,
    !model.checks.length ? null : el("section", { "aria-label": "Checks" },
      el("h2", {}, "Checks"),
      el("ul", { class: "checks" }, ...model.checks.map(checkChip))));
}

function checkChip({ name, word, says, promise }) {
  return el("li", { class: word.replace(" ", "-"), title: plain([promise, says].filter(Boolean).join(" – ")) },
    `${VERDICT_MARKS[word] ?? "?"} ${plain(name)}`, el("span", { class: "spoken" }, `: ${word}`));
}

function faultLine(fault, state, withProof) {
  const until = fault.to === null ? "the end" : clock(fault.to);
  return el("li", {},
    el("button", { class: "link", onclick: () => state.select(fault) }, plain(fault.says || fault.name)),
    el("span", { class: "dim" }, ` ${clock(fault.from)} to ${until} `),
    el("strong", { class: faultClass(fault) }, plain(faultWord(fault))),
    withProof && fault.proof.length ? el("ul", {}, ...fault.proof.slice(0, 3).map((line) => el("li", {}, plain(line)))) : null);
}

const FAULT_MARKS = { proven: "✓", "not proven": "?", "not done": "✗" };

/** Whether a fault was measured to take effect. */
function faultWord({ status }) {
  return `${FAULT_MARKS[status] ?? "?"} ${status}`;
}

function faultClass({ status }) {
  return status === "proven" ? "valid" : "unknown";
}
