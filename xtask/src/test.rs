//! `cargo xtask test`: every test there is, the ones on real clusters included.
//!
//! Integration test targets tell by their names what they need:
//!
//! | name | what it gets | how often |
//! |---|---|---|
//! | `cluster_*` | the five-node cluster that this command starts, shared, through `mobula_testkit::cluster()` | with the newest Ray; what both engines promise (`ON_EVERY_RAY`) with each |
//! | `faults_*` | a Python with Ray through `mobula_testkit::environment()`, to start clusters of their own | with the newest Ray |
//! | all others, unit tests and documentation | nothing | once |
//!
//! A machine has few cores and a cluster wants them all, so tests on clusters run one at a time, and the clusters one
//! after the other. In the plain run both kinds compile, run, and say that they are skipped.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use mobula_testkit::python::{Environment, RAY_VERSIONS, Spec};
use mobula_testkit::ray::Cluster;

mod report;
pub(crate) mod step;
mod targets;

use report::{Outcome, Report};
use step::{Step, cargo};

/// Run every test: plain ones, those on a shared five-node Ray cluster, those that start and break their own
///
/// Python environments are made first, under the build folder or MOBULA_TEST_VENVS. Exits with 1 when a test fails,
/// and when a step ran no test.
#[derive(Args)]
pub struct Arguments {
    /// Versions of Ray to test with
    #[arg(long, value_name = "VERSION,…", value_delimiter = ',', default_values = RAY_VERSIONS)]
    ray: Vec<String>,
    /// Only the tests that need neither Python nor Ray
    #[arg(long)]
    no_cluster: bool,
    /// Run all tests on clusters with every version of Ray, not only the newest
    #[arg(long)]
    all_on_all: bool,
    /// Only tests whose name contains one of these words
    filter: Vec<String>,
}

/// Runs the steps and prints the summary.
pub fn run(arguments: &Arguments) -> Result<()> {
    let mut report = Report::new(!arguments.filter.is_empty());
    let versions: &[String] = if arguments.no_cluster { &[] } else { &arguments.ray };
    // pip waits for the network while the compiler works.
    let (built, environments) = std::thread::scope(|scope| {
        let environments =
            scope.spawn(|| versions.iter().map(|version| environment(version)).collect::<Vec<_>>());
        let built = Step::new("build", cargo(&["test", "--workspace", "--no-run"])).run_without_tests();
        (built, environments.join().unwrap_or_default())
    });
    let built_well = built.problem.is_none();
    report.add(built);
    if !built_well {
        return report.finish();
    }
    report.add(plain(&arguments.filter));

    let targets = targets::of_workspace()?;
    let newest = versions.iter().max_by_key(|version| targets::version_key(version));
    let mut with_ray = Vec::new();
    for environment in environments {
        match environment {
            Ok(made) => with_ray.push(made),
            Err(error) => report.add(Outcome::broken("python", error)),
        }
    }
    for (version, python) in &with_ray {
        let all = arguments.all_on_all || Some(version) == newest;
        on_shared_cluster(version, python, &targets, all, &arguments.filter, &mut report);
    }
    for (version, python) in &with_ray {
        if arguments.all_on_all || Some(version) == newest {
            with_own_clusters(version, python, &targets, &arguments.filter, &mut report);
        }
    }
    report.finish()
}

fn environment(version: &str) -> Result<(String, Environment)> {
    let begin = Instant::now();
    let environment = Environment::ensure(&Spec::ray(version)).with_context(|| format!("Ray {version}"))?;
    if environment.version_of("ray")? != version {
        bail!("{} holds another Ray than {version}", environment.python().display());
    }
    eprintln!(
        "Python with Ray {version}: {:.1} s, {}",
        begin.elapsed().as_secs_f64(),
        environment.python().display()
    );
    Ok((version.to_owned(), environment))
}

/// Everything that runs without Ray.
fn plain(filter: &[String]) -> Outcome {
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    // A cluster that somebody has exported in this shell is not for the plain run.
    for name in ["MOBULA_TEST_CLUSTER", "MOBULA_PYTHON"] {
        command.env_remove(name);
    }
    Step::new("tests without Ray", filtered(command, filter, &[])).run()
}

/// What an older Ray has to keep as well: the promises of the engines, to Rust and to Python. The rest stands on them.
const ON_EVERY_RAY: [&str; 3] = ["cluster_conformance", "cluster_python", "cluster_smoke"];

/// The `cluster_*` targets, or those of `ON_EVERY_RAY`, on one cluster.
fn on_shared_cluster(
    version: &str,
    python: &Environment,
    targets: &[String],
    all: bool,
    filter: &[String],
    report: &mut Report,
) {
    let patterns: &[&str] = if all { &["cluster_*"] } else { &ON_EVERY_RAY };
    let Some(command) = select(targets, "cluster_", patterns) else { return };
    let begin = Instant::now();
    let name = format!("Ray {version}: start five nodes");
    step::announce(&name);
    let cluster = match Cluster::builder().python(python).start() {
        Ok(cluster) => cluster,
        Err(error) => return report.add(Outcome::broken(&name, anyhow!(error))),
    };
    report.add(Outcome::done(&name, begin.elapsed()));
    let mut command = filtered(command, filter, &["--test-threads=1"]);
    command.envs(cluster.variables());
    report.add(Step::new(format!("Ray {version}: {}", patterns.join(", ")), command).run());
    let begin = Instant::now();
    drop(cluster);
    report.add(Outcome::done(&format!("Ray {version}: stop five nodes"), begin.elapsed()));
}

/// The `faults_*` targets.
fn with_own_clusters(
    version: &str,
    python: &Environment,
    targets: &[String],
    filter: &[String],
    report: &mut Report,
) {
    let Some(command) = select(targets, "faults_", &["faults_*"]) else { return };
    let mut command = filtered(command, filter, &["--test-threads=1"]);
    command.env("MOBULA_PYTHON", python.python()).env("MOBULA_TEST_RAY_VERSION", version);
    command
        .env("RAY_AUTH_MODE", "disabled")
        .env("RAY_USAGE_STATS_ENABLED", "0")
        .env_remove("MOBULA_TEST_CLUSTER");
    report.add(Step::new(format!("Ray {version}: faults_*"), command).run());
}

/// `cargo test` for the targets of these patterns; `None` when there are none with this prefix.
///
/// The whole workspace is named, and the targets by a pattern, so that features are resolved as in the other steps and
/// nothing is compiled again.
fn select(targets: &[String], prefix: &str, patterns: &[&str]) -> Option<Command> {
    let any = targets.iter().any(|target| target.starts_with(prefix));
    any.then(|| {
        let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
        patterns.iter().for_each(|pattern| _ = command.args(["--test", pattern]));
        command
    })
}

/// Adds the words for the test programs.
fn filtered(mut command: Command, filter: &[String], options: &[&str]) -> Command {
    if !filter.is_empty() || !options.is_empty() {
        command.arg("--").args(options).args(filter);
    }
    command
}
