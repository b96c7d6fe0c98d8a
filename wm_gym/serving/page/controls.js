// Keys, mouse, touch and gamepad as one twist: forward, left, turn left, look up, each -1..1.

const KEYS = {
  KeyW: "W", KeyA: "A", KeyS: "S", KeyD: "D", KeyI: "I", KeyJ: "J", KeyK: "K", KeyL: "L",
  ArrowUp: "I", ArrowLeft: "J", ArrowDown: "K", ArrowRight: "L",
};

const AXES = { W: [0, 1], S: [0, -1], A: [1, 1], D: [1, -1], J: [2, 1], L: [2, -1], I: [3, 1], K: [3, -1] };

const DEGREES_PER_PIXEL = 0.12;
const DEAD_ZONE = 0.15;
const STICKS = [[1, 0], [0, 1], [2, 2], [3, 3]]; // gamepad axis, part of the twist; pushing up or left is negative

const clip = (value) => Math.max(-1, Math.min(1, value));

/** Whether keys go into what is focused. */
export const isTyping = (target) => target.matches?.("input:not([type=checkbox]), textarea, select") ?? false;

/** What is held down now, and what was touched since it was last asked for. */
export class Controls {
  constructor() {
    this.held = new Set();
    this.tapped = new Set();
    this.drag = { yaw: 0, pitch: 0 };
    this.since = null;
    this.waiting = [];
  }

  listenTo(target) {
    addEventListener("keydown", (event) => this.#key(event, true));
    addEventListener("keyup", (event) => this.#key(event, false));
    addEventListener("blur", () => this.held.clear());
    target.addEventListener("pointerdown", (event) => target.setPointerCapture(event.pointerId));
    target.addEventListener("pointermove", (event) => {
      if (!target.hasPointerCapture(event.pointerId)) return;
      this.drag.yaw -= event.movementX * DEGREES_PER_PIXEL;
      this.drag.pitch -= event.movementY * DEGREES_PER_PIXEL;
      this.#touched();
    });
  }

  /** Buttons on the page that are held like keys. */
  holdBy(button, key) {
    const hold = (down) => (event) => {
      event.preventDefault();
      this.press(key, down);
      button.classList.toggle("held", down);
    };
    button.addEventListener("pointerdown", hold(true));
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) button.addEventListener(end, hold(false));
  }

  press(key, down) {
    if (down === this.held.has(key)) return;
    if (down) {
      this.held.add(key);
      this.tapped.add(key);
      this.#touched();
    } else this.held.delete(key);
  }

  get isActive() {
    const dragged = Math.abs(this.drag.yaw) + Math.abs(this.drag.pitch) > 0.05;
    return this.held.size > 0 || this.tapped.size > 0 || dragged || gamepad().some((part) => part !== 0);
  }

  /** The twist of the next step, and when its oldest news came, which is null without any. */
  take(turnDegrees, pitchDegrees) {
    const twist = gamepad();
    for (const key of new Set([...this.held, ...this.tapped])) {
      const [part, sign] = AXES[key];
      twist[part] += sign;
    }
    twist[2] += this.#fromDrag("yaw", turnDegrees);
    twist[3] += this.#fromDrag("pitch", pitchDegrees);
    const since = this.since;
    this.since = null;
    this.tapped.clear();
    return { twist: twist.map(clip), since };
  }

  /** Done when something is touched, or after so long. */
  touched(milliseconds) {
    return new Promise((done) => {
      this.waiting.push(done);
      setTimeout(done, milliseconds);
    });
  }

  #fromDrag(axis, most) {
    const part = clip(this.drag[axis] / most);
    this.drag[axis] = Math.abs(part) < 1 ? 0 : clip(this.drag[axis] / most / 3) * most * 3 - part * most;
    return part;
  }

  #key(event, down) {
    const key = KEYS[event.code];
    if (key === undefined || (down && (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey))) return;
    if (down) event.preventDefault();
    this.press(key, down);
  }

  #touched() {
    this.since ??= performance.now();
    for (const done of this.waiting.splice(0)) done();
  }
}

function gamepad() {
  const twist = [0, 0, 0, 0];
  const pad = navigator.getGamepads?.().find((one) => one?.connected);
  for (const [axis, part] of pad ? STICKS : []) {
    const value = pad.axes[axis] ?? 0;
    if (Math.abs(value) > DEAD_ZONE) twist[part] = -value;
  }
  return twist;
}
