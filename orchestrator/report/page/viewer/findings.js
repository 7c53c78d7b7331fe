// The findings, each a link to its moment, and the one that is shown.

const MOST_OPERATIONS = 8;

/** List the findings, if there are several: the header has the first. */
function buildFindings(model, state) {
  const place = byId("findings");
  place.hidden = model.findings.length < 2;
  const list = el("ol", {});
  model.findings.forEach((finding, index) => list.append(findingLine(finding, index, state)));
  place.append(el("h2", {}, count(model.findings.length, "finding")), list);
  state.on(["finding"], () => markCurrent(list, state.finding));
}

function findingLine(finding, index, state) {
  const show = (event) => {
    event.preventDefault();
    state.selectFinding(index);
    state.scrollToMoment();
  };
  return el("li", { class: finding.word },
    el("a", { href: `#finding=${index + 1}`, onclick: show },
      el("span", { class: "mark", "aria-hidden": "true" }, VERDICT_MARKS[finding.word] ?? "?"),
      el("strong", {}, ` ${plain(finding.check)} `),
      el("bdi", {}, cut(finding.says, 240))));
}

function markCurrent(list, current) {
  [...list.children].forEach((line, index) => {
    line.classList.toggle("current", index === current);
    const link = line.querySelector("a");
    if (index === current) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  });
}

/** The finding that is shown: what was found, what was promised, and the operations behind it. */
function buildCurrentFinding(model, state) {
  const place = byId("finding");
  state.on(["finding"], () => {
    const finding = model.findings[state.finding];
    place.hidden = !finding;
    place.replaceChildren();
    if (finding) place.append(...findingParts(finding, model, state));
  });
}

function findingParts(finding, model, state) {
  const check = model.checks.find(({ name }) => name === finding.check);
  const operations = finding.operations.map((index) => model.operations[index]).filter(Boolean);
  const step = (by, sign, label) =>
    el("button", { onclick: () => state.selectFinding(state.finding + by), "aria-label": label }, sign);
  const shown = operations.slice(0, MOST_OPERATIONS).map((one) => behind(one, model, state));
  return [
    model.findings.length < 2 ? null : el("div", { class: "steps" },
      step(-1, "‹", "The finding before"),
      el("span", {}, `Finding ${state.finding + 1} of ${model.findings.length}`),
      step(1, "›", "The next finding")),
    el("p", { class: `says ${finding.word}` },
      el("strong", {}, `${VERDICT_MARKS[finding.word] ?? "?"} ${plain(finding.check)}: `),
      el("bdi", {}, cut(finding.says, 2_000))),
    check?.promise ? el("p", { class: "expected" }, el("strong", {}, "Promised: "), plain(check.promise)) : null,
    shown.length ? el("ul", { class: "behind" }, ...shown) : null,
  ].filter(Boolean);
}

function behind(operation, model, state) {
  const show = (event) => {
    event.preventDefault();
    state.select(operation);
  };
  return el("li", {},
    el("a", { href: `#op=${operation.number}`, onclick: show },
      `${clock(operation.from)} ${model.name(operation.peer)}: `, cut(operation.asked || operation.verb, 120)),
    el("span", { class: "dim" }, ` → ${operation.status}${operation.said ? `: ${cut(operation.said, 160)}` : ""}`),
    operation.line ? el("span", { class: "dim" }, ` (line ${operation.line})`) : null);
}
