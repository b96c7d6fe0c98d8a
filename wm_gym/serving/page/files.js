// Forks, saved states and recordings: what leaves a session and what comes back into it.

/** Buttons that save, load, fork and record a session. */
export class Files {
  constructor(server, { find, guarded, look, anew }) {
    Object.assign(this, { server, find, guarded, look, anew });
    this.session = null;
    this.forks = 0;
  }

  /** From here on the buttons are about this session. */
  attach(session) {
    this.session = session;
    this.forks = 0;
    this.#recording(session.described.recorded_steps !== null);
    this.find("links").replaceChildren(this.#link("watch from another window", { watch: session.described.watch }));
  }

  /** Links to a shared world, one for each role; they need no token. */
  invite(keys) {
    for (const [role, key] of Object.entries(keys)) {
      this.find("links").append(hashLink(`join as a ${role}`, { join: key }));
    }
  }

  tie() {
    const click = (id, action) => this.find(id).addEventListener("click", () => this.guarded(action));
    click("fork", () => this.#fork());
    click("save", () => this.#save());
    click("load", async () => this.find("file").click());
    click("record", () => this.#record());
    this.find("file").addEventListener("change", () => this.guarded(() => this.#load()));
  }

  async #fork() {
    const fork = await this.server.request("POST", `${this.session.path}/fork`);
    this.forks += 1;
    this.find("links").append(this.#link(`fork ${this.forks}`, { session: fork.id }));
  }

  async #save() {
    download(await this.server.request("GET", `${this.session.path}/state`), "world.state");
  }

  async #load() {
    const [file] = this.find("file").files;
    if (!file) return;
    this.find("file").value = "";
    await this.server.request("PUT", `${this.session.path}/state`, { body: file });
    this.#recording(false);
    this.anew();
    await this.look();
  }

  async #record() {
    if (this.isRecording) download(await this.server.request("GET", `${this.session.path}/recording`), "walk.replay");
    else await this.server.request("POST", `${this.session.path}/recording`);
    this.#recording(!this.isRecording);
  }

  #recording(isOn) {
    this.isRecording = isOn;
    this.find("record").classList.toggle("on", isOn);
    this.find("record").textContent = isOn ? "download" : "record";
  }

  #link(text, where) {
    return hashLink(text, { token: this.server.token, ...where });
  }
}

function hashLink(text, where) {
  const link = document.createElement("a");
  link.target = "_blank";
  link.textContent = text;
  link.href = `/#${new URLSearchParams(where)}`;
  return link;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
