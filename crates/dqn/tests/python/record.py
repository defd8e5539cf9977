"""Records what PyTorch does, for tests/torch.rs and tests/checkpoints.rs.

    pip install torch safetensors numpy
    python record.py ../fixtures

Writes `learner.bin`: flat lists of 32-bit floats in PyTorch's parameter order, one after the other: the initial
weights; after 20 learn steps the weights computed in 32 bits and in 64 bits; after 2,000 the same, and the
target network's in 64 bits. And `torch.pth`, `torch.safetensors`: one small network in both formats.

The batches come from a pool of transitions that SplitMix64 draws, here and in the test; so only weights are stored.
"""

import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

MASK = (1 << 64) - 1
POOL, BATCH, STEPS = 1024, 64, (20, 2000)
GAMMA, RATE, TAU = 0.99, 5e-4, 1e-3


class Stream:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def number(self):
        """From -1 to 1, exact in 32 bits."""
        return (self.bits() >> 40) / 8388608.0 - 1.0


class Network(torch.nn.Module):
    def __init__(self, first=64, second=64):
        super().__init__()
        self.fc1 = torch.nn.Linear(8, first)
        self.fc2 = torch.nn.Linear(first, second)
        self.fc3 = torch.nn.Linear(second, 4)

    def forward(self, x):
        return self.fc3(torch.relu(self.fc2(torch.relu(self.fc1(x)))))


def flat(network):
    return np.concatenate([p.detach().numpy().ravel() for p in network.parameters()]).astype("<f4")


def train(initial, dtype):
    """The weights after each of STEPS, and the target network's at the end."""
    local, target = Network().to(dtype), Network().to(dtype)
    local.load_state_dict(initial)
    target.load_state_dict(initial)
    adam = torch.optim.Adam(local.parameters(), lr=RATE)
    stream = Stream(7)
    pool = []
    for _ in range(POOL):
        state = [stream.number() for _ in range(8)]
        after = [stream.number() for _ in range(8)]
        pool.append((state, after, stream.bits() % 4, stream.number(), stream.bits() % 16 == 0))
    seen = []
    for step in range(1, STEPS[-1] + 1):
        rows = [pool[stream.bits() % POOL] for _ in range(BATCH)]
        states, after = (torch.tensor([row[i] for row in rows], dtype=dtype) for i in (0, 1))
        actions = torch.tensor([[row[2]] for row in rows])
        rewards = torch.tensor([[row[3]] for row in rows], dtype=dtype)
        done = torch.tensor([[float(row[4])] for row in rows], dtype=dtype)
        with torch.no_grad():
            goal = rewards + GAMMA * target(after).max(1, keepdim=True).values * (1 - done)
        loss = torch.nn.functional.mse_loss(local(states).gather(1, actions), goal)
        adam.zero_grad()
        loss.backward()
        adam.step()
        with torch.no_grad():
            for slow, fast in zip(target.parameters(), local.parameters()):
                slow.copy_(TAU * fast + (1 - TAU) * slow)
        if step in STEPS:
            seen.append(flat(local))
    return seen, flat(target)


def main():
    to = Path(sys.argv[1])
    torch.manual_seed(1)
    torch.set_num_threads(1)
    network = Network()
    initial = network.state_dict()
    (single20, single2000), _ = train(initial, torch.float32)
    (double20, double2000), target = train(initial, torch.float64)
    lists = [flat(network), single20, double20, single2000, double2000, target]
    (to / "learner.bin").write_bytes(b"".join(values.tobytes() for values in lists))
    small = Network(6, 5).state_dict()
    torch.save(small, to / "torch.pth")
    save_file(dict(small), to / "torch.safetensors")
    print(f"torch {torch.__version__}")


main()
