// The bar that stays in sight: the slider, playing, zooming, the colour scheme, help.

class Controls {
  constructor(model, state) {
    Object.assign(this, { model, state });
    this.slider = byId("slider");
    this.slider.max = model.duration;
    this.slider.addEventListener("input", () => state.goTo(Number(this.slider.value)));
    state.on(["at"], () => this.drawNow());
    this.onClicks({
      play: () => this.play(), "step-back": () => state.step(-1), "step-on": () => state.step(1),
      "zoom-in": () => state.zoom(ZOOM), "zoom-out": () => state.zoom(1 / ZOOM),
      "zoom-all": () => state.show(0, model.duration),
      theme: () => this.switchTheme(), help: () => this.help(),
    });
    this.dialog = byId("keys");
    this.restoreTheme();
  }

  onClicks(actions) {
    for (const [id, act] of Object.entries(actions)) byId(id).addEventListener("click", act);
  }

  drawNow() {
    const { at } = this.state;
    this.slider.value = at;
    this.slider.setAttribute("aria-valuetext", `${at.toFixed(3)} seconds`);
    byId("at").textContent = `${clock(at)} of ${clock(this.model.duration)}`;
  }

  /** Play from the moment on in real time, from the begin if it is the end; or pause. */
  play() {
    this.isPlaying = !this.isPlaying;
    byId("play").textContent = this.isPlaying ? "⏸" : "▶";
    byId("play").setAttribute("aria-label", this.isPlaying ? "Pause" : "Play");
    if (!this.isPlaying) return;
    if (this.state.at >= this.model.duration) this.state.goTo(0);
    this.tick(performance.now());
  }

  tick(before) {
    requestAnimationFrame((now) => {
      if (!this.isPlaying) return;
      const speed = Number(byId("speed").value);
      this.state.goTo(this.state.at + (Math.max(0, now - before) / 1000) * speed);
      if (this.state.at >= this.model.duration) this.play();
      else this.tick(now);
    });
  }

  get isDark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }

  switchTheme() {
    this.setTheme(this.isDark ? "light" : "dark");
    remember("peerlab-theme", document.documentElement.dataset.theme);
  }

  setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    this.state.change({ theme });
  }

  restoreTheme() {
    const chosen = remembered("peerlab-theme");
    if (chosen === "dark" || chosen === "light") this.setTheme(chosen);
    const redraw = () => this.state.change({ theme: this.isDark ? "dark" : "light" });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    window.addEventListener("beforeprint", () => this.printLight());
  }

  /** Be light on paper, also what is drawn already, and as before afterwards. */
  printLight() {
    const before = document.documentElement.dataset.theme;
    this.setTheme("light");
    this.state.tellNow();
    window.addEventListener("afterprint", () => {
      if (before) this.setTheme(before);
      else {
        delete document.documentElement.dataset.theme;
        this.state.change({ theme: "" });
      }
    }, { once: true });
  }

  help() {
    if (this.dialog.open) this.dialog.close();
    else this.dialog.showModal();
  }

  escape() {
    this.dialog.close();
    document.activeElement?.blur();
    this.state.change({ item: null });
  }
}

/** Keep a choice, if the browser lets a page from a file keep any. */
function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // the choice holds for this visit
  }
}

function remembered(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
