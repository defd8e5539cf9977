"use strict";

// Plays the recorded game over and over, at the speed of the environment.
{
  const { ground, poses, outlines } = JSON.parse(document.getElementById("flight").textContent);
  const moon = new Moon(document.getElementById("landing"), outlines);
  const button = document.getElementById("play");
  const PAUSE = 1.5; // seconds at the end
  // Who asked their system for less motion sees the end at first, and may play it.
  let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  let [next, clock, last] = [0, 0, null];

  const advance = () => {
    if (next === 0) moon.start(ground);
    moon.step(poses[next]);
    next += 1;
  };
  const frame = (now) => {
    const passed = Math.min((now - (last ?? now)) / 1000, 0.1);
    last = now;
    if (playing) clock += passed;
    if (next >= poses.length && clock >= PAUSE) [next, clock] = [0, Moon.STEP];
    while (next < poses.length && clock >= Moon.STEP) {
      advance();
      clock -= Moon.STEP;
    }
    moon.draw();
    requestAnimationFrame(frame);
  };
  const label = () => (button.textContent = playing ? "Pause" : "Play");
  button.addEventListener("click", () => {
    playing = !playing;
    label();
  });
  label();
  if (!playing) while (next < poses.length) advance();
  else advance();
  requestAnimationFrame(frame);
}
