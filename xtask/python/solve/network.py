"""What the two plain DQN programs share: a network of two hidden layers, and a memory that is sampled evenly."""

import numpy
import torch
from torch import nn


def network(first, second):
    return nn.Sequential(nn.Linear(8, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, 4))


def greedy(net):
    """The policy that takes the best action."""

    def policy(observations):
        with torch.no_grad():
            return net(torch.as_tensor(observations)).argmax(1).numpy()

    return policy


class Memory:
    """The last transitions, in arrays."""

    def __init__(self, size, chance):
        self.size, self.chance, self.count = size, chance, 0
        self.states = numpy.zeros((size, 8), numpy.float32)
        self.nexts = numpy.zeros((size, 8), numpy.float32)
        self.actions = numpy.zeros((size, 1), numpy.int64)
        self.rewards = numpy.zeros((size, 1), numpy.float32)
        self.dones = numpy.zeros((size, 1), numpy.float32)

    def __len__(self):
        return min(self.count, self.size)

    def add(self, state, action, reward, after, done):
        i = self.count % self.size
        self.states[i], self.actions[i], self.rewards[i], self.nexts[i], self.dones[i] = state, action, reward, after, done
        self.count += 1

    def sample(self, number, replace):
        if replace:
            i = self.chance.integers(len(self), size=number)
        else:
            i = self.chance.choice(len(self), size=number, replace=False, shuffle=False)
        return [torch.from_numpy(array[i]) for array in (self.states, self.actions, self.rewards, self.nexts, self.dones)]


def learn(local, target, adam, batch, discount=0.99):
    """One step down the mean squared error of the one-step targets."""
    states, actions, rewards, nexts, dones = batch
    with torch.no_grad():
        goals = rewards + discount * target(nexts).max(1, keepdim=True).values * (1 - dones)
    loss = nn.functional.mse_loss(local(states).gather(1, actions), goals)
    adam.zero_grad()
    loss.backward()
    adam.step()


def move(target, local, rate):
    """Moves the target's weights towards the others by a share of the way."""
    with torch.no_grad():
        for slow, fast in zip(target.parameters(), local.parameters()):
            slow.lerp_(fast, rate)
