"""The single-node program of the textbook's distributed DQN, in PyTorch, until it has solved LunarLander-v3.

usage: textbook.py SEED LIMIT_SECONDS

By its own rule it stops once ten games of at most 200 steps average 100. Here that is noted, with the score over full games,
and it goes on.
"""

import sys

import gymnasium
import numpy
import torch
from judge import FINAL_SEEDS, Judge, play
from network import Memory, greedy, learn, move, network

GAMES, GAME_STEPS, AVERAGE = 10, 200, 100.0


def tested(env, policy):
    """The average of test games that are cut short."""
    total = 0.0
    for _ in range(GAMES):
        state, _ = env.reset()
        for _ in range(GAME_STEPS):
            state, reward, terminated, truncated, _ = env.step(int(policy(state[None])[0]))
            total += float(reward)
            if terminated or truncated:
                break
    return total / GAMES


def main():
    seed, limit = int(sys.argv[1]), float(sys.argv[2])
    torch.manual_seed(seed)
    chance = numpy.random.default_rng(seed)
    local, target = network(64, 64), network(64, 64)
    target.load_state_dict(local.state_dict())
    adam = torch.optim.Adam(local.parameters(), lr=5e-4)
    memory = Memory(100_000, chance)
    env, tests = gymnasium.make("LunarLander-v3"), gymnasium.make("LunarLander-v3")
    env.reset(seed=seed)
    tests.reset(seed=42)
    judge, policy = Judge(seed, limit), greedy(local)
    step, episode, epsilon, near, own = 0, 0, 1.0, False, None
    while judge.stopped is None:
        episode += 1
        state, _ = env.reset()
        done = False
        while not done and not judge.is_over(step, policy):
            step += 1
            action = int(chance.integers(4)) if chance.random() < epsilon else int(policy(state[None])[0])
            after, reward, terminated, truncated, _ = env.step(action)
            done = terminated or truncated
            memory.add(state, action, reward, after, done)
            state = after
            if step % 4 == 0 and len(memory) > 64:
                learn(local, target, adam, memory.sample(64, replace=False))
                move(target, local, 1e-3)
        epsilon = max(epsilon * 0.995, 0.01)
        if own is None and judge.stopped is None and (near or episode % 10 == 0):
            average = tested(tests, policy)
            near = average >= 90.0
            if average >= AVERAGE:
                own = {"seconds": judge.seconds(), "average": average}
                with judge.pause():
                    own["score"] = play(policy, FINAL_SEEDS)
    judge.report(policy, version=torch.__version__, own_stop=own)


if __name__ == "__main__":
    main()
