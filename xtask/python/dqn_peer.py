"""Microseconds of PyTorch for what `mobula bench dqn` measures, one thread.

usage: dqn_peer.py SECONDS BATCH

Prints one line per measurement: microseconds, and the name that `mobula bench dqn` has for it. As there, the fastest of several
runs counts. The learn step is written as the CleanRL family of programs has it, with PyTorch's own Adam.
"""

import sys
import time

import torch

GAMMA, RATE, TAU = 0.99, 5e-4, 1e-3


def network():
    layers = [torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 4)]
    return torch.nn.Sequential(*layers)


def learner(batch):
    local, target = network(), network()
    target.load_state_dict(local.state_dict())
    adam = torch.optim.Adam(local.parameters(), lr=RATE)
    states, after = torch.rand(batch, 8) * 2 - 1, torch.rand(batch, 8) * 2 - 1
    actions, rewards = torch.randint(4, (batch, 1)), torch.rand(batch, 1)
    done = (torch.rand(batch, 1) < 0.01).float()

    def learn():
        with torch.no_grad():
            goal = rewards + GAMMA * target(after).max(1, keepdim=True).values * (1 - done)
        loss = torch.nn.functional.mse_loss(local(states).gather(1, actions), goal)
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), local.parameters()):
                slow.mul_(1 - TAU).add_(fast, alpha=TAU)

    def act():
        with torch.no_grad():
            return int(local(states[:1]).argmax())

    return learn, act


def fastest(seconds, run, calls):
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(calls):
            run()
        best = min(best, (time.perf_counter() - start) / calls)
    return best * 1e6


def main():
    seconds, batch = float(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    torch.manual_seed(1)
    learn, act = learner(batch)
    print(fastest(seconds, learn, 20), "learn step")
    print(fastest(seconds, act, 100), "greedy action")


main()
