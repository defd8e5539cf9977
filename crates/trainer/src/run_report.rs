//! A run's report: one HTML file that needs nothing else.

use std::fmt::Write as _;

use anyhow::Result;
use dqn::Score;
use lunar_lander::LunarLander;
use serde_json::Value;

use crate::chart::{Chart, Series};
use crate::flight::{Ending, Flight};
use crate::page::{self, escaped, thousands};
use crate::parameters::PARAMETERS;
use crate::plan::{Plan, Rules};
use crate::round::Phases;
use crate::run_dir::Metrics;
use crate::stack::Stack;
use crate::training::Stop;

/// Why a run is over.
#[derive(Debug, Clone)]
pub enum Ended {
    /// By its own rules.
    Stop(Stop),
    /// Somebody asked for it; it can go on.
    Interrupted,
    /// By this.
    Failed(String),
}

/// What a report is about.
pub struct Report<'a> {
    pub plan: &'a Plan,
    pub ended: Ended,
    /// What a round is called: `round`, or `episode` where one agent is alone.
    pub unit: &'a str,
    /// The program's version and revision.
    pub program: &'a str,
    pub metrics: &'a [Metrics],
    /// What the weights came to in games that decided nothing.
    pub score: Option<&'a Score>,
    /// A game, where there is a picture of it.
    pub flight: Option<&'a Flight>,
}

/// Rounds of the textbook's that the training's curve is a mean of: single episodes jump up and down.
const SMOOTH: usize = 20;

impl Report<'_> {
    /// The page.
    pub fn html(&self) -> Result<String> {
        let how = match (&self.ended, self.score) {
            (Ended::Interrupted, _) => "interrupted".to_string(),
            (Ended::Failed(_), _) => "failed".to_string(),
            (_, Some(score)) if self.plan.is_solved(score) => "solved".to_string(),
            (Ended::Stop(Stop::Reached), _) => "not solved".to_string(),
            (Ended::Stop(Stop::Exhausted), _) => format!("not there after all {}s", self.unit),
        };
        let title = format!("{}: {how}", self.plan.env);
        let mut out = page::head(&title);
        let _ = write!(
            out,
            "<h1>{title}</h1><p class=soft>{} {}, seed {}; {}</p>",
            self.plan.agents,
            if self.plan.agents == 1 { "Agent" } else { "Agents" },
            self.plan.seed,
            escaped(self.program)
        );
        if let Ended::Failed(why) = &self.ended {
            let _ = write!(out, "<p>{}</p>", escaped(why));
        }
        if let Some(score) = self.score {
            let average = self.metrics.iter().rev().find_map(|line| line.average_reward);
            let _ = write!(out, "<p>{}.</p>", escaped(&verdict(self.plan, average, score)));
        }
        out.push_str(&self.tiles());
        if let Some(flight) = self.flight {
            out.push_str(&self.landing(flight)?);
        }
        out.push_str(&self.curve("Reward over time", "seconds", |line| line.seconds));
        out.push_str(
            &self.curve("Reward over environment steps", "steps of all Agents", |line| line.env_steps as f64),
        );
        out.push_str(&self.phases());
        out.push_str(&self.parameters()?);
        out.push_str(page::TAIL);
        Ok(out)
    }

    fn tiles(&self) -> String {
        let last = self.metrics.last();
        let average = self.metrics.iter().rev().find_map(|line| line.average_reward);
        let (steps, seconds) = last.map_or((0, 0.0), |line| (line.env_steps, line.seconds));
        let score = self.score.map_or("–".into(), |score| format!("{:.1}", score.mean));
        let tiles = [
            (score, "average reward of 100 full games that decided nothing".into()),
            (
                average.map_or("–".into(), |average| format!("{average:.1}")),
                "average reward of the last test".into(),
            ),
            (thousands(last.map_or(0, |line| line.round)), format!("{}s", self.unit)),
            (thousands(steps), "environment steps".into()),
            (format!("{seconds:.1} s"), "wall time".into()),
            (thousands((steps as f64 / seconds.max(1e-9)) as u64), "steps per second".into()),
        ];
        let tile = |(value, name): &(String, String)| format!("<div><b>{value}</b>{name}</div>");
        format!("<div class=tiles>{}</div>", tiles.iter().map(tile).collect::<String>())
    }

    fn landing(&self, flight: &Flight) -> Result<String> {
        let how = match flight.ended {
            Some(Ending::Landed) => "at rest",
            Some(Ending::Lost) => "crashed or out of sight",
            Some(Ending::Timeout) | None => "out of time",
        };
        let data = serde_json::json!({
            "ground": flight.ground, "poses": flight.poses, "outlines": LunarLander::outlines(),
        });
        Ok(format!(
            "<h2>A game with the weights at the end</h2><canvas id=landing></canvas><div class=caption>\
             <button id=play>Play</button><span>Seed {}, greedy: {:.1} points, {how} after {} steps</span></div>\
             <noscript>The animation needs JavaScript.</noscript>\
             <script type=\"application/json\" id=flight>{data}</script><script>{}{}</script>",
            flight.seed,
            flight.reward,
            flight.poses.len(),
            page::LANDER,
            include_str!("assets/report.js"),
        ))
    }

    fn curve(&self, title: &str, axis: &str, x: impl Fn(&Metrics) -> f64) -> String {
        let tests = self.metrics.iter().filter_map(|line| Some((x(line), line.average_reward?)));
        // Any other round has many episodes.
        let smooth = if self.plan.rules == Rules::Textbook { SMOOTH } else { 1 };
        let name = match smooth {
            1 => format!("training episodes, mean of each {}", self.unit),
            _ => format!("training episodes, mean over {smooth} {}s", self.unit),
        };
        let smoothed = |(i, line): (usize, &Metrics)| {
            let window = &self.metrics[(i + 1).saturating_sub(smooth)..=i];
            (x(line), window.iter().map(|line| line.episodic_return).sum::<f64>() / window.len() as f64)
        };
        let training = self.metrics.iter().enumerate().map(smoothed);
        let series = vec![
            Series { name: "test games, greedy".into(), runs: vec![tests.collect()] },
            Series { name, runs: vec![training.collect()] },
        ];
        Chart { title, axis, mark: self.plan.target(), series }.html()
    }

    fn phases(&self) -> String {
        let mut total = Phases::default();
        self.metrics.iter().for_each(|line| total.add(&line.phases));
        let parts =
            |phases: &Phases| [phases.training, phases.updating, phases.synchronising, phases.testing];
        let all = parts(&total).iter().sum::<f64>();
        if all == 0.0 {
            // One agent alone has no phases.
            return String::new();
        }
        let names = ["training", "updating", "synchronising", "testing"];
        let items =
            self.metrics.iter().map(|line| parts(&line.phases).map(|seconds| 1e3 * seconds)).collect();
        let axis = format!("{}s", self.unit);
        let title = format!("Milliseconds of each {}, by phase", self.unit);
        let mut out = Stack { title: &title, axis: &axis, names, items }.html();
        out.push_str("<div class=table><table><tr><th>phase<th>seconds<th>mean ms<th>share</tr>");
        for (name, seconds) in names.iter().zip(parts(&total)) {
            let _ = write!(
                out,
                "<tr><td>{name}<td>{seconds:.2}<td>{:.2}<td>{:.1} %</tr>",
                1e3 * seconds / self.metrics.len().max(1) as f64,
                100.0 * seconds / all
            );
        }
        out.push_str("</table></div>");
        out
    }

    fn parameters(&self) -> Result<String> {
        let mut out = String::from("<h2>Parameters</h2><div class=table><table>");
        let quoted = |value: &dyn std::fmt::Debug| Value::String(format!("{value:?}").to_lowercase());
        rows(&mut out, "env", &Value::String(self.plan.env.clone()));
        rows(&mut out, "rules", &quoted(&self.plan.rules));
        if self.plan.single {
            rows(&mut out, "single", &Value::Bool(true));
        } else {
            rows(&mut out, "mode", &quoted(&self.plan.mode));
        }
        for parameter in PARAMETERS {
            if let Some(value) = parameter.get(self.plan) {
                rows(&mut out, parameter.name, &Value::String(value));
            }
        }
        let _ = write!(out, "<tr><td>program<td>{}</tr></table></div>", escaped(self.program));
        Ok(out)
    }
}

/// What a run came to, in one sentence without its end: the textbook's test in the textbook's words, and then what is true of the
/// weights. The word "solved" is for that alone.
pub fn verdict(plan: &Plan, average: Option<f64>, score: &Score) -> String {
    let solved = if plan.is_solved(score) { "solved" } else { "not solved" };
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let how = if plan.env == crate::environments::LANDER {
        let Score { landed, hovering, crashed, .. } = *score;
        let parts = [percent(landed), percent(hovering), percent(crashed)];
        format!(" ({} landed, {} hovered, {} crashed)", parts[0], parts[1], parts[2])
    } else {
        String::new()
    };
    let Score { mean, games, .. } = score;
    let truth = format!("{solved}: {mean:.1} on average in {games} full games that decided nothing{how}");
    match (plan.rules, average) {
        (Rules::Textbook, Some(average)) => {
            let (target, test) = (plan.target_reward, &plan.test);
            let (games, steps) = (test.games, test.max_steps);
            format!("average reward {average:.1} of {target} in {games} games of {steps} steps; {truth}")
        }
        _ => truth,
    }
}

/// A row for a value.
fn rows(out: &mut String, name: &str, value: &Value) {
    let text = value.as_str().map_or_else(|| value.to_string(), String::from);
    let _ = write!(out, "<tr><td>{name}<td>{}</tr>", escaped(&text));
}

#[cfg(test)]
mod tests {
    use dqn::Weights;

    use super::*;
    use crate::plan::Mode;

    fn line(round: u64) -> Metrics {
        Metrics {
            round,
            env_steps: 500 * round,
            episodic_return: -300.0 + round as f64,
            episodic_length: 125.0,
            epsilon: 0.9,
            td_loss: 1.0,
            q_values: 2.0,
            average_reward: round.is_multiple_of(10).then_some(101.25),
            seconds: round as f64 / 4.0,
            phases: Phases { training: 0.2, testing: 0.05, ..Phases::default() },
        }
    }

    fn page(ended: Ended, rounds: u64) -> String {
        let flight = Flight::of(&Weights::initial([64, 64], 1).unwrap(), 42, 200).unwrap();
        let metrics: Vec<Metrics> = (1..=rounds).map(line).collect();
        let score = Score { mean: 231.26, games: 100, landed: 0.9, hovering: 0.06, crashed: 0.04 };
        let report = Report {
            plan: &Plan::default(),
            score: matches!(ended, Ended::Stop(_)).then_some(&score),
            ended,
            unit: "round",
            program: "mobula 1.2.3 (abc)",
            metrics: &metrics,
            flight: Some(&flight),
        };
        report.html().unwrap()
    }

    #[test]
    fn a_report_says_all_and_needs_nothing_else() {
        let page = page(Ended::Stop(Stop::Reached), 40);
        for wanted in [
            "LunarLander-v3: solved",
            "solved: 231.3 on average in 100 full games that decided nothing (90 % landed, 6 % hovered, 4 % crashed)",
            "<b>101.2</b>average reward",
            "<b>20,000</b>environment steps",
            "<b>2,000</b>steps per second",
            "<td>training<td>8.00<td>200.00<td>80.0 %",
            "<td>batch_size<td>64",
            "mobula 1.2.3 (abc)",
            "Seed 42, greedy: ",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        assert_eq!(page.matches("<svg").count(), 3);
        assert!(!page.contains("http") && !page.contains("NaN") && !page.contains("src="));
    }

    #[test]
    fn solved_is_said_of_what_is_true_and_nothing_else() {
        let score = |mean| Score { mean, games: 100, landed: 0.5, hovering: 0.5, crashed: 0.0 };
        assert_eq!(
            verdict(&Plan::textbook(), Some(104.62), &score(142.0)),
            "average reward 104.6 of 100 in 10 games of 200 steps; not solved: 142.0 on average in 100 full games that decided \
             nothing (50 % landed, 50 % hovered, 0 % crashed)"
        );
        assert!(verdict(&Plan::default(), Some(230.0), &score(199.9)).starts_with("not solved: 199.9"));
        let cart = Plan::of("CartPole-v1", Rules::Fast, Mode::Average, false);
        assert_eq!(
            verdict(&cart, None, &score(480.0)),
            "solved: 480.0 on average in 100 full games that decided nothing"
        );
    }

    #[test]
    fn it_can_end_before_it_began_and_by_anything() {
        let page = page(Ended::Failed("a <weight> became no number".into()), 0);
        assert!(page.contains("LunarLander-v3: failed") && page.contains("a &lt;weight&gt; became"));
        assert!(!page.contains("NaN"), "{page}");
    }
}
