"""Records episodes of Gymnasium's classic control, with every bit, for `cargo xtask parity`.

usage: classic_record.py OUT_DIRECTORY EPISODES SEED

Writes one file per environment in the form of `classic_control::trace`. EPISODES is the number for each; the policies (random,
skilful, noisy, constant) take turns.
"""

import pathlib
import struct
import sys

import gymnasium
import numpy

ENVIRONMENTS = {
    "cart_pole": (0, "CartPole-v1", {}),
    "sutton_barto": (1, "CartPole-v1", {"sutton_barto_reward": True}),
    "acrobot": (2, "Acrobot-v1", {}),
}


def skilful(name, observation, step):
    """Pushes to where the pole falls, a little late now and then; pumps the links with the first one's swing."""
    if name == "CartPole-v1":
        _, _, angle, spin = observation
        return int(angle + spin > (0.02 if step % 5 == 0 else 0.0))
    return 2 if observation[4] < 0 else 0


def episode(env, name, seed, policy):
    chance = numpy.random.default_rng([seed % 2**32, policy])
    actions = int(env.action_space.n)

    def record(action, observation, reward, end):
        # A start of Acrobot's has 32 bits.
        state = numpy.asarray(env.unwrapped.state, dtype="<f8")
        assert observation.dtype == numpy.float32 and state.shape == (4,)
        return struct.pack("<B", action) + observation.astype("<f4").tobytes() + state.tobytes() + struct.pack("<dB", reward, end)

    observation, _ = env.reset(seed=seed)
    records, end = [record(0, observation, 0.0, 0)], 0
    constant = int(chance.integers(actions))
    while not end:
        if policy == 0 or (policy == 2 and chance.random() < 0.2):
            action = int(chance.integers(actions))
        else:
            action = constant if policy == 3 else skilful(name, observation, len(records))
        observation, reward, terminated, truncated, _ = env.step(action)
        end = int(terminated) + 2 * int(truncated)
        records.append(record(action, observation, float(reward), end))
    return seed.to_bytes(16, "little") + struct.pack("<I", len(records)) + b"".join(records)


def main():
    out, episodes, seed = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    out.mkdir(parents=True, exist_ok=True)
    for number, (file, (tag, name, options)) in enumerate(ENVIRONMENTS.items()):
        env = gymnasium.make(name, **options)
        with open(out / f"{file}.bin", "wb") as to:
            to.write(b"CCTRACE1" + struct.pack("<I", tag))
            for i in range(episodes):
                # Every seventh seed fills all 128 bits.
                this = seed + number * episodes + i
                if i % 7 == 6:
                    this = (this * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128
                to.write(episode(env, name, this, i % 4))


if __name__ == "__main__":
    main()
