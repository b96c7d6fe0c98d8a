// A place in a shared world: a player's, a director's or a spectator's. What it shows comes by itself.

import { Refused } from "./connection.js";
import { unpack } from "./wire.js";

const RETRY_MILLISECONDS = 800;
const SESSION_ENDED = 4404;

/** One connection to a shared world. `ask` is as that of a session, so that a player's loop can hold either. */
export class Party {
  constructor(server, key, described) {
    Object.assign(this, { server, key, described });
    this.number = 0;
    this.socket = null;
    this.seat = null;
    this.body = null;
    this.hasEnded = false;
    this.waiting = new Map();
    this.onShow = () => {};
    this.onLost = () => {};
  }

  static async join(server, key) {
    const party = new Party(server, key, await server.request("GET", `/join/${key}`));
    await party.#connect();
    return party;
  }

  get role() {
    return this.described.role;
  }

  /** The reply to a message: a picture. A step is answered by that of the step in which it was done. */
  async ask(doing, fields = {}) {
    if (this.socket?.readyState !== WebSocket.OPEN) await this.#connect();
    if (doing === "event" || doing === "stop_event" || doing === "time") {
      const { want, ...written } = fields;
      await this.#send(doing, written);
      return this.#send("look", { want });
    }
    return this.#send(doing === "step" ? "act" : doing, fields);
  }

  async close() {
    this.hasEnded = true;
    this.socket?.close(1000);
  }

  #send(doing, fields) {
    this.number += 1;
    const { number } = this;
    const reply = new Promise((done, failed) => this.waiting.set(number, { done, failed, isAct: doing === "act" }));
    this.socket.send(JSON.stringify({ id: number, do: doing, ...fields }));
    return reply;
  }

  #connect() {
    return new Promise((done, failed) => {
      const seat = this.seat ? `&seat=${this.seat}` : "";
      const socket = new WebSocket(this.server.socketAddress(`/join/${this.key}/stream`) + seat);
      socket.binaryType = "arraybuffer";
      socket.onmessage = (event) => {
        const reply = typeof event.data === "string" ? JSON.parse(event.data) : unpack(event.data);
        if (!reply.hello) return this.#take(reply);
        this.socket = socket;
        this.seat = reply.seat;
        this.body = reply.body;
        return done();
      };
      socket.onclose = async (event) => {
        if (this.socket === socket) return this.#lost(event.code);
        const found = await this.server.request("GET", `/join/${this.key}`).catch((error) => error);
        if (found instanceof Refused) this.hasEnded = true;
        failed(found instanceof Refused ? found : new Error("the world cannot be joined: it is full, or the server is gone"));
      };
    });
  }

  #take(reply) {
    for (const [number, one] of this.waiting) {
      // an act that came too late was replaced by the next one
      const isDone = number === reply.id || (one.isAct && reply.ok && reply.id !== null && number < reply.id);
      if (!isDone) continue;
      this.waiting.delete(number);
      if (reply.ok) one.done(reply);
      else one.failed(new Refused(reply.error));
      if (number === reply.id) return;
    }
    if (reply.ok) this.onShow(reply);
    else this.onLost(new Refused(reply.error));
  }

  #lost(code) {
    this.socket = null;
    if (code === SESSION_ENDED) this.hasEnded = true;
    const error = this.hasEnded ? new Refused("this world has ended") : new Error("the connection was lost");
    for (const one of this.waiting.values()) one.failed(error);
    this.waiting.clear();
    this.onLost(error);
    if (!this.hasEnded) setTimeout(() => this.#connect().catch((again) => this.onLost(again)), RETRY_MILLISECONDS);
  }
}

/** Buttons of a shared world: who is there, and through whose eyes a director or spectator looks. */
export class Company {
  constructor(list, { follow }) {
    Object.assign(this, { list, follow });
    this.shown = "";
  }

  show(reply, own) {
    const described = JSON.stringify([reply.body, reply.bodies.map(({ name, is_played }) => [name, is_played])]);
    if (described === this.shown) return;
    this.shown = described;
    this.list.replaceChildren(...reply.bodies.map((body) => this.#entry(body, own, reply.body)));
  }

  #entry({ name, is_played: isPlayed }, own, followed) {
    const entry = document.createElement("button");
    entry.type = "button";
    entry.textContent = name === own ? `${name}, you` : `${name}${isPlayed ? "" : ", stands still"}`;
    entry.classList.toggle("on", name === (own ?? followed));
    entry.disabled = own !== null;
    entry.addEventListener("click", () => this.follow(name));
    return entry;
  }
}
