// The cloud of points that memory holds around the body, in plain WebGL: drag to orbit, wheel to come nearer.

import { lookAt, perspective, product } from "./matrices.js";

const POINT_BYTES = 10;
const FIELD_OF_VIEW = 0.9;
const NEAR = 0.1;
const FAR = 120;
const RADIANS_PER_PIXEL = 0.008;
const METRES = [2, 60];

const POINTS = `
  attribute vec3 position;
  attribute vec3 colour;
  attribute float size;
  uniform mat4 clip_from_world;
  uniform vec3 origin;
  uniform vec2 metres;
  uniform float pixels;
  varying vec3 shown;
  void main() {
    gl_Position = clip_from_world * vec4(origin + position * metres.x, 1.0);
    gl_PointSize = clamp(size * metres.y * pixels / gl_Position.w, 1.5, 16.0);
    shown = colour;
  }`;

const LINES = `
  attribute vec3 position;
  uniform mat4 clip_from_world;
  uniform vec3 tint;
  varying vec3 shown;
  void main() {
    gl_Position = clip_from_world * vec4(position, 1.0);
    shown = tint;
  }`;

const DISC = `
  precision mediump float;
  varying vec3 shown;
  void main() {
    if (distance(gl_PointCoord, vec2(0.5)) > 0.5) discard;
    gl_FragColor = vec4(shown, 1.0);
  }`;

const COLOUR = `
  precision mediump float;
  varying vec3 shown;
  void main() { gl_FragColor = vec4(shown, 1.0); }`;

/** One canvas with the last cloud that came, and bodies in it. */
export class Cloud {
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
    if (!this.gl) return;
    this.points = program(this.gl, POINTS, DISC);
    this.lines = program(this.gl, LINES, COLOUR);
    this.buffer = this.gl.createBuffer();
    this.edges = this.gl.createBuffer();
    this.cloud = null;
    this.bodies = [];
    this.target = [0, 0, 0];
    this.orbit = { turn: Math.PI, rise: 0.7, metres: 12 };
    this.isDue = false;
    this.#listen();
  }

  /** Why nothing can be drawn, or "". */
  get trouble() {
    return this.gl ? "" : "this browser has no WebGL, which the cloud is drawn with";
  }

  /** Show a cloud, if one came, and the bodies: the first is followed. */
  show(cloud, poses) {
    if (!this.gl) return;
    if (cloud) {
      this.cloud = { ...cloud, count: cloud.points.byteLength / POINT_BYTES };
      this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffer);
      this.gl.bufferData(this.gl.ARRAY_BUFFER, cloud.points, this.gl.DYNAMIC_DRAW);
    }
    this.bodies = poses;
    this.target = poses[0].slice(0, 3);
    this.#draw();
  }

  #listen() {
    const { canvas, orbit } = this;
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      orbit.turn -= event.movementX * RADIANS_PER_PIXEL;
      orbit.rise = Math.max(-0.2, Math.min(1.5, orbit.rise + event.movementY * RADIANS_PER_PIXEL));
      this.#draw();
    });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      orbit.metres = Math.max(METRES[0], Math.min(METRES[1], orbit.metres * Math.exp(event.deltaY * 0.001)));
      this.#draw();
    });
  }

  /** Draw once before the next frame of the screen, however often it is asked for. */
  #draw() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.#drawNow();
    });
  }

  #drawNow() {
    const { gl, canvas } = this;
    const ratio = Math.min(devicePixelRatio, 2);
    canvas.width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    canvas.height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0.043, 0.047, 0.059, 1);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const clip = product(perspective(FIELD_OF_VIEW, canvas.width / canvas.height, NEAR, FAR), this.#view());
    if (this.cloud) this.#drawPoints(clip);
    this.bodies.forEach((pose, k) => this.#drawBody(clip, pose, k ? [0.3, 0.75, 1] : [1, 0.82, 0.24]));
  }

  #view() {
    const { turn, rise, metres } = this.orbit;
    const yaw = turn + (this.bodies[0]?.[3] ?? 0);
    const away = [Math.cos(rise) * Math.cos(yaw), Math.cos(rise) * Math.sin(yaw), Math.sin(rise)];
    return lookAt(this.target.map((part, k) => part + metres * away[k]), this.target);
  }

  #drawPoints(clip) {
    const { gl, points, cloud } = this;
    gl.useProgram(points);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    attribute(gl, points, "position", 3, gl.SHORT, false, POINT_BYTES, 0);
    attribute(gl, points, "colour", 3, gl.UNSIGNED_BYTE, true, POINT_BYTES, 6);
    attribute(gl, points, "size", 1, gl.UNSIGNED_BYTE, false, POINT_BYTES, 9);
    gl.uniformMatrix4fv(gl.getUniformLocation(points, "clip_from_world"), false, clip);
    gl.uniform3fv(gl.getUniformLocation(points, "origin"), cloud.origin);
    gl.uniform2f(gl.getUniformLocation(points, "metres"), cloud.step_metres, cloud.size_metres);
    gl.uniform1f(gl.getUniformLocation(points, "pixels"), this.canvas.height / (2 * Math.tan(FIELD_OF_VIEW / 2)));
    gl.drawArrays(gl.POINTS, 0, cloud.count);
  }

  #drawBody(clip, pose, tint) {
    const { gl, lines } = this;
    const edges = new Float32Array(frustum(pose));
    gl.useProgram(lines);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.edges);
    gl.bufferData(gl.ARRAY_BUFFER, edges, gl.DYNAMIC_DRAW);
    attribute(gl, lines, "position", 3, gl.FLOAT, false, 12, 0);
    gl.uniformMatrix4fv(gl.getUniformLocation(lines, "clip_from_world"), false, clip);
    gl.uniform3fv(gl.getUniformLocation(lines, "tint"), tint);
    gl.drawArrays(gl.LINES, 0, edges.length / 3);
  }
}

/** Edges of a camera's pyramid, and a line down from it, for a pose x, y, z, yaw, pitch. */
function frustum([x, y, z, yaw, pitch]) {
  const ahead = [Math.cos(pitch) * Math.cos(yaw), Math.cos(pitch) * Math.sin(yaw), Math.sin(pitch)];
  const left = [-Math.sin(yaw), Math.cos(yaw), 0];
  const up = [-Math.sin(pitch) * Math.cos(yaw), -Math.sin(pitch) * Math.sin(yaw), Math.cos(pitch)];
  const eye = [x, y, z];
  const at = (a, l, u) => eye.map((part, k) => part + a * ahead[k] + l * left[k] + u * up[k]);
  const corners = [at(0.9, 0.6, 0.45), at(0.9, -0.6, 0.45), at(0.9, -0.6, -0.45), at(0.9, 0.6, -0.45)];
  const edges = corners.flatMap((corner, k) => [eye, corner, corner, corners[(k + 1) % 4]]);
  return [...edges, eye, [x, y, z - 1.6]].flat();
}

function attribute(gl, made, name, parts, type, isShare, stride, offset) {
  const place = gl.getAttribLocation(made, name);
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, parts, type, isShare, stride, offset);
}

function program(gl, vertices, fragments) {
  const made = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, vertices], [gl.FRAGMENT_SHADER, fragments]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made));
  return made;
}
