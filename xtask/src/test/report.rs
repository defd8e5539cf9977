//! What ran, how long it took, what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Error, Result, bail};

/// How many tests ended how.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
    /// What the skipped ones, which are among the passed, said.
    pub skipped: Vec<String>,
}

impl Counts {
    /// Adds what a line says, if it is the closing line of a test program.
    pub fn read(&mut self, line: &str) {
        let Some((_, rest)) = line.split_once("test result: ") else { return };
        let words: Vec<&str> = rest.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Tests that did something.
    pub fn executed(&self) -> u64 {
        (self.passed + self.failed).saturating_sub(self.skipped.len() as u64)
    }
}

/// What came of one step.
#[derive(Debug)]
pub struct Outcome {
    pub name: String,
    pub took: Duration,
    /// `None` for a step that has no tests.
    pub tests: Option<Counts>,
    pub problem: Option<String>,
}

impl Outcome {
    /// A step without tests that went well.
    pub fn done(name: &str, took: Duration) -> Outcome {
        Outcome { name: name.to_owned(), took, tests: None, problem: None }
    }

    /// A step that could not be done.
    pub fn broken(name: &str, error: Error) -> Outcome {
        let problem = Some(format!("{error:#}"));
        Outcome { name: name.to_owned(), took: Duration::ZERO, tests: None, problem }
    }
}

/// The outcomes of a whole run.
pub struct Report {
    /// With a filter, a step may have nothing to do.
    filtered: bool,
    outcomes: Vec<Outcome>,
}

impl Report {
    pub fn new(filtered: bool) -> Report {
        Report { filtered, outcomes: Vec::new() }
    }

    /// Takes a step's outcome, and tells at once when it went wrong.
    pub fn add(&mut self, mut outcome: Outcome) {
        let idle = outcome.tests.as_ref().is_some_and(|tests| tests.executed() == 0);
        if idle && !self.filtered && outcome.problem.is_none() {
            outcome.problem = Some("no test was executed".to_owned());
        }
        if let Some(problem) = &outcome.problem {
            eprintln!("error: {}: {problem}", outcome.name);
        }
        self.outcomes.push(outcome);
    }

    /// Prints the summary; an error when anything went wrong or no test ran.
    pub fn finish(self) -> Result<()> {
        eprintln!("\n{}", self.summary());
        let broken = self.outcomes.iter().filter(|outcome| outcome.problem.is_some()).count();
        if broken > 0 {
            bail!("{broken} of {} steps failed", self.outcomes.len());
        }
        if self
            .outcomes
            .iter()
            .filter_map(|outcome| outcome.tests.as_ref())
            .all(|tests| tests.executed() == 0)
        {
            bail!("no test was executed");
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let width = self.outcomes.iter().map(|outcome| outcome.name.chars().count()).max().unwrap_or(0);
        let whole: f64 = self.outcomes.iter().map(|outcome| outcome.took.as_secs_f64()).sum();
        let mut text = String::new();
        let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
        for outcome in &self.outcomes {
            let mark = if outcome.problem.is_none() { "ok    " } else { "FAILED" };
            let seconds = outcome.took.as_secs_f64();
            let share = 100.0 * seconds / whole.max(f64::MIN_POSITIVE);
            text += &format!("{mark}  {:<width$}  {seconds:>7.1} s  {share:>3.0} %", outcome.name);
            if let Some(tests) = &outcome.tests {
                text += &format!("  {} executed, {} failed", tests.executed(), tests.failed);
                text += &format!(", {} skipped, {} ignored", tests.skipped.len(), tests.ignored);
                for line in &tests.skipped {
                    // "skipped: the test: the reason"
                    *skipped.entry(line.splitn(3, ": ").last().unwrap_or(line)).or_default() += 1;
                }
            }
            if let Some(problem) = &outcome.problem {
                // The whole of it was printed when it happened.
                text += &format!("  {}", problem.lines().next().unwrap_or_default());
            }
            text.push('\n');
        }
        for (reason, count) in skipped {
            text += &format!("skipped {count} times: {reason}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(passed: u64, skipped: &[&str], problem: Option<&str>) -> Outcome {
        let skipped = skipped.iter().map(|line| (*line).to_owned()).collect();
        let tests = Some(Counts { passed, skipped, ..Counts::default() });
        Outcome { name: "a step".into(), took: Duration::ZERO, tests, problem: problem.map(str::to_owned) }
    }

    fn report(filtered: bool, outcomes: impl IntoIterator<Item = Outcome>) -> Result<(), String> {
        let mut report = Report::new(filtered);
        outcomes.into_iter().for_each(|outcome| report.add(outcome));
        report.finish().map_err(|error| error.to_string())
    }

    #[test]
    fn a_run_in_which_all_steps_ran_tests_succeeds() {
        report(false, [Outcome::done("build", Duration::ZERO), tested(3, &["skipped: x: y"], None)]).unwrap();
    }

    #[test]
    fn a_step_that_ran_no_test_fails_and_with_a_filter_one_is_enough() {
        let both = || [tested(0, &[], None), tested(1, &[], None)];
        assert_eq!(report(false, both()).unwrap_err(), "1 of 2 steps failed");
        report(true, both()).unwrap();
        assert_eq!(report(true, [tested(0, &[], None)]).unwrap_err(), "no test was executed");
    }

    #[test]
    fn skipped_tests_are_not_executed_ones() {
        assert_eq!(report(false, [tested(1, &["skipped: x: y"], None)]).unwrap_err(), "1 of 1 steps failed");
    }

    #[test]
    fn a_failed_step_fails_the_run_and_the_summary_says_why() {
        let mut all = Report::new(false);
        all.add(tested(2, &["skipped: x: no data", "skipped: y: no data"], Some("exit status: 101")));
        assert!(all.summary().contains("FAILED  a step"), "{}", all.summary());
        assert!(all.summary().contains("exit status: 101"), "{}", all.summary());
        assert!(all.summary().contains("skipped 2 times: no data"), "{}", all.summary());
        assert!(all.finish().is_err());
    }
}
