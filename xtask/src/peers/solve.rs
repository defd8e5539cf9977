//! LunarLander solved, beside Stable-Baselines3, CleanRL's way and the textbook's program in PyTorch: seconds until a policy
//! earns 200 over 100 full games.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;

/// What a policy must earn on average.
const SOLVED: f64 = 200.0;
/// Games that judge a peer, and its imports, are not counted; they may take this much and once more the limit.
const SLACK: Duration = Duration::from_secs(300);

/// Who learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Program {
    /// `mobula train`
    Mobula,
    /// `mobula train --single`
    MobulaSingle,
    /// Stable-Baselines3's DQN with its zoo's parameters
    Sb3Dqn,
    /// Stable-Baselines3's PPO with its zoo's parameters
    Sb3Ppo,
    /// DQN as CleanRL has it
    Cleanrl,
    /// The textbook's single-node program in PyTorch
    Textbook,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Mobula => "Mobula",
            Self::MobulaSingle => "Mobula, one agent",
            Self::Sb3Dqn => "Stable-Baselines3 DQN",
            Self::Sb3Ppo => "Stable-Baselines3 PPO",
            Self::Cleanrl => "CleanRL's DQN",
            Self::Textbook => "textbook, PyTorch",
        })
    }
}

/// Where the programs are, and how long they may take.
pub struct Setup<'a> {
    pub python: &'a Path,
    pub mobula: &'a Path,
    pub limit: Duration,
    /// Of PyTorch.
    pub threads: u32,
}

/// One training.
#[derive(Clone, Debug, PartialEq)]
struct Run {
    solved: bool,
    /// Of training.
    seconds: f64,
    /// Of the games that judged it.
    judging: f64,
    steps: Option<u64>,
    /// The mean of 100 full games that decided nothing; none where the program was stopped from outside.
    score: Option<f64>,
    /// Where the program would have stopped by a rule of its own.
    own_stop: Option<String>,
}

/// Runs every program with every seed, one after the other, and prints a table.
///
/// # Errors
///
/// A program cannot be run, fails, or says what cannot be read.
pub fn run(setup: &Setup, programs: &[Program], seeds: std::ops::Range<u64>) -> Result<()> {
    let mut rows: Vec<(Program, Vec<Run>)> = Vec::new();
    for &program in programs {
        let mut runs = Vec::new();
        for seed in seeds.clone() {
            let run = train(setup, program, seed).with_context(|| format!("{program}, seed {seed}"))?;
            eprintln!("{program}, seed {seed}: {}", sentence(&run));
            runs.push(run);
        }
        rows.push((program, runs));
    }
    print!("{}", table(&rows, setup.limit));
    Ok(())
}

fn train(setup: &Setup, program: Program, seed: u64) -> Result<Run> {
    let limit = setup.limit.as_secs_f64();
    let script = |name: &str| {
        let mut command = Command::new(setup.python);
        let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "python", "solve"].iter().collect();
        command.arg(folder.join(name)).env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("OMP_NUM_THREADS", setup.threads.to_string());
        command
    };
    let mut command = match program {
        Program::Mobula | Program::MobulaSingle => {
            return ours(setup, program == Program::MobulaSingle, seed);
        }
        Program::Sb3Dqn => script("sb3.py"),
        Program::Sb3Ppo => script("sb3.py"),
        Program::Cleanrl => script("cleanrl.py"),
        Program::Textbook => script("textbook.py"),
    };
    match program {
        Program::Sb3Dqn => drop(command.arg("dqn")),
        Program::Sb3Ppo => drop(command.arg("ppo")),
        _ => {}
    }
    command.args([seed.to_string(), limit.to_string()]);
    let (text, _) = finish(&mut command, setup.limit * 2 + SLACK)?;
    text.map_or(Ok(stopped(limit)), |text| theirs(&text))
}

/// A run of ours: its time is all that passes, its tests and its last hundred games included.
fn ours(setup: &Setup, single: bool, seed: u64) -> Result<Run> {
    let folder = tempfile::tempdir().context("a folder for the run")?;
    let mut command = Command::new(setup.mobula);
    command.args(["--json", "--address", "local", "train", "--seed", &seed.to_string()]);
    command.arg("--checkpoint").arg(folder.path().join("model.pth"));
    command.arg("--run-dir").arg(folder.path().join("run")).env_remove("RAY_ADDRESS");
    if single {
        command.arg("--single");
    }
    let (text, seconds) = finish(&mut command, setup.limit)?;
    let Some(text) = text else { return Ok(stopped(setup.limit.as_secs_f64())) };
    let report = last_line(&text)?;
    let score = report.pointer("/final/mean").and_then(Value::as_f64);
    Ok(Run {
        solved: score.is_some_and(|score| score >= SOLVED),
        seconds,
        judging: 0.0,
        steps: report["env_steps"].as_u64(),
        score,
        own_stop: None,
    })
}

/// What a peer's last line says.
fn theirs(text: &str) -> Result<Run> {
    let report = last_line(text)?;
    let number =
        |key: &str| report[key].as_f64().with_context(|| format!("its report has no {key}: {report}"));
    let own = &report["own_stop"];
    let own_stop = own["seconds"].as_f64().zip(own["average"].as_f64()).zip(own["score"].as_f64());
    Ok(Run {
        solved: report["solved"].as_bool().context("its report does not say whether it solved the game")?,
        seconds: number("seconds")?,
        judging: number("judging")?,
        steps: report["steps"].as_u64(),
        score: Some(number("score")?),
        own_stop: own_stop.map(|((seconds, average), score)| {
            format!("stops by its own rule after {seconds:.1} s (average {average:.1} of 10 games of 200 steps), with a score of {score:.0}")
        }),
    })
}

fn stopped(limit: f64) -> Run {
    Run { solved: false, seconds: limit, judging: 0.0, steps: None, score: None, own_stop: None }
}

fn last_line(text: &str) -> Result<Value> {
    // Ours may be an object of many lines.
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(text.trim().lines().next_back().unwrap_or_default()))
        .with_context(|| format!("its output is not a report: {text}"))
}

/// What a program prints, and how long it took; no text where it was stopped after `limit`.
fn finish(command: &mut Command, limit: Duration) -> Result<(Option<String>, f64)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let errors = tempfile::tempfile().context("a file for what it complains of")?;
    let began = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors.try_clone()?);
    let mut child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    let mut stdout = child.stdout.take().context("its output")?;
    let text = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if began.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok((None, limit.as_secs_f64()));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let seconds = began.elapsed().as_secs_f64();
    let text = text.join().map_err(|_| anyhow::anyhow!("reading its output"))??;
    if !status.success() {
        let mut complaint = String::new();
        let mut errors = errors;
        std::io::Seek::rewind(&mut errors)?;
        errors.read_to_string(&mut complaint)?;
        bail!("{name}: {status}\n{complaint}");
    }
    Ok((Some(text), seconds))
}

fn sentence(run: &Run) -> String {
    let score = run.score.map_or("score not told".to_owned(), |score| format!("score {score:.0}"));
    let steps = run.steps.map_or(String::new(), |steps| format!(", {steps} steps"));
    let own = run.own_stop.as_ref().map_or(String::new(), |own| format!("; {own}"));
    let solved = if run.solved { "solved" } else { "not solved" };
    format!("{solved}, {:.1} s of training{steps}, {score}, judged in {:.1} s{own}", run.seconds, run.judging)
}

/// The run in the middle, those that solved nothing last.
fn median(runs: &[Run]) -> Option<&Run> {
    let mut sorted: Vec<&Run> = runs.iter().collect();
    sorted.sort_by(|a, b| b.solved.cmp(&a.solved).then(a.seconds.total_cmp(&b.seconds)));
    sorted.get(sorted.len() / 2).copied()
}

fn table(rows: &[(Program, Vec<Run>)], limit: Duration) -> String {
    let ours = rows.iter().find(|(program, _)| *program == Program::Mobula);
    let ours = ours.and_then(|(_, runs)| median(runs)).filter(|run| run.solved).map(|run| run.seconds);
    let mut text = format!(
        "\nSeconds of training until a policy earns {SOLVED:.0} over 100 full games, the median; stopped after {:.0} s.\n\
         Of the peers, neither imports nor the games that judge them are counted (\"judged\"); of Mobula, all that passes.\n\
         Score: the mean of 100 other full games, seeds 500000 on, for each seed of the training.\n\n{:<24}{:>7}{:>10}{:>10}{:>10}{:>12}  score\n",
        limit.as_secs_f64(),
        "",
        "solved",
        "seconds",
        "judged",
        "steps",
        "Mobula is",
    );
    for (program, runs) in rows {
        let Some(middle) = median(runs) else { continue };
        let more = if middle.solved { "" } else { "> " };
        let solved = format!("{}/{}", runs.iter().filter(|run| run.solved).count(), runs.len());
        let seconds = format!("{more}{:.1}", middle.seconds);
        let steps = middle.steps.map_or("–".to_owned(), |steps| steps.to_string());
        let ratio = ours.map_or("–".to_owned(), |ours| format!("{more}{:.1}x", middle.seconds / ours));
        let scores: Vec<String> =
            runs.iter().map(|run| run.score.map_or("–".to_owned(), |score| format!("{score:.0}"))).collect();
        text += &format!(
            "{program:<24}{solved:>7}{seconds:>10}{:>10.1}{steps:>10}{ratio:>12}  {}\n",
            middle.judging,
            scores.join(", ")
        );
        for own in runs.iter().filter_map(|run| run.own_stop.as_ref()) {
            text += &format!("  {own}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"a warning
{"solved": true, "seconds": 90.5, "judging": 8.0, "steps": 200000, "score": 214.6, "own_stop": {"seconds": 40.0, "average": 103.2, "score": 110.0}}
"#;

    #[test]
    fn a_peers_report_is_its_last_line() {
        let run = theirs(REPORT).unwrap();
        assert_eq!((run.solved, run.seconds, run.steps, run.score), (true, 90.5, Some(200_000), Some(214.6)));
        assert!(run.own_stop.unwrap().contains("40.0 s (average 103.2"));
        assert!(theirs("{\"solved\": true}").unwrap_err().to_string().contains("seconds"));
        assert!(theirs("Traceback").is_err());
    }

    #[test]
    fn the_table_says_where_the_median_is_a_bound() {
        let fast = Run { seconds: 2.0, own_stop: None, ..theirs(REPORT).unwrap() };
        let slow = theirs(REPORT).unwrap();
        let rows = [
            (Program::Mobula, vec![fast.clone(), fast.clone(), stopped(600.0)]),
            (Program::Textbook, vec![stopped(600.0), slow.clone(), stopped(600.0)]),
        ];
        let table = table(&rows, Duration::from_secs(600));
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(
            lines.iter().any(
                |line| line[..] == ["Mobula", "2/3", "2.0", "8.0", "200000", "1.0x", "215,", "215,", "–"]
            ),
            "{table}"
        );
        assert!(table.contains("> 600.0") && table.contains("> 300.0x") && table.contains("1/3"), "{table}");
        assert!(table.contains("by its own rule after 40.0 s"), "{table}");
    }

    #[test]
    fn a_program_that_takes_too_long_is_stopped() {
        let mut slow = Command::new("sleep");
        let (text, seconds) = finish(slow.arg("1000"), Duration::from_millis(20)).unwrap();
        assert_eq!((text, seconds), (None, 0.02));
        let error = finish(Command::new("sh").args(["-c", "echo broken >&2; exit 3"]), SLACK).unwrap_err();
        assert!(error.to_string().contains("broken"), "{error}");
    }
}
