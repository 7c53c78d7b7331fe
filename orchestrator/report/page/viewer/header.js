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
    run.at_end ? el("p", { class: "where" }, "At the end of the run") : failedStep(run.step),
    run.error ? el("p", { class: "broken" }, `The run ended early: ${plain(run.error)}`) : null,
    place(model),
    model.omitted ? el("p", { class: "dim" }, plain(model.omitted)) : null);
}

function failedStep(step) {
  if (!step) return null;
  const where = step.line ? `${plain(step.file)}:${step.line}` : plain(step.file);
  return el("figure", { class: "step" },
    el("figcaption", {}, step.is_near ? "The last step before: " : "The step: ", el("span", { class: "where" }, where)),
    step.text ? el("pre", {}, plain(step.text)) : null);
}

function place(model) {
  const { run } = model;
  const facts = [
    ["ran on", run.place], ["started", run.started], ["took", span(model.duration)],
    ["peers", count(model.peers.length, "peer")], ["operations", count(model.operations.length, "operation")],
    ["the machine", run.machine], ["kept in", run.folder], ["lab", model.lab],
  ].filter(([, value]) => value);
  return factList("facts", facts.map(([name, value]) => [name, plain(value)]));
}

/** Return a list of names and values. */
function factList(name, facts) {
  const pairs = facts.map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value)));
  return el("dl", { class: name }, ...pairs);
}

/** The checks, the workloads, and the faults with their proof: what was judged, and whether what was done was real. */
function buildEvidence(model, state) {
  const areFew = model.faults.length <= FEW_FAULTS;
  const faults = model.faults.map((fault) => faultLine(fault, state, areFew));
  fill(byId("evidence"),
    !faults.length ? null : el("section", { "aria-label": "Faults" },
      el("h2", {}, "Faults"),
      el("ul", { class: "faults" }, ...faults)),
    !model.workloads.length ? null : el("section", { "aria-label": "Workloads" },
      el("h2", {}, "Workloads"),
      el("ul", { class: "workloads" }, ...model.workloads.map((one) => workloadLine(one, state)))),
    !model.checks.length ? null : el("section", { "aria-label": "Checks" },
      el("h2", {}, "Checks"),
      el("ul", { class: "checks" }, ...model.checks.map(checkChip))));
}

function checkChip({ name, word, says, promise }) {
  return el("li", { class: word.replace(" ", "-"), title: plain([promise, says].filter(Boolean).join(" – ")) },
    `${VERDICT_MARKS[word] ?? "?"} ${plain(name)}`, spokenText(`: ${word}`));
}

function faultLine(fault, state, withProof) {
  const proof = withProof ? fault.proof.slice(0, 3).map((line) => el("li", {}, plain(line))) : [];
  return el("li", {},
    el("button", { class: "link", onclick: () => state.select(fault) }, plain(fault.says || fault.name)),
    el("span", { class: "dim" }, ` ${clock(fault.from)} to ${ending(fault.to)} `),
    el("strong", { class: faultClass(fault) }, plain(faultWord(fault))),
    proof.length ? el("ul", {}, ...proof) : null);
}

function workloadLine(workload, state) {
  return el("li", {},
    el("button", { class: "link", onclick: () => state.select(workload) }, workloadLabel(workload)),
    el("span", { class: "dim" }, ` ${clock(workload.from)} to ${ending(workload.to)}`));
}

/** Return what a workload is, and how many operations it did. */
function workloadLabel({ said, operations }) {
  return `${cut(said, 120)}: ${count(operations, "operation")}`;
}

const FAULT_MARKS = { proven: "✓", "not proven": "?", "not done": "✗" };

/** Whether a fault was measured to take effect. */
function faultWord({ status }) {
  return `${FAULT_MARKS[status] ?? "?"} ${status}`;
}

function faultClass({ status }) {
  return status === "proven" ? "valid" : "unknown";
}
