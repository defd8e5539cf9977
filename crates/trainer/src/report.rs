//! A sweep's report: one HTML file that needs nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::chart::{Chart, Series};
use crate::finished::{Finished, Point};
use crate::page;
use crate::plan::Mode;
use crate::training::Stop;

/// The runs of one setting, which differ in their seeds alone.
struct Setting<'a> {
    name: String,
    agents: usize,
    runs: Vec<&'a Finished>,
}

impl Setting<'_> {
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

fn name(run: &Finished) -> String {
    let plan = &run.plan;
    let mode = match plan.mode {
        Mode::Average => "",
        Mode::Shared => ", shared replay",
    };
    let cpus = run.num_cpus.map_or(String::new(), |cpus| format!(", {cpus} CPUs each"));
    format!(
        "{} {}, batch {}, {} {} per sync{mode}{cpus}",
        plan.agents,
        if plan.agents == 1 { "Agent" } else { "Agents" },
        plan.config.batch_size,
        plan.epochs_per_sync,
        if plan.epochs_per_sync == 1 { "episode" } else { "episodes" },
    )
}

fn settings(runs: &[Finished]) -> Vec<Setting<'_>> {
    let mut by_key: BTreeMap<_, Setting<'_>> = BTreeMap::new();
    for run in runs {
        let plan = &run.plan;
        let cpus = run.num_cpus.map_or(0, f64::to_bits);
        let key =
            (plan.agents, plan.config.batch_size, plan.epochs_per_sync, cpus, plan.mode == Mode::Shared);
        let setting = || Setting { name: name(run), agents: plan.agents, runs: Vec::new() };
        by_key.entry(key).or_insert_with(setting).runs.push(run);
    }
    by_key.into_values().collect()
}

/// The report on these runs.
pub fn html(runs: &[Finished]) -> String {
    let settings = settings(runs);
    let mut page = page::head("Sweep");
    let _ = write!(page, "<h1>LunarLander-v3: {} runs, {} settings</h1>", runs.len(), settings.len());
    if let Some(first) = runs.first() {
        let target = first.plan.target_reward;
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
        "<h2>Time to the target</h2><div class=table><table><tr><th>setting<th>reached<th>median seconds<th>fastest<th>slowest\
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
        let share = |part: f64| format!("{:.0} %", 100.0 * part / all);
        let _ = write!(
            out,
            "<tr><td>{}<td>{} of {}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            setting.name,
            setting.reached(),
            setting.runs.len(),
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
    use super::*;
    use crate::plan::Plan;
    use crate::round::Phases;

    fn run(agents: usize, seed: u64, seconds: f64, stop: Stop) -> Finished {
        let point = |part: f64, average| Point {
            round: (10.0 * part) as u64,
            env_steps: (1000.0 * part) as u64,
            seconds: seconds * part,
            average,
        };
        Finished {
            plan: Plan { agents, seed, ..Plan::default() },
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
        assert!(
            page.contains(
                "Fastest to an average reward of 100: <b>1 Agent, batch 64, 1 episode per sync</b>"
            )
        );
        assert!(page.contains("<td>1 of 2<td>9.0"), "{page}");
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
