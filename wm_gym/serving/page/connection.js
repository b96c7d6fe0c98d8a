// The way to the server: requests, and one session's stream of numbered messages.

import { unpack } from "./wire.js";

const TRIES = 4;
const RETRY_MILLISECONDS = 400;
const SESSION_ENDED = 4404;

/** What the server said it cannot do, or that it is gone. */
export class Refused extends Error {}

/** Requests that carry the token. */
export class Server {
  constructor(token) {
    this.token = token;
  }

  /** The answer to a request: JSON, or a Blob for what is none. */
  async request(method, path, { json, body, keepalive = false } = {}) {
    const headers = { Authorization: `Bearer ${this.token}` };
    if (json !== undefined) headers["Content-Type"] = "application/json";
    const sent = json === undefined ? body : JSON.stringify(json);
    const answer = await fetch(path, { method, headers, body: sent, keepalive });
    const isJson = (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
    if (!answer.ok) throw new Refused(isJson ? (await answer.json()).error : `the server answered ${answer.status}`);
    if (answer.status === 204) return null;
    return isJson ? answer.json() : answer.blob();
  }

  /** Address of a socket. A browser's sockets have no headers, so the token is in the query. */
  socketAddress(path) {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    return `${scheme}//${location.host}${path}?token=${encodeURIComponent(this.token)}`;
  }
}

/** One session that this page steers: a message waits for the reply to the one before it. */
export class Session {
  constructor(server, described) {
    this.server = server;
    this.described = described;
    this.number = described.last_message;
    this.socket = null;
    this.hasEnded = false;
    this.turn = Promise.resolve();
  }

  get path() {
    return `/sessions/${this.described.id}`;
  }

  static async open(server, settings, seed, options) {
    const json = { settings: { action_mode: "twist", ...settings }, seed, options };
    return new Session(server, await server.request("POST", "/sessions", { json }));
  }

  static async join(server, id) {
    return new Session(server, await server.request("GET", `/sessions/${id}`));
  }

  /** The reply to a message; one that was lost on the way is asked for again, which moves nothing twice. */
  ask(doing, fields = {}) {
    const reply = this.turn.then(() => this.#ask(doing, fields));
    this.turn = reply.catch(() => {});
    return reply;
  }

  async #ask(doing, fields) {
    this.number += 1;
    const message = JSON.stringify({ id: this.number, do: doing, ...fields });
    for (let tries = TRIES; ; tries -= 1) {
      try {
        return await this.#exchange(message);
      } catch (error) {
        if (error instanceof Refused || tries === 1) throw error;
        await new Promise((done) => setTimeout(done, RETRY_MILLISECONDS));
      }
    }
  }

  async #exchange(message) {
    const socket = await this.#connected();
    const data = await new Promise((done, failed) => {
      socket.onmessage = (event) => done(event.data);
      socket.onclose = (event) => {
        this.socket = null;
        failed(event.code === SESSION_ENDED ? this.#ended() : new Error("the connection was lost"));
      };
      socket.send(message);
    });
    const reply = typeof data === "string" ? JSON.parse(data) : unpack(data);
    if (!reply.ok) throw new Refused(reply.error);
    return reply;
  }

  #connected() {
    if (this.socket?.readyState === WebSocket.OPEN) return this.socket;
    return new Promise((done, failed) => {
      const socket = new WebSocket(this.server.socketAddress(`${this.path}/stream`));
      socket.binaryType = "arraybuffer";
      socket.onmessage = () => done((this.socket = socket)); // the greeting
      socket.onclose = async () => {
        const found = await this.server.request("GET", this.path).catch((error) => error);
        failed(found instanceof Refused ? this.#ended() : new Error("the server cannot be reached"));
      };
    });
  }

  #ended() {
    this.hasEnded = true;
    return new Refused("this session has ended: open a new world");
  }

  /** End it; one that has ended before is no error. */
  async close() {
    await this.server.request("DELETE", this.path, { keepalive: true }).catch(() => {});
  }
}

/** Calls `show` with the greeting and then every reply of someone else's session; `ended` when it is over. */
export function watch(server, watchId, greet, show, ended) {
  const socket = new WebSocket(server.socketAddress(`/watch/${watchId}`));
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => {
    if (typeof event.data === "string") greet(JSON.parse(event.data));
    else show(unpack(event.data));
  };
  socket.onclose = ended;
}
