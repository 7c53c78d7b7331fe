// Builds the page from its data; the only file that does anything by itself.

async function main() {
  const model = new Model(await readData(byId("data").textContent));
  const state = new State(model);
  buildHeader(model);
  buildFindings(model, state);
  buildEvidence(model, state);
  buildCurrentFinding(model, state);
  buildItem(model, state);
  const controls = new Controls(model, state);
  new Overview(model, state);
  new Diagram(model, state);
  buildMoment(model, state);
  buildGraph(model, state);
  new Consoles(model, state);
  new Filters(model, state);
  new Plots(model, state);
  buildTables(model, state);
  const bindings = keyBindings(model, state, controls);
  byId("key-table").append(helpTable(bindings));
  listenToKeys(bindings);
  begin(model, state);
  requestAnimationFrame(() => setTimeout(() => {
    document.documentElement.dataset.ready = Math.round(performance.now()); // ms since the file was opened
  }));
}

/** Show what the address names; else the first finding; else the end. */
function begin(model, state) {
  window.addEventListener("hashchange", () => state.readFragment());
  const isNamed = state.readFragment();
  if (!isNamed && model.findings.length) state.selectFinding(0);
  const { at, from, to, filters, theme, finding } = state;
  state.change({ at, from, to, filters, theme, finding });
  if (isNamed) state.scrollToMoment();
}

main().catch((error) => {
  byId("failed").hidden = false;
  byId("failed").textContent = `This page could not be shown: ${error.message}`;
  throw error;
});
