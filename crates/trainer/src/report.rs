//! A sweep's report: one HTML file that needs nothing else.

use std::fmt::Write as _;

use crate::chart::{Chart, Series};
use crate::finished::{Finished, Point};
use crate::page;
use crate::parameters::{PARAMETERS, Parameter};
use crate::plan::{Mode, Plan, Rules};
use crate::training::Stop;

/// The runs of one setting, which differ in their seeds alone.
struct Setting<'a> {
    name: String,
    agents: usize,
    runs: Vec<&'a Finished>,
}

impl Setting<'_> {
    /// Runs whose weights solve the environment, by games that decided nothing.
    fn solved(&self) -> usize {
        self.runs.iter().filter(|run| run.plan.is_solved(&run.score)).count()
    }

    /// The median of a figure over all runs.
    fn of_all(&self, figure: impl Fn(&Finished) -> f64) -> f64 {
        let mut all: Vec<f64> = self.runs.iter().map(|run| figure(run)).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(0.0)
    }

    fn reached(&self) -> usize {
        self.runs.iter().filter(|run| run.stop == Stop::Reached).count()
    }

    /// The median of a figure over the runs that reached the target.
    fn median(&self, figure: impl Fn(&Finished) -> f64) -> Option<f64> {
        let mut all: Vec<f64> =
            self.runs.iter().filter(|run| run.stop == Stop::Reached).map(|run| figure(run)).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    }

    fn seconds(&self) -> Option<f64> {
        self.median(|run| run.seconds)
    }
}

/// A run's setting: what it has of its own among these names, and how its work comes together.
fn name(run: &Finished, varied: &[&'static Parameter]) -> String {
    let plan = &run.plan;
    let mut parts = vec![match (plan.single, plan.agents) {
        (true, _) => "alone".to_string(),
        (_, 1) => "1 Agent".to_string(),
        (_, agents) => format!("{agents} Agents"),
    }];
    for parameter in varied.iter().filter(|parameter| parameter.name != "agents") {
        if let Some(value) = parameter.get(plan) {
            parts.push(format!("{} {value}", parameter.name.replace('_', " ")));
        }
    }
    if plan.mode == Mode::Shared {
        parts.push("shared replay".into());
    }
    if plan.rules == Rules::Textbook {
        parts.push("textbook".into());
    }
    parts.extend(run.num_cpus.map(|cpus| format!("{cpus} CPUs each")));
    parts.join(", ")
}

/// The parameters that differ between these runs, and the seed alone does not.
fn varied(runs: &[Finished]) -> Vec<&'static Parameter> {
    let differs = |parameter: &&Parameter| {
        let mut values = runs.iter().map(|run| parameter.get(&run.plan));
        let first = values.next();
        parameter.name != "seed" && values.any(|value| Some(value) != first)
    };
    PARAMETERS.iter().filter(differs).collect()
}

fn settings(runs: &[Finished]) -> Vec<Setting<'_>> {
    let varied = varied(runs);
    let mut settings: Vec<(_, Setting<'_>)> = Vec::new();
    for run in runs {
        let key = (Plan { seed: 0, ..run.plan.clone() }, run.num_cpus);
        match settings.iter_mut().find(|(known, _)| *known == key) {
            Some((_, setting)) => setting.runs.push(run),
            None => {
                let setting = Setting { name: name(run, &varied), agents: run.plan.agents, runs: vec![run] };
                settings.push((key, setting));
            }
        }
    }
    settings.sort_by_key(|(_, setting)| setting.agents);
    settings.into_iter().map(|(_, setting)| setting).collect()
}

fn env(runs: &[Finished]) -> &str {
    runs.first().map_or("Nothing yet", |run| &run.plan.env)
}

/// The report on these runs.
pub fn html(runs: &[Finished]) -> String {
    let settings = settings(runs);
    let mut page = page::head("Sweep");
    let _ = write!(page, "<h1>{}: {} runs, {} settings</h1>", env(runs), runs.len(), settings.len());
    if let Some(first) = runs.first() {
        let target = first.plan.target();
        for sentence in sentences(&settings, target) {
            let _ = write!(page, "<p>{sentence}</p>");
        }
        let over = |title, axis, x: fn(&Point) -> f64| {
            let series = settings.iter().map(|setting| {
                let curve = |run: &&Finished| run.curve.iter().map(|p| (x(p), p.average)).collect();
                Series { name: setting.name.clone(), runs: setting.runs.iter().map(curve).collect() }
            });
            Chart { title, axis, mark: target, series: series.collect() }.html()
        };
        page.push_str(&over("Average reward of the test games over time", "seconds", |p| p.seconds));
        page.push_str(&over("Average reward over environment steps", "steps of all Agents", |p| {
            p.env_steps as f64
        }));
        page.push_str(&table(&settings));
    }
    page.push_str(page::TAIL);
    page
}

fn table(settings: &[Setting<'_>]) -> String {
    let mut out = String::from(
        "<h2>Time to the target</h2><div class=table><table><tr><th>setting<th>reached<th>solved<th>final score, median\
         <th>landed<th>hovered<th>crashed<th>median seconds<th>fastest<th>slowest\
         <th>median rounds<th>median steps<th>training<th>updating<th>synchronising<th>testing</tr>",
    );
    for setting in settings {
        let number = |figure: Option<f64>, digits: usize| {
            figure.map_or("–".to_string(), |figure| format!("{figure:.digits$}"))
        };
        let seconds = || setting.runs.iter().filter(|run| run.stop == Stop::Reached).map(|run| run.seconds);
        let mut phases = crate::Phases::default();
        setting.runs.iter().for_each(|run| phases.add(&run.phases));
        let all = (phases.training + phases.updating + phases.synchronising + phases.testing).max(1e-9);
        let percent = |share: f64| format!("{:.0} %", 100.0 * share);
        let share = |part: f64| percent(part / all);
        let _ = write!(
            out,
            "<tr><td>{}<td>{} of {}<td>{} of {}<td>{:.1}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            setting.name,
            setting.reached(),
            setting.runs.len(),
            setting.solved(),
            setting.runs.len(),
            setting.of_all(|run| run.score.mean),
            percent(setting.of_all(|run| run.score.landed)),
            percent(setting.of_all(|run| run.score.hovering)),
            percent(setting.of_all(|run| run.score.crashed)),
            number(setting.seconds(), 1),
            number(seconds().reduce(f64::min), 1),
            number(seconds().reduce(f64::max), 1),
            number(setting.median(|run| run.rounds as f64), 0),
            number(setting.median(|run| run.env_steps as f64), 0),
            share(phases.training),
            share(phases.updating),
            share(phases.synchronising),
            share(phases.testing),
        );
    }
    out.push_str("</table></div>");
    out
}

/// What the numbers show.
fn sentences(settings: &[Setting<'_>], target: f64) -> Vec<String> {
    let mut all = Vec::new();
    let timed: Vec<(&Setting<'_>, f64)> =
        settings.iter().filter_map(|setting| Some((setting, setting.seconds()?))).collect();
    let seeds = |setting: &Setting<'_>| format!("{} of {} seeds", setting.reached(), setting.runs.len());
    let Some((best, time)) = timed.iter().min_by(|a, b| a.1.total_cmp(&b.1)) else {
        return vec![format!("No run has reached an average reward of {target} yet.")];
    };
    all.push(format!(
        "Fastest to an average reward of {target}: <b>{}</b>, in a median of {time:.1} s ({} reached it).",
        best.name,
        seeds(best)
    ));
    if let Some((worst, slow)) = timed.iter().max_by(|a, b| a.1.total_cmp(&b.1))
        && timed.len() > 1
    {
        all.push(format!(
            "Slowest of those that reached it: <b>{}</b>, {slow:.1} s ({}), {:.1} times as long.",
            worst.name,
            seeds(worst),
            slow / time
        ));
    }
    let per_agent =
        |setting: &Setting<'_>| setting.median(|run| run.env_steps as f64 / run.plan.agents as f64);
    if let Some(one) = settings.iter().find(|setting| setting.agents == 1)
        && let Some(alone) = per_agent(one)
    {
        for setting in settings.iter().filter(|setting| setting.agents > 1) {
            if let Some(each) = per_agent(setting) {
                all.push(format!(
                    "{}: each Agent takes {:.2} times the steps that one alone takes ({each:.0} against {alone:.0}).",
                    setting.name,
                    each / alone
                ));
            }
        }
    }
    let few = settings.iter().map(|setting| setting.runs.len()).min().unwrap_or(0);
    if few < 5 {
        all.push(format!(
            "With {few} {} for a setting, differences below a factor of two may be chance: seeds alone spread the time by \
             that much and more.",
            if few == 1 { "seed" } else { "seeds" }
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use dqn::Score;

    use super::*;
    use crate::round::Phases;

    fn run(agents: usize, seed: u64, seconds: f64, stop: Stop) -> Finished {
        let point = |part: f64, average| Point {
            round: (10.0 * part) as u64,
            env_steps: (1000.0 * part) as u64,
            seconds: seconds * part,
            average,
        };
        Finished {
            plan: Plan { agents, seed, ..Plan::textbook() },
            score: Score {
                mean: 150.0 + 50.0 * seed as f64,
                games: 100,
                landed: 0.75,
                hovering: 0.25,
                crashed: 0.0,
            },
            num_cpus: None,
            stop,
            rounds: 10,
            env_steps: 1000,
            seconds,
            phases: Phases { training: 0.75 * seconds, testing: 0.25 * seconds, ..Phases::default() },
            curve: vec![point(0.5, -50.0), point(1.0, 101.0)],
        }
    }

    #[test]
    fn the_report_says_which_setting_was_fastest() {
        let runs = [
            run(1, 0, 4.0, Stop::Reached),
            run(1, 1, 6.0, Stop::Reached),
            run(4, 0, 9.0, Stop::Reached),
            run(4, 1, 99.0, Stop::Exhausted),
        ];
        let page = html(&runs);
        assert!(page.contains("Fastest to an average reward of 100: <b>1 Agent, textbook</b>"));
        assert!(page.contains("<td>1 of 2<td>1 of 2<td>200.0<td>75 %<td>25 %<td>0 %<td>9.0"), "{page}");
        assert!(page.contains("<td>75 %<td>0 %<td>0 %<td>25 %"), "{page}");
        assert!(page.contains("each Agent takes 0.25 times the steps"), "{page}");
        assert_eq!(page.matches("<svg").count(), 2);
        assert!(!page.contains("NaN") && !page.contains("http"), "{page}");
    }

    #[test]
    fn nothing_yet_is_a_page_too() {
        assert!(html(&[]).contains("0 runs"));
        assert!(html(&[run(1, 0, 4.0, Stop::Exhausted)]).contains("No run has reached"));
    }
}
