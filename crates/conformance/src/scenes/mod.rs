//! Scenes: what a program sees while a cluster breaks under it. A test drives them (`tests/faults_actors.rs`): a scene says
//! where it has come to and waits; the test kills something, and lets it go on.

mod deaths;
mod memory;

use std::io::{BufRead, Write};

use anyhow::{Context, Result, bail};
use mobula::Ray;

/// What a scene does.
type Body = fn(&Ray) -> Result<()>;

const SCENES: &[(&str, Body)] = &[
    ("worker_dies", deaths::worker_dies),
    ("actor_dies", deaths::actor_dies),
    ("actor_restarts", deaths::actor_restarts),
    ("driver_dies", deaths::driver_dies),
    ("driver_returns", deaths::driver_returns),
    ("node_dies", deaths::node_dies),
    ("node_is_cut_off", deaths::node_is_cut_off),
    ("many_puts", memory::many_puts),
    ("nested", memory::nested),
];

/// Plays the scene of this name.
///
/// # Errors
/// What the scene found otherwise than it should be; no scene of this name.
pub fn play(ray: &Ray, name: &str) -> Result<()> {
    let Some((_, body)) = SCENES.iter().find(|scene| scene.0 == name) else {
        bail!("there is no scene `{name}`");
    };
    body(ray)?;
    println!("the end");
    Ok(())
}

/// Says where the scene has come to, and waits for a line on standard input.
fn at(place: &str) -> Result<()> {
    println!("at {place}");
    std::io::stdout().flush()?;
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).context("waiting to go on")?;
    if read == 0 {
        bail!("left alone at {place}");
    }
    Ok(())
}
