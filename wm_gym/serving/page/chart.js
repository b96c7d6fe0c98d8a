// The map from above with the way so far and the body in its middle, and depth in colours.

import { show } from "./screen.js";

const MAP_METRES = 32;
const MOST_POSES = 2000;

/** The map. */
export class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.poses = [];
  }

  forget() {
    this.poses = [];
  }

  add(pose) {
    this.poses.push(pose);
    if (this.poses.length > MOST_POSES) this.poses.shift();
  }

  /** The map around a pose, and the poses of others. */
  async draw(bytes, pose, others = []) {
    await show(this.canvas, bytes);
    const context = this.canvas.getContext("2d");
    const scale = this.canvas.width / MAP_METRES;
    const middle = this.canvas.width / 2;
    const place = ([x, y]) => [middle + (x - pose[0]) * scale, middle - (y - pose[1]) * scale];
    context.strokeStyle = "#ffd23c";
    context.lineWidth = 1;
    context.beginPath();
    this.poses.forEach((one, k) => (k ? context.lineTo(...place(one)) : context.moveTo(...place(one))));
    context.stroke();
    for (const other of others) arrow(context, place(other), other[3], "#4cc0ff");
    arrow(context, [middle, middle], pose[3], "#ff5d4a");
  }
}

function arrow(context, place, yaw, colour) {
  context.save();
  context.translate(...place);
  context.rotate(-yaw);
  context.fillStyle = colour;
  context.strokeStyle = "#ffffff";
  context.lineWidth = 0.6;
  context.beginPath();
  for (const [x, y] of [[6, 0], [-4, 4], [-1, 0], [-4, -4]]) context.lineTo(x, y);
  context.closePath();
  context.fill();
  context.stroke();
  context.restore();
}

const STOPS = [[12, 8, 50], [60, 30, 150], [40, 120, 190], [60, 190, 130], [200, 220, 60], [255, 245, 170]];

/** Depth as the server sends it, 0 unknown and 255 the sky, in colours. */
export async function drawDepth(canvas, bytes) {
  await show(canvas, bytes);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let k = 0; k < picture.data.length; k += 4) {
    const place = ((255 - picture.data[k]) / 255) * (STOPS.length - 1);
    const first = Math.min(Math.floor(place), STOPS.length - 2);
    for (let c = 0; c < 3; c += 1) {
      picture.data[k + c] = STOPS[first][c] + (STOPS[first + 1][c] - STOPS[first][c]) * (place - first);
    }
  }
  context.putImageData(picture, 0, 0);
}
