"""Draws three fixed states with Gymnasium, for the comparison of frames.

usage: lander_frames.py OUT_DIRECTORY

Writes raw RGB files of 600×400 pixels, `start.rgb`, `engines.rgb` and `landed.rgb`: seed 3 after its reset,
seed 7 after 40 steps that repeat the actions 2, 2, 1, 3, and seed 1 flown by the heuristic to its end.
"""

import pathlib
import sys

import gymnasium
from gymnasium.envs.box2d.lunar_lander import heuristic


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    env = gymnasium.make("LunarLander-v3", render_mode="rgb_array")

    env.reset(seed=3)
    (out / "start.rgb").write_bytes(env.render().tobytes())

    env.reset(seed=7)
    for i in range(40):
        env.step([2, 2, 1, 3][i % 4])
        frame = env.render()
    (out / "engines.rgb").write_bytes(frame.tobytes())

    observation, _ = env.reset(seed=1)
    done = False
    while not done:
        observation, _, terminated, truncated, _ = env.step(heuristic(env, observation))
        frame = env.render()
        done = terminated or truncated
    (out / "landed.rgb").write_bytes(frame.tobytes())


if __name__ == "__main__":
    main()
