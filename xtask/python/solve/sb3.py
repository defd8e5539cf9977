"""Stable-Baselines3 with the parameters that its zoo tuned for LunarLander-v3, until it has solved the game.

usage: sb3.py dqn|ppo SEED LIMIT_SECONDS

The zoo ends DQN after 100,000 steps and PPO after a million. Here both go on: DQN with the exploration that it ends with.
"""

import sys

import stable_baselines3
from judge import Judge
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

STEPS = 100_000_000


class Judged(BaseCallback):
    """Stops the training when the judge says so. PPO's policy changes between rollouts only."""

    def __init__(self, judge, between_rollouts):
        super().__init__()
        self.judge, self.between_rollouts, self.over = judge, between_rollouts, False

    def policy(self, observations):
        return self.model.predict(observations, deterministic=True)[0]

    def look(self):
        self.over = self.over or self.judge.is_over(self.num_timesteps, self.policy)

    def _on_rollout_start(self):
        if self.between_rollouts and self.num_timesteps > 0:
            self.look()

    def _on_step(self):
        if not self.between_rollouts:
            self.look()
        return not self.over


def dqn(seed):
    return stable_baselines3.DQN(
        "MlpPolicy",
        make_vec_env("LunarLander-v3", n_envs=1, seed=seed),
        seed=seed,
        learning_rate=6.3e-4,
        batch_size=128,
        buffer_size=50_000,
        learning_starts=0,
        gamma=0.99,
        target_update_interval=250,
        train_freq=4,
        gradient_steps=-1,
        exploration_fraction=0.12 * 100_000 / STEPS,
        exploration_final_eps=0.1,
        policy_kwargs={"net_arch": [256, 256]},
        device="cpu",
    )


def ppo(seed):
    return stable_baselines3.PPO(
        "MlpPolicy",
        make_vec_env("LunarLander-v3", n_envs=16, seed=seed),
        seed=seed,
        n_steps=1024,
        batch_size=64,
        gae_lambda=0.98,
        gamma=0.999,
        n_epochs=4,
        ent_coef=0.01,
        device="cpu",
    )


def main():
    name, seed, limit = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    model = {"dqn": dqn, "ppo": ppo}[name](seed)
    judge = Judge(seed, limit)
    judged = Judged(judge, between_rollouts=name == "ppo")
    model.learn(STEPS, callback=judged)
    judge.report(judged.policy, version=stable_baselines3.__version__)


if __name__ == "__main__":
    main()
