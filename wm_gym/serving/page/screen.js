// Plays the frames of each step at the world's own pace.

/** One canvas on which chunks of frames follow one another. */
export class Screen {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.queue = [];
    this.endsAt = 0;
    requestAnimationFrame(() => this.#draw());
  }

  fit({ height, width, fps }) {
    this.canvas.width = width;
    this.canvas.height = height;
    this.canvas.dataset.fps = fps;
    this.frameMilliseconds = 1000 / fps;
    this.queue = [];
    this.endsAt = 0;
  }

  /** Queue the frames of a reply; `drawn` is called with the time when the first of them is seen. */
  async play(reply, drawn = () => {}) {
    const picture = await createImageBitmap(new Blob([reply.frames]));
    const now = performance.now();
    const begin = Math.max(now, this.endsAt);
    for (let k = 0; k < reply.num_frames; k += 1) {
      this.queue.push({ picture, k, at: begin + k * this.frameMilliseconds, drawn: k === 0 ? drawn : null });
    }
    this.endsAt = begin + reply.num_frames * this.frameMilliseconds;
  }

  /** Forget what waits to be played. */
  clear() {
    this.queue = [];
    this.endsAt = 0;
  }

  #draw() {
    const now = performance.now();
    let due = null;
    while (this.queue.length && this.queue[0].at <= now) {
      due = this.queue.shift();
      due.drawn?.(now);
    }
    if (due) {
      const { width, height } = this.canvas;
      this.context.drawImage(due.picture, 0, due.k * height, width, height, 0, 0, width, height);
    }
    requestAnimationFrame(() => this.#draw());
  }
}

/** Draws one picture of the server on a canvas of its size. */
export async function show(canvas, bytes) {
  const picture = await createImageBitmap(new Blob([bytes]));
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d", { willReadFrequently: true }).drawImage(picture, 0, 0);
}
