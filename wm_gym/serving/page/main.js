// The page: reads its address, opens a session or watches one, and ties buttons to it.

import { Chart, drawDepth } from "./chart.js";
import { Cloud } from "./cloud.js";
import { Server, Session, watch } from "./connection.js";
import { Controls, isTyping } from "./controls.js";
import { Files } from "./files.js";
import { Company, Party } from "./party.js";
import { Player } from "./player.js";
import { Screen, show } from "./screen.js";

const LATENCIES = 100;
const find = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.hash.slice(1));
const server = new Server(asked.get("token") ?? "");
const controls = new Controls();
const screen = new Screen(find("world"));
const chart = new Chart(find("map"));
const cloud = new Cloud(find("cloud"));
const wants = { time: false, map: true, depth: false, hints: false, cloud: false };
let player = null;
let opening = { seed: 0, options: {} };

function say(text, isError = false) {
  find("message").textContent = text;
  find("message").classList.toggle("error", isError);
}

function showError(error) {
  say(error.message, true);
}

async function guarded(action) {
  try {
    await action();
    if (find("message").classList.contains("error")) say("");
  } catch (error) {
    showError(error);
  }
}

function showNumbers(reply) {
  find("step").textContent = reply.step;
  find("trust").value = reply.trust;
  find("trust-value").textContent = reply.trust.toFixed(2);
  find("task").textContent = reply.terminated ? `${reply.task} - done` : reply.task;
  find("going-on").replaceChildren(...reply.events.filter((one) => one.active).map(goingOn));
}

function goingOn(event) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${event.text} ×`;
  button.title = event.realised ? "stop this" : "this world cannot show it";
  button.disabled = document.body.matches(".watching, .player, .spectator");
  button.addEventListener("click", () => guarded(() => player.ask("stop_event", { event: event.text })));
  return button;
}

async function showReply(reply, { latencies }) {
  showNumbers(reply);
  find("undo").disabled = reply.can_undo === 0;
  chart.add(reply.pose);
  const sorted = latencies.slice(-LATENCIES).sort((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]);
  find("latency").textContent = sorted.length ? `${at(0.5)} / ${at(0.95)} ms` : "";
  const others = (reply.bodies ?? []).filter(({ name }) => name !== bodyOf(reply)).map(({ pose }) => pose);
  if (reply.map) await chart.draw(reply.map, reply.pose, others);
  if (wants.cloud) cloud.show(reply.cloud, [reply.pose, ...others]);
  if (reply.depth) await drawDepth(find("depth"), reply.depth);
  if (reply.hints) await show(find("hints"), reply.hints);
}

/** Name of the body through whose eyes a reply was seen: where nobody is followed, the first. */
const bodyOf = ({ body, bodies }) => body ?? bodies?.[0].name;

/** Play a session from here on. */
async function play(session) {
  if (player) {
    player.isAlive = false;
    await player.leftByTwin();
    await player.session.close();
    find("twin-figure").hidden = true;
    find("show-twin").checked = false;
  }
  screen.fit(session.described);
  chart.forget();
  player = new Player({ session, screen, controls, wants, showReply, showError });
  files.attach(session);
  find("world-name").textContent = `${session.described.backend} world`;
  await player.ask("look");
  say("");
  find("world").focus();
  player.run();
}

function readOpening() {
  const place = find("place").value;
  const prompt = find("prompt").value.trim();
  const options = { ...(place && { world: place }), ...(prompt && { prompt }) };
  const imagined = place.startsWith("imagined");
  find("show-twin").disabled = imagined;
  find("twin-label").title = imagined ? "nobody has built an imagined place, so it has no twin" : "the same keys in the true place";
  return { seed: Number(find("seed").value), options };
}

async function openWorld() {
  say("opening a world ...");
  opening = readOpening();
  if (!player || player.session.hasEnded) await play(await Session.open(server, {}, opening.seed, opening.options));
  else {
    await dropTwin();
    chart.forget();
    await player.ask("reset", opening);
    say("");
    find("world").focus();
  }
}

async function dropTwin() {
  find("twin-figure").hidden = true;
  find("show-twin").checked = false;
  await player.leftByTwin();
}

async function toggleTwin(on) {
  if (!on) return dropTwin();
  say("the twin walks after you ...");
  try {
    const session = await Session.open(server, { backend: "twin" }, opening.seed, opening.options);
    const twinScreen = new Screen(find("twin"));
    twinScreen.fit(session.described);
    await player.joinedBy(session, twinScreen);
    find("twin-figure").hidden = false;
    say("");
  } catch (error) {
    find("show-twin").checked = false;
    throw error;
  }
}

function tie() {
  controls.listenTo(find("world"));
  for (const button of document.querySelectorAll("[data-key]")) controls.holdBy(button, button.dataset.key);
  find("events").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = find("event").value.trim();
    if (!text) return;
    find("event").value = "";
    find("world").focus();
    guarded(() => player.ask("event", { text }));
  });
  find("opening").addEventListener("submit", (event) => {
    event.preventDefault();
    guarded(openWorld);
  });
  find("share").addEventListener("click", () => guarded(share));
  find("undo").addEventListener("click", () => guarded(() => player.ask("undo")));
  for (const button of document.querySelectorAll("aside button")) {
    button.addEventListener("click", () => find("world").focus());
  }
  tieKeys();
  tieChecks();
}

function tieKeys() {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") find("world").focus();
    if (isTyping(event.target)) return;
    if (event.key === "Enter") find("event").focus();
    if (event.key === "Backspace" && !asked.has("join")) guarded(() => player.ask("undo"));
    if (event.key === "Enter" || event.key === "Backspace") event.preventDefault();
  });
}

function tieChecks() {
  const tick = (id, change) => {
    find(id).addEventListener("change", (event) => {
      find("world").focus();
      guarded(() => change(event.target.checked));
    });
  };
  tick("show-map", (on) => {
    wants.map = on;
    find("map").hidden = !on;
    return player?.ask("look");
  });
  for (const part of ["depth", "hints"]) {
    tick(`show-${part}`, (on) => {
      wants[part] = on;
      find(part).hidden = !on;
      return player?.ask("look");
    });
  }
  tick("show-cloud", (on) => {
    if (cloud.trouble) throw new Error(cloud.trouble);
    wants.cloud = on;
    find("cloud-figure").hidden = !on;
    return player?.ask("look");
  });
  tick("show-trust", (on) => (find("trust-box").hidden = !on));
  tick("smooth", (on) => {
    for (const id of ["world", "twin", "depth", "hints"]) find(id).classList.toggle("pixelated", !on);
  });
  tick("time", (on) => (asked.has("join") ? player.ask("time", { on }) : (wants.time = on)));
  tick("show-twin", toggleTwin);
}

/** Open the form's place anew for several, and show a link for each role. */
async function share() {
  say("opening a world for several ...");
  const json = { settings: { action_mode: "twist" }, ...readOpening() };
  const { keys } = await server.request("POST", "/parties", { json });
  files.invite(keys);
  say("");
}

/** Take part in a shared world, in the role that the key in the address lets in to. */
async function join() {
  const party = await Party.join(server, asked.get("join"));
  document.body.classList.add("shared", party.role);
  screen.fit(party.described);
  find("world-name").textContent = `${party.described.backend} world, ${party.role}`;
  const follow = (body) => guarded(() => (chart.forget(), player.ask("follow", { body })));
  const company = new Company(find("company"), { follow });
  const showCompany = (reply, from) => {
    if (from.session.body === null) company.show({ ...reply, body: bodyOf(reply) }, null);
    else company.show(reply, from.session.body);
    return showReply(reply, from);
  };
  player = new Player({ session: party, screen, controls, wants, showReply: showCompany, showError });
  party.onShow = async (reply) => {
    await screen.play(reply);
    await showCompany(reply, player);
  };
  party.onLost = showError;
  addEventListener("pagehide", () => party.close());
  tie();
  await player.ask("look");
  say("");
  find("world").focus();
  if (party.role === "player") player.run();
}

async function readOffer() {
  const offer = await server.request("GET", "/offer");
  const places = offer.worlds.map((name) => new Option(name === "imagined" ? "imagined from the prompt" : name, name));
  find("place").replaceChildren(new Option("by the seed", ""), ...places);
  find("place").value = asked.get("world") ?? offer.default_world ?? "";
  find("twin-label").hidden = !offer.backends.slice(1).includes("twin");
  find("seed").value = asked.get("seed") ?? 0;
  find("prompt").value = asked.get("prompt") ?? "";
}

function look() {
  document.body.classList.add("watching");
  find("latency-box").hidden = true;
  const greet = (described) => {
    screen.fit(described);
    find("world-name").textContent = `${described.backend} world, watched`;
    say("");
  };
  const show = (reply) => {
    showNumbers(reply);
    screen.play(reply);
  };
  watch(server, asked.get("watch"), greet, show, () => say("this session is over", true));
}

const files = new Files(server, { find, guarded, look: () => player.ask("look"), anew: () => (player.past = null) });

async function start() {
  if (asked.has("watch")) return look();
  if (asked.has("join")) return join();
  await readOffer();
  tie();
  files.tie();
  opening = readOpening();
  addEventListener("pagehide", () => {
    player?.leftByTwin();
    player?.session.close();
  });
  const joined = asked.has("session") && (await Session.join(server, asked.get("session")).catch(() => null));
  if (joined) await play(joined);
  else await openWorld();
}

guarded(start);
