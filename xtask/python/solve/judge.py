"""Plays a policy's full games, off the clock, until it has solved LunarLander-v3 or the time is up.

Every peer of `cargo xtask bench-peers solve` is judged by this. A policy maps observations, an array of n rows, to n actions.
"""

import contextlib
import json
import time

import gymnasium
import numpy

SOLVED = 200.0
# These decide nothing: they are played once, at the end.
FINAL_SEEDS = range(500_000, 500_100)


def play(policy, seeds):
    """Mean score of a game for each seed, side by side, to their ends or to 1,000 steps."""
    games = [gymnasium.make("LunarLander-v3") for _ in seeds]
    states = [game.reset(seed=seed)[0] for game, seed in zip(games, seeds)]
    scores, running = [0.0] * len(games), list(range(len(games)))
    while running:
        actions = policy(numpy.stack([states[i] for i in running]))
        for i, action in zip(list(running), actions):
            states[i], reward, terminated, truncated, _ = games[i].step(int(action))
            scores[i] += float(reward)
            if terminated or truncated:
                running.remove(i)
    return float(numpy.mean(scores))


class Judge:
    """The clock of a training, which stands still while its policy is judged."""

    def __init__(self, seed, limit, every=10_000):
        self.limit, self.every, self.next = limit, every, every
        self.seeds = 1_000_000 * (seed + 1)
        self.judging, self.solved, self.steps = 0.0, False, 0
        self.began = time.perf_counter()
        self.stopped = None

    def seconds(self):
        """What the training has taken so far."""
        return (self.stopped or time.perf_counter() - self.began) - self.judging

    def is_over(self, steps, policy):
        """Judges, if it is time to; whether the training is to stop."""
        self.steps = steps
        if steps >= self.next:
            self.next = steps + self.every
            self.judge(policy)
        if self.stopped is None and (self.solved or self.seconds() >= self.limit):
            self.stopped = time.perf_counter() - self.began
        return self.stopped is not None

    def judge(self, policy):
        """20 games that nobody has seen, and 100 more where these are won."""
        with self.pause():
            if self.fresh(policy, 20) >= SOLVED:
                self.solved = self.fresh(policy, 100) >= SOLVED

    @contextlib.contextmanager
    def pause(self):
        """Stops the clock for what is not training."""
        begin = time.perf_counter()
        yield
        self.judging += time.perf_counter() - begin

    def fresh(self, policy, games):
        self.seeds += games
        return play(policy, range(self.seeds - games, self.seeds))

    def report(self, policy, **more):
        """The last line of the output."""
        training = self.seconds()
        score = play(policy, FINAL_SEEDS)
        report = {"solved": self.solved, "seconds": training, "judging": self.judging, "steps": self.steps, "score": score}
        print(json.dumps(report | more))
