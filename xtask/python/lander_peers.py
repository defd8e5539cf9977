"""Steps per second of Gymnasium and EnvPool on LunarLander-v3, one thread.

usage: lander_peers.py SECONDS

Prints one line per measurement: name, actions, environments, steps per second.
"""

import sys
import time

import gymnasium
import numpy
from gymnasium.envs.box2d.lunar_lander import heuristic


def batch_heuristic(s):
    angle = numpy.clip(s[:, 0] * 0.5 + s[:, 2], -0.4, 0.4)
    turn = (angle - s[:, 4]) * 0.5 - s[:, 5]
    hover = (0.55 * numpy.abs(s[:, 0]) - s[:, 1]) * 0.5 - s[:, 3] * 0.5
    legs = (s[:, 6] != 0) | (s[:, 7] != 0)
    turn = numpy.where(legs, 0, turn)
    hover = numpy.where(legs, -s[:, 3] * 0.5, hover)
    rise = (hover > numpy.abs(turn)) & (hover > 0.05)
    return numpy.where(rise, 2, numpy.where(turn < -0.05, 3, numpy.where(turn > 0.05, 1, 0))).astype(numpy.int32)


def measure_gymnasium(seconds, skilful):
    env = gymnasium.make("LunarLander-v3").unwrapped
    observation, _ = env.reset(seed=1)
    # Random actions are drawn beforehand: they are no part of what is measured.
    drawn = numpy.random.default_rng(0).integers(4, size=1 << 16).tolist()
    steps, spent, age = 0, 0.0, 0
    while spent < seconds:
        action = heuristic(env, observation) if skilful else drawn[steps & 0xFFFF]
        start = time.perf_counter()
        observation, _, terminated, _, _ = env.step(action)
        age += 1
        if terminated or age == 1000:
            observation, _ = env.reset()
            age = 0
        spent += time.perf_counter() - start
        steps += 1
    return steps / spent


def measure_envpool(seconds, skilful, count):
    import envpool

    env = envpool.make_gymnasium("LunarLander-v3", num_envs=count, num_threads=1, seed=1)
    observation, _ = env.reset()
    chance = numpy.random.default_rng(0)
    drawn = chance.integers(4, size=(1024, count)).astype(numpy.int32)
    steps, spent = 0, 0.0
    while spent < seconds:
        action = batch_heuristic(observation) if skilful else drawn[(steps // count) & 1023]
        start = time.perf_counter()
        observation = env.step(action)[0]
        spent += time.perf_counter() - start
        steps += count
    return steps / spent


def main():
    seconds = float(sys.argv[1])
    for skilful in [False, True]:
        actions = "skilful" if skilful else "random"
        print("gymnasium", actions, 1, measure_gymnasium(seconds, skilful), flush=True)
        try:
            for count in [1, 64]:
                print("envpool", actions, count, measure_envpool(seconds, skilful, count), flush=True)
        except ImportError:
            print("envpool is not installed", file=sys.stderr)


if __name__ == "__main__":
    main()
