"use strict";

// Draws the moon, the lander and what its engines throw out, from poses: x, y and angle of the lander and of both legs in metres and
// radians, then the action that led there. The view is 20 m wide and 13 ⅓ m high, and its origin is at the lower left.
class Moon {
  static WIDTH = 20;
  static HEIGHT = 40 / 3;
  static PAD = Moon.HEIGHT / 4;
  static STEP = 1 / 50; // seconds

  constructor(canvas, outlines) {
    this.canvas = canvas;
    this.outlines = outlines;
    this.start(new Array(11).fill(Moon.PAD));
    // Stars at places that look random and are the same everywhere.
    this.stars = Array.from({ length: 70 }, (_, i) => [(i * 0.618034) % 1, (i * 0.754878) % 1, 0.3 + (i * 0.569841) % 0.7]);
  }

  // A new game over this ground: heights, two metres from each to the next.
  start(ground) {
    this.ground = ground;
    this.sparks = [];
  }

  // Moves on by one step.
  step(pose) {
    this.pose = pose;
    this.#fire(pose);
    for (const spark of this.sparks) {
      spark.vy -= 10 * Moon.STEP;
      spark.x += spark.vx * Moon.STEP;
      spark.y += spark.vy * Moon.STEP;
      const floor = this.#height(spark.x);
      if (spark.y < floor) {
        spark.y = floor;
        spark.vy *= -0.3;
      }
      spark.light -= 0.12;
    }
    this.sparks = this.sparks.filter((spark) => spark.light > 0);
  }

  // 1 is the left engine, 2 the main engine, 3 the right one.
  #fire([x, y, angle, , , , , , , action]) {
    if (!action) return;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    const chance = () => (Math.random() * 2 - 1) / 30;
    // From the body's own directions, right and up, to those of the view.
    const turned = (right, up) => [right * cos - up * sin, right * sin + up * cos];
    const [from, speed] = action === 2 ? [[chance(), -0.4], [25 * chance(), -14]] : [
      [(action - 2) * -0.55, 0.45], [(action - 2) * -8, 20 * chance()]];
    const [ox, oy] = turned(...from);
    const [vx, vy] = turned(...speed);
    this.sparks.push({ x: x + ox, y: y + oy, vx, vy, light: 1, size: action === 2 ? 0.13 : 0.07 });
  }

  #height(x) {
    const place = Math.min(Math.max(x / 2, 0), 9.999);
    const i = Math.floor(place);
    return this.ground[i] + (place - i) * (this.ground[i + 1] - this.ground[i]);
  }

  draw() {
    const { canvas } = this;
    // As many pixels as the screen has there.
    const width = Math.round(canvas.clientWidth * (window.devicePixelRatio || 1)) || 600;
    if (canvas.width !== width) {
      canvas.width = width;
      canvas.height = Math.round(width * 2 / 3);
    }
    const scale = canvas.width / Moon.WIDTH;
    const c = canvas.getContext("2d");
    c.setTransform(1, 0, 0, 1, 0, 0);
    c.fillStyle = "#0b0d17";
    c.fillRect(0, 0, canvas.width, canvas.height);
    // Metres from here on, upwards.
    c.setTransform(scale, 0, 0, -scale, 0, canvas.height);
    for (const [x, y, light] of this.stars) {
      c.fillStyle = `rgba(255,255,255,${light})`;
      c.fillRect(x * Moon.WIDTH, y * Moon.HEIGHT, 0.05, 0.05);
    }
    for (const { x, y, light, size } of this.sparks) {
      c.fillStyle = `rgba(255,${Math.round(90 + 150 * light)},${Math.round(160 * light * light)},${light})`;
      c.beginPath();
      c.arc(x, y, size * (1.6 - 0.6 * light), 0, 2 * Math.PI);
      c.fill();
    }
    this.#polygon(c, [[0, -1], ...this.ground.map((y, i) => [2 * i, y]), [20, -1]], "#d9dce3", "#f4f5f8");
    for (const x of [8, 12]) {
      this.#polygon(c, [[x, Moon.PAD], [x, Moon.PAD + 1.67]], "none", "#f4f5f8");
      this.#polygon(c, [[x, Moon.PAD + 1.67], [x, Moon.PAD + 1.33], [x + 0.83, Moon.PAD + 1.5]], "#e8c547", "#e8c547");
    }
    if (!this.pose) return;
    for (const body of [1, 2, 0]) {
      const [x, y, angle] = this.pose.slice(3 * body, 3 * body + 3);
      const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
      const placed = this.outlines[body].map(([u, v]) => [x + u * cos - v * sin, y + u * sin + v * cos]);
      this.#polygon(c, placed, "#8066e6", "#c9bdff");
    }
    const [x, y] = this.pose;
    if (y > Moon.HEIGHT + 0.4) {
      // Above the view: an arrow says where.
      const top = Moon.HEIGHT - 0.15;
      this.#polygon(c, [[x, top], [x - 0.35, top - 0.6], [x + 0.35, top - 0.6]], "#8066e6", "#c9bdff");
    }
  }

  #polygon(c, points, fill, stroke) {
    c.beginPath();
    points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
    c.closePath();
    c.lineWidth = 0.05;
    c.strokeStyle = stroke;
    if (fill !== "none") {
      c.fillStyle = fill;
      c.fill();
    }
    c.stroke();
  }
}
