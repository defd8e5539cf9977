//! Cancelling.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use mobula::{Error, ObjectRef, Ray};

use crate::check::{equal, fails, holds};

/// Runs until it is cancelled, and says so in files; gives up by itself after half a minute.
#[mobula::task]
fn patient(ray: &Ray, folder: &str) -> mobula::Result<()> {
    let mark = |name: &str| {
        std::fs::write(Path::new(folder).join(name), "").map_err(|e| Error::Invalid(e.to_string()))
    };
    mark("started")?;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(30) {
        if let Err(cancelled) = ray.check_cancelled() {
            mark("told")?;
            return Err(cancelled);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn folder() -> Result<std::path::PathBuf> {
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_nanos();
    let folder = std::env::temp_dir().join(format!("mobula-cancel-{nanos}"));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

fn wait_for(path: &Path) -> Result<()> {
    let start = Instant::now();
    while !path.exists() {
        if start.elapsed() > Duration::from_secs(30) {
            bail!("{} did not appear", path.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

#[mobula::task]
fn after(_before: (), folder: &str) -> Result<()> {
    Ok(std::fs::write(Path::new(folder).join("ran"), "")?)
}

pub fn a_waiting_task_never_starts(ray: &Ray) -> Result<()> {
    let folder = folder()?;
    let text = folder.display().to_string();
    let first = patient::remote(text.clone()).submit(ray)?;
    let second: ObjectRef<()> = after::remote(&first, text).submit(ray)?;
    wait_for(&folder.join("started"))?;
    ray.cancel(&second, false)?;
    fails(second.get_timeout(ray, Duration::from_secs(60)), |e| matches!(e, Error::Cancelled(_)))?;
    ray.cancel(&first, false)?;
    wait_for(&folder.join("told"))?;
    holds(!folder.join("ran").exists(), "the cancelled task ran")?;
    Ok(std::fs::remove_dir_all(folder)?)
}

pub fn a_running_task_is_told(ray: &Ray) -> Result<()> {
    let folder = folder()?;
    let running = patient::remote(folder.display().to_string()).submit(ray)?;
    wait_for(&folder.join("started"))?;
    ray.cancel(&running, false)?;
    wait_for(&folder.join("told"))?;
    fails(running.get_timeout(ray, Duration::from_secs(60)), |e| matches!(e, Error::Cancelled(_)))?;
    Ok(std::fs::remove_dir_all(folder)?)
}

#[mobula::task]
fn quick() -> u8 {
    3
}

pub fn cancel_after_the_end_does_nothing(ray: &Ray) -> Result<()> {
    let done = quick::remote().submit(ray)?;
    equal(done.get(ray)?, 3)?;
    ray.cancel(&done, false)?;
    equal(done.get(ray)?, 3)
}
