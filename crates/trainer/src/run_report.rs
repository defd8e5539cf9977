//! A run's report: one HTML file that needs nothing else.

use std::fmt::Write as _;

use anyhow::Result;
use lunar_lander::LunarLander;
use serde_json::Value;

use crate::chart::{Chart, Series};
use crate::flight::{Ending, Flight};
use crate::page::{self, escaped, thousands};
use crate::plan::Plan;
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
    pub flight: &'a Flight,
}

/// Rounds that the training's curve is a mean of: single episodes jump up and down.
const SMOOTH: usize = 20;

impl Report<'_> {
    /// The page.
    pub fn html(&self) -> Result<String> {
        let title = match &self.ended {
            Ended::Stop(Stop::Reached) => "LunarLander-v3: landed".to_string(),
            Ended::Stop(Stop::Exhausted) => format!("LunarLander-v3: not there after all {}s", self.unit),
            Ended::Interrupted => "LunarLander-v3: interrupted".to_string(),
            Ended::Failed(_) => "LunarLander-v3: failed".to_string(),
        };
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
        out.push_str(&self.tiles());
        out.push_str(&self.landing()?);
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
        let tiles = [
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

    fn landing(&self) -> Result<String> {
        let flight = self.flight;
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
        let smooth = |(i, line): (usize, &Metrics)| {
            let window = &self.metrics[(i + 1).saturating_sub(SMOOTH)..=i];
            (x(line), window.iter().map(|line| line.episodic_return).sum::<f64>() / window.len() as f64)
        };
        let training = self.metrics.iter().enumerate().map(smooth);
        let series = vec![
            Series { name: "test games, greedy".into(), runs: vec![tests.collect()] },
            Series {
                name: format!("training episodes, mean over {SMOOTH} {}s", self.unit),
                runs: vec![training.collect()],
            },
        ];
        Chart { title, axis, mark: self.plan.target_reward, series }.html()
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
        rows(&mut out, "", &serde_json::to_value(self.plan)?);
        let _ = write!(out, "<tr><td>program<td>{}</tr></table></div>", escaped(self.program));
        Ok(out)
    }
}

/// A row for each value, with the names of those around it.
fn rows(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                rows(out, &name, value);
            }
        }
        value => {
            let text = value.as_str().map_or_else(|| value.to_string(), String::from);
            let _ = write!(out, "<tr><td>{name}<td>{}</tr>", escaped(&text));
        }
    }
}

#[cfg(test)]
mod tests {
    use dqn::Weights;

    use super::*;

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
        let report = Report {
            plan: &Plan::default(),
            ended,
            unit: "round",
            program: "mobula 1.2.3 (abc)",
            metrics: &metrics,
            flight: &flight,
        };
        report.html().unwrap()
    }

    #[test]
    fn a_report_says_all_and_needs_nothing_else() {
        let page = page(Ended::Stop(Stop::Reached), 40);
        for wanted in [
            "LunarLander-v3: landed",
            "<b>101.2</b>average reward",
            "<b>20,000</b>environment steps",
            "<b>2,000</b>steps per second",
            "<td>training<td>8.00<td>200.00<td>80.0 %",
            "<td>config.batch_size<td>64",
            "mobula 1.2.3 (abc)",
            "Seed 42, greedy: ",
        ] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        assert_eq!(page.matches("<svg").count(), 3);
        assert!(!page.contains("http") && !page.contains("NaN") && !page.contains("src="));
    }

    #[test]
    fn it_can_end_before_it_began_and_by_anything() {
        let page = page(Ended::Failed("a <weight> became no number".into()), 0);
        assert!(page.contains("LunarLander-v3: failed") && page.contains("a &lt;weight&gt; became"));
        assert!(!page.contains("NaN"), "{page}");
    }
}
