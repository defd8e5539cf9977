"use strict";

const byId = (id) => document.getElementById(id);
const whole = (n) => Math.round(n).toLocaleString("en");
const short = (n, digits = 1) => (n === null || n === undefined ? "–" : n.toFixed(digits));

const points = []; // steps, training reward, test average or null
const games = new Map(); // number: round of its weights, ground
let queue = []; // poses that are still to be shown: game, points, pose
let nextPose = 0;

// Asks for news until nobody answers.
async function follow() {
  let news;
  try {
    news = await (await fetch(`/news?points=${points.length}&pose=${nextPose}`)).json();
  } catch {
    return say(ended ?? "Nobody answers: the training has ended, or was stopped.");
  }
  if (news.run) showRun(news.run);
  for (const [number, round, ground] of news.flight.games) games.set(number, { round, ground });
  queue.push(...news.flight.poses);
  nextPose = news.flight.next;
  if (news.ended) return say((ended = news.ended));
  setTimeout(follow, 200);
}

let ended = null;
const say = (sentence) => (byId("status").textContent = sentence);

function showRun(run) {
  say(`training, seed ${run.seed}, target ${run.target}`);
  points.push(...run.points);
  byId("average").textContent = short(run.average);
  byId("round").textContent = whole(run.round);
  byId("unit").textContent = run.unit;
  byId("steps").textContent = whole(run.steps);
  byId("rate").textContent = run.seconds ? whole(run.steps / run.seconds) : "–";
  byId("epsilon").textContent = short(run.epsilon, 3);
  byId("actors").replaceChildren(...run.actors.map(row));
  const { training, updating, synchronising, testing } = run.phases;
  const ms = [training, updating, synchronising, testing].map((s) => `${short((1e3 * s) / Math.max(run.round, 1))} ms`);
  byId("phases").replaceChildren(...ms.map(cell));
  if (run.points.length) drawCurve(run.target);
}

function cell(text) {
  const cell = document.createElement("td");
  cell.textContent = text;
  return cell;
}

function row({ name, doing, episodes, steps, reward }) {
  const row = document.createElement("tr");
  const number = (n) => (n === undefined ? "" : whole(n));
  row.append(...[name, doing, number(episodes), number(steps), reward === undefined ? "" : short(reward)].map(cell));
  return row;
}

function drawCurve(target) {
  const [left, right, top, bottom] = [80, 880, 12, 262];
  // A running mean over 20 rounds.
  let sum = 0;
  const training = points.map(([steps, reward], i) => {
    sum += reward - (i >= 20 ? points[i - 20][1] : 0);
    return [steps, sum / Math.min(i + 1, 20)];
  });
  const tests = points.filter((point) => point[2] !== null).map((point) => [point[0], point[2]]);
  const values = [...training, ...tests].map((point) => point[1]);
  const [low, high] = [Math.min(0, ...values), Math.max(target, ...values)];
  const last = Math.max(points[points.length - 1][0], 1);
  const x = (steps) => left + ((right - left) * steps) / last;
  const y = (reward) => top + ((bottom - top) * (high - reward)) / Math.max(high - low, 1e-9);
  const span = Math.max(high - low, 1);
  const unit = 10 ** Math.floor(Math.log10(span));
  const step = span > 5 * unit ? unit : span > 2 * unit ? unit / 2 : unit / 5;
  let svg = "";
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) {
    svg += `<line class=grid x1=${left} x2=${right} y1=${y(value)} y2=${y(value)} />`;
    svg += `<text x=${left - 8} y=${y(value)} text-anchor=end dominant-baseline=middle>${value}</text>`;
  }
  svg += `<line class=mark x1=${left} x2=${right} y1=${y(target)} y2=${y(target)} />`;
  for (const part of [0, 0.5, 1]) {
    const anchor = part === 1 ? "end" : "middle";
    svg += `<text x=${x(part * last)} y=290 text-anchor=${anchor}>${whole(part * last)}</text>`;
  }
  const line = (points, colour) =>
    `<polyline points="${points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")}" fill=none stroke="${colour}" stroke-width=2 />`;
  byId("curve").innerHTML = svg + line(training, "#d55e00") + line(tests, "#1f8fd6");
}

// Poses come in lumps and are shown one by one, a little behind.
const moon = new Moon(byId("sky"), OUTLINES);
const BEHIND = 30; // poses; with more in the queue it hurries
let [shown, clock, lastFrame] = [null, 0, null];

function frame(now) {
  clock += Math.min((now - (lastFrame ?? now)) / 1000, 0.1) * (queue.length > BEHIND ? 1.5 : 1);
  lastFrame = now;
  if (queue.length > 4 * BEHIND) queue = queue.slice(-BEHIND);
  while (clock >= Moon.STEP) {
    clock -= Moon.STEP;
    if (queue.length) showPose(...queue.shift());
  }
  moon.draw();
  requestAnimationFrame(frame);
}

function showPose(number, reward, pose) {
  const game = games.get(number);
  if (number !== shown && game) {
    shown = number;
    moon.start(game.ground);
    for (const old of games.keys()) if (old < number) games.delete(old);
  }
  moon.step(pose);
  byId("game").textContent = `game ${number + 1}, weights of ${byId("unit").textContent} ${game?.round ?? "?"}: ${short(reward)} points so far`;
}

follow();
requestAnimationFrame(frame);
