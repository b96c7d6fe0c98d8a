// 4 x 4 matrices, column by column as WebGL takes them. The world has z up; a camera looks along its -z.

const minus = (a, b) => a.map((part, k) => part - b[k]);
const dot = (a, b) => a.reduce((sum, part, k) => sum + part * b[k], 0);
const cross = ([a, b, c], [x, y, z]) => [b * z - c * y, c * x - a * z, a * y - b * x];

function unit(vector) {
  const length = Math.hypot(...vector);
  return vector.map((part) => part / length);
}

/** Camera from world, for an eye that looks at a target, both x, y, z. */
export function lookAt(eye, target) {
  const back = unit(minus(eye, target));
  const right = unit(cross([0, 0, 1], back));
  const up = cross(back, right);
  const rows = [right, up, back];
  return [0, 1, 2].flatMap((column) => [...rows.map((row) => row[column]), 0]).concat(rows.map((row) => -dot(row, eye)), 1);
}

/** Clip from camera, with a vertical field of view in radians. */
export function perspective(fieldOfView, aspect, near, far) {
  const scale = 1 / Math.tan(fieldOfView / 2);
  const depth = near - far;
  return [scale / aspect, 0, 0, 0, 0, scale, 0, 0, 0, 0, (far + near) / depth, -1, 0, 0, (2 * far * near) / depth, 0];
}

/** a b. */
export function product(a, b) {
  const rows = [0, 1, 2, 3];
  return rows.flatMap((column) => rows.map((row) => dot(rows.map((k) => a[4 * k + row]), b.slice(4 * column, 4 * column + 4))));
}
