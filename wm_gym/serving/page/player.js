// The loop: what is held becomes a step, the step's frames are played, and the next step is asked for just in time.

const IDLE_MILLISECONDS = 250;
const MAP_EVERY_STEPS = 4;
const CLOUD_EVERY_STEPS = 2;
const RUN_ON_STEPS = 20;
const MOST_REMEMBERED = 3000;
const SLACK_MILLISECONDS = 12;

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, Math.max(0, milliseconds)));

/** One game: a session, its screen, and the twin that follows it when it is there. */
export class Player {
  constructor({ session, screen, controls, wants, showReply, showError }) {
    Object.assign(this, { session, screen, controls, wants, showReply, showError });
    this.twin = null;
    this.past = []; // messages so far, for a twin that comes later
    this.count = 0;
    this.runOn = 0;
    this.roundTrip = 60;
    this.latencies = [];
    this.isAlive = true;
  }

  /** Steps until the game ends. */
  async run() {
    while (this.isAlive) {
      try {
        if (document.hidden || !(this.controls.isActive || this.wants.time || this.runOn > 0)) {
          await this.controls.touched(IDLE_MILLISECONDS);
        } else await this.#step();
      } catch (error) {
        this.showError(error);
        this.isAlive &&= !this.session.hasEnded;
        await sleep(1000);
      }
    }
  }

  /** Anything but a step, such as an event, "undo" or "reset", and what it shows. */
  async ask(doing, fields = {}) {
    const reply = await this.session.ask(doing, { ...fields, want: this.#parts(true) });
    if (doing === "reset") this.past = [];
    else if (doing !== "look") this.#remember(doing, fields);
    if (doing === "event" || doing === "stop_event") this.runOn = RUN_ON_STEPS;
    else this.screen.clear();
    await this.#show(reply, null);
    await this.#follow(doing, fields);
    return reply;
  }

  /** Let a twin follow; it walks all that was walked so far first. */
  async joinedBy(session, screen) {
    if (!this.past) throw new Error("the twin can follow walks that are shorter: begin a new one");
    for (const [doing, fields] of this.past) await session.ask(doing, { ...fields, want: [] });
    this.twin = { session, screen };
    await this.#follow("look", {});
  }

  leftByTwin() {
    const twin = this.twin;
    this.twin = null;
    return twin?.session.close();
  }

  async #step() {
    const { turn_degrees_per_step: turn, pitch_degrees_per_step: pitch } = this.session.described;
    const { twist, since } = this.controls.take(turn, pitch);
    const fields = { action: twist };
    const asked = performance.now();
    const twin = this.#ask(this.twin?.session, fields);
    const reply = await this.session.ask("step", { ...fields, want: this.#parts(false) });
    this.#remember("step", fields);
    const seen = await twin;
    this.roundTrip += 0.2 * (performance.now() - asked - this.roundTrip);
    this.count += 1;
    this.runOn -= 1;
    if (seen) await this.twin?.screen.play(seen);
    await this.#show(reply, since);
    await sleep(this.screen.endsAt - performance.now() - 1.2 * this.roundTrip - SLACK_MILLISECONDS);
  }

  async #show(reply, since) {
    await this.screen.play(reply, (now) => since !== null && this.#measure(now - since));
    await this.showReply(reply, this);
  }

  async #follow(doing, fields) {
    if (!this.twin) return;
    const reply = await this.twin.session.ask(doing, { ...fields, want: ["frames"] });
    this.twin.screen.clear();
    await this.twin.screen.play(reply);
  }

  #ask(session, fields) {
    return session?.ask("step", { ...fields, want: ["frames"] }).catch(this.showError);
  }

  #parts(all) {
    const due = (every) => all || this.count % every === 0;
    return [
      "frames",
      ...(this.wants.map && due(MAP_EVERY_STEPS) ? ["map"] : []),
      ...(this.wants.cloud && due(CLOUD_EVERY_STEPS) ? ["cloud"] : []),
      ...["depth", "hints"].filter((name) => this.wants[name]),
    ];
  }

  #remember(doing, fields) {
    if (this.past && this.past.length >= MOST_REMEMBERED) this.past = null;
    this.past?.push([doing, fields]);
  }

  #measure(milliseconds) {
    this.latencies.push(milliseconds);
  }
}
