"""Records Gymnasium's LunarLander-v3 episodes, with every bit, for `cargo xtask parity`.

usage: lander_record.py OUT_DIRECTORY EPISODES SEED

Writes one file per set of options in the form with options of `lunar_lander::trace`. EPISODES is the
number over all files; the policies (random, skilful, noisy, noop, drop) take turns.
"""

import pathlib
import struct
import sys

import gymnasium
import numpy
from gymnasium.envs.box2d.lunar_lander import heuristic

SETS = {
    "plain": {},
    "light": {"gravity": -1.5},
    "heavy": {"gravity": -11.9},
    "wind": {"enable_wind": True},
    "storm": {"enable_wind": True, "wind_power": 20.0, "turbulence_power": 2.0},
    "breeze": {"enable_wind": True, "wind_power": 3.0, "turbulence_power": 0.3, "gravity": -6.0},
    "continuous": {"continuous": True},
    "continuous_wind": {"continuous": True, "enable_wind": True, "wind_power": 12.5},
}


class Recorder:
    """An environment whose generator's draws are seen."""

    def __init__(self, options):
        self.options = {
            "continuous": False,
            "gravity": -10.0,
            "enable_wind": False,
            "wind_power": 15.0,
            "turbulence_power": 1.5,
        } | options
        self.env = gymnasium.make("LunarLander-v3", **self.options)
        self.limit = self.env.spec.max_episode_steps

    def header(self):
        o = self.options
        return b"LLTRACE2" + struct.pack(
            "<IdIddI",
            o["continuous"],
            o["gravity"],
            o["enable_wind"],
            o["wind_power"],
            o["turbulence_power"],
            self.limit,
        )

    def reset(self, seed):
        # The same generator once more says what the reset drew.
        twin = numpy.random.Generator(numpy.random.PCG64(numpy.random.SeedSequence(seed)))
        height = 400 / 30.0
        heights = twin.uniform(0, height / 2, size=(12,))
        heights[3:8] = height / 4
        force = [twin.uniform(-1000.0, 1000.0), twin.uniform(-1000.0, 1000.0)]
        if self.options["enable_wind"]:
            twin.integers(-9999, 9999)
            twin.integers(-9999, 9999)
        self.twin = twin
        observation, _ = self.env.reset(seed=seed)
        return observation, heights, force

    def record(self, action, observation, reward, terminated):
        if self.options["continuous"]:
            data = struct.pack("<2f", *action)
        else:
            data = struct.pack("<i", action)
        data += struct.pack("<2d", self.twin.uniform(-1.0, 1.0), self.twin.uniform(-1.0, 1.0))
        data += observation.astype("<f4").tobytes()
        lander = self.env.unwrapped
        for body in [lander.lander, *lander.legs]:
            v = body.linearVelocity
            p = body.position
            data += struct.pack("<6f", p.x, p.y, body.angle, v.x, v.y, body.angularVelocity)
        return data + struct.pack("<di", reward, terminated)

    def episode(self, seed, policy):
        chance = numpy.random.default_rng([seed % 2**32, policy])
        observation, heights, force = self.reset(seed)
        noop = (0.0, 0.0) if self.options["continuous"] else 0
        records = [self.record(noop, observation, 0.0, False)]
        burn = int(chance.integers(20, 120))
        done = False
        while not done:
            action = self.act(policy, observation, chance, len(records), burn)
            observation, reward, terminated, truncated, _ = self.env.step(action)
            records.append(self.record(action, observation, float(reward), terminated))
            done = terminated or truncated
        head = seed.to_bytes(16, "little") + struct.pack("<II", policy, len(records))
        return head + struct.pack("<12d2d", *heights, *force) + b"".join(records)

    def act(self, policy, observation, chance, step, burn):
        continuous = self.options["continuous"]
        noop = numpy.zeros(2, dtype=numpy.float32) if continuous else 0
        if policy == 2:
            policy = 0 if chance.random() < 0.2 else 1
        if policy == 0:
            if continuous:
                return chance.uniform(-1.3, 1.3, 2).astype(numpy.float32)
            return int(chance.integers(4))
        if policy == 1:
            action = heuristic(self.env, observation)
            return numpy.asarray(action, dtype=numpy.float32) if continuous else int(action)
        if policy == 4 and step < burn:
            if continuous:
                return numpy.array([1.0, chance.uniform(-1, 1)], dtype=numpy.float32)
            return 2 if chance.random() < 0.8 else int(chance.integers(4))
        return noop


def main():
    out, episodes, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    share = -(-episodes // len(SETS))
    for number, (name, options) in enumerate(SETS.items()):
        recorder = Recorder(options)
        with open(out / f"{name}.bin", "wb") as file:
            file.write(recorder.header())
            for i in range(share):
                # Every seventh seed fills all 128 bits.
                this = seed + number * share + i
                if i % 7 == 6:
                    this = (this * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128
                file.write(recorder.episode(this, [0, 1, 2, 3, 4][i % 5]))


if __name__ == "__main__":
    main()
