//! Draws the pictures of the documentation.
//!
//! `cargo run --release -p lunar-lander --example frames [DIRECTORY]` writes `landing.gif` and `start.png`
//! to `crates/lunar-lander/docs`. With a directory of frames that Gymnasium drew
//! (`python xtask/python/lander_frames.py DIRECTORY`) it also writes `side_by_side.png`, Gymnasium's on the
//! left, and says how far the pixels are apart.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use lunar_lander::frames::{Frame, GifWriter, Renderer, write_png};
use lunar_lander::{Action, Environment, LunarLander, Options, policy};

fn main() -> Result<(), Box<dyn Error>> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    fs::create_dir_all(&docs)?;
    let mut lander = LunarLander::new(Options::default())?;

    lander.reset(3);
    let start = Renderer::new().frame(&lander);
    write_png(create(&docs, "start.png")?, &[&start])?;

    lander.reset(7);
    let mut renderer = Renderer::new();
    let mut engines = renderer.frame(&lander);
    for i in 0..40 {
        lander.step(Action::Discrete([2, 2, 1, 3][i % 4]))?;
        engines = renderer.frame(&lander);
    }

    let mut observation = lander.reset(1);
    let mut renderer = Renderer::new();
    // Every other frame at half the rate shows the same speed.
    let mut gif = GifWriter::with_delay(create(&docs, "landing.gif")?, 4)?;
    let landed = loop {
        let step = lander.step(policy::skilful(&observation))?;
        let frame = renderer.frame(&lander);
        if lander.steps() % 2 == 0 || step.done() {
            gif.write(&frame)?;
        }
        if step.done() {
            break frame;
        }
        observation = step.observation;
    };
    drop(gif);
    println!("landing.gif: {} bytes", fs::metadata(docs.join("landing.gif"))?.len());

    if let Some(theirs) = std::env::args_os().nth(1).map(PathBuf::from) {
        let mut pairs = Vec::new();
        for (name, ours) in [("start", start), ("engines", engines), ("landed", landed)] {
            let theirs = read(&theirs.join(format!("{name}.rgb")))?;
            let sum: u64 =
                ours.bytes().iter().zip(theirs.bytes()).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
            println!("{name}: mean absolute difference {:.3} of 255", sum as f64 / ours.bytes().len() as f64);
            pairs.push((theirs, ours));
        }
        let [_, (theirs, ours), _] = &pairs[..] else { return Ok(()) };
        write_png(create(&docs, "side_by_side.png")?, &[theirs, ours])?;
    }
    Ok(())
}

fn create(docs: &Path, name: &str) -> std::io::Result<BufWriter<File>> {
    File::create(docs.join(name)).map(BufWriter::new)
}

fn read(path: &Path) -> std::io::Result<Frame> {
    let bytes = fs::read(path)?;
    let pixels = bytes.chunks_exact(3).map(|rgb| [rgb[0], rgb[1], rgb[2]]).collect();
    Ok(Frame { pixels })
}
