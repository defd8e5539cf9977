"""DQN as a single file of the CleanRL kind has it, with that project's default parameters, until it has solved LunarLander-v3.

usage: cleanrl.py SEED LIMIT_SECONDS
"""

import sys

import gymnasium
import numpy
import torch
from judge import Judge
from network import Memory, greedy, learn, move, network

STEPS, EXPLORING = 500_000, 0.5
FIRST_EPSILON, LAST_EPSILON = 1.0, 0.05


def main():
    seed, limit = int(sys.argv[1]), float(sys.argv[2])
    torch.manual_seed(seed)
    chance = numpy.random.default_rng(seed)
    local, target = network(120, 84), network(120, 84)
    target.load_state_dict(local.state_dict())
    adam = torch.optim.Adam(local.parameters(), lr=2.5e-4)
    memory = Memory(10_000, chance)
    env = gymnasium.make("LunarLander-v3")
    judge, policy = Judge(seed, limit), greedy(local)
    state, _ = env.reset(seed=seed)
    step = 0
    while not judge.is_over(step, policy):
        step += 1
        epsilon = max(FIRST_EPSILON + (LAST_EPSILON - FIRST_EPSILON) * step / (EXPLORING * STEPS), LAST_EPSILON)
        action = int(chance.integers(4)) if chance.random() < epsilon else int(policy(state[None])[0])
        after, reward, terminated, truncated, _ = env.step(action)
        memory.add(state, action, reward, after, terminated)
        state = env.reset()[0] if terminated or truncated else after
        if step > 10_000:
            if step % 10 == 0:
                learn(local, target, adam, memory.sample(128, replace=True))
            if step % 500 == 0:
                move(target, local, 1.0)
    judge.report(policy, version=torch.__version__)


if __name__ == "__main__":
    main()
