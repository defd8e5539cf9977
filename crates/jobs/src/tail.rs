//! A log of the job, printed as it grows.
//!
//! A thread follows the log through one long answer of the dashboard. Such an answer may break off (a proxy, a restart),
//! so the thread begins anew and skips what was printed. When the job has ended, [`Tail::finish`] reads the whole log once
//! more in a plain request and prints what is missing: nothing depends on when the long answer delivers its last bytes.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::{Client, Result};

/// How Ray 2.43 begins an answer that is no log: its status is 200 all the same.
const NO_LOG: &[u8] = b"[get_logs] Fetch log error";
/// How Ray begins a job's log: with the entrypoint, which is the user's own command in other words.
const ENTRYPOINT: &[u8] = b"Running entrypoint for job ";
/// How long to wait before a log that is not there yet is asked for again.
const PAUSE: Duration = Duration::from_millis(500);

/// Where a log is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    Stdout,
    /// Without Ray's line about the entrypoint.
    Stderr,
}

/// A log that is followed.
pub struct Tail {
    client: Client,
    node: String,
    file: String,
    printer: Arc<Mutex<Printer>>,
}

struct Printer {
    sink: Sink,
    /// Bytes of the log that are done with.
    done: u64,
    /// What may be the beginning of Ray's own line.
    held: Option<Vec<u8>>,
    closed: bool,
}

impl Tail {
    pub fn start(client: &Client, node: &str, file: String, sink: Sink) -> Tail {
        let held = (sink == Sink::Stderr).then(Vec::new);
        let printer = Printer { sink, done: 0, held, closed: false };
        let tail =
            Tail { client: client.clone(), node: node.into(), file, printer: Arc::new(Mutex::new(printer)) };
        let (client, node, file) = (tail.client.clone(), tail.node.clone(), tail.file.clone());
        let printer = Arc::clone(&tail.printer);
        // Ends with the process at the latest: a long answer cannot be interrupted.
        std::thread::spawn(move || {
            while !lock(&printer).closed {
                if let Ok(log) = client.log(&node, &file, true) {
                    // What goes wrong here is made good by the next round, or in the end.
                    let _ = copy(log, &printer, true);
                }
                std::thread::sleep(PAUSE);
            }
        });
        tail
    }

    /// Prints what is still missing; gives the log's length.
    pub fn finish(&self) -> Result<io::Result<u64>> {
        let log = self.client.log(&self.node, &self.file, false)?;
        let copied = copy(log, &self.printer, false);
        let mut printer = lock(&self.printer);
        printer.closed = true;
        printer.release();
        let done = printer.done;
        Ok(copied.map(|()| done))
    }
}

fn lock(printer: &Mutex<Printer>) -> std::sync::MutexGuard<'_, Printer> {
    printer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Prints what is new in `log`, which is the whole of it from its first byte.
fn copy(mut log: impl Read, printer: &Mutex<Printer>, follow: bool) -> io::Result<()> {
    let (mut block, mut at) = (vec![0; 1 << 16], 0_u64);
    loop {
        let n = log.read(&mut block)?;
        if n == 0 {
            return Ok(());
        }
        let mut printer = lock(printer);
        if printer.closed || at == 0 && block[..n].starts_with(NO_LOG) {
            return if follow { Ok(()) } else { Err(io::Error::other("the log is not there")) };
        }
        let skip = usize::try_from(printer.done.saturating_sub(at)).unwrap_or(usize::MAX).min(n);
        at += n as u64;
        if skip < n {
            printer.print(&block[skip..n]);
            printer.done = at;
        }
    }
}

impl Printer {
    fn print(&mut self, bytes: &[u8]) {
        let Some(mut held) = self.held.take() else { return self.write(bytes) };
        held.extend_from_slice(bytes);
        // Ray's own line may come after others, which tell of the environment being set up.
        while !held.is_empty() {
            let Some(end) = held.iter().position(|byte| *byte == b'\n') else { break };
            let line: Vec<u8> = held.drain(..=end).collect();
            if line.starts_with(ENTRYPOINT) {
                // Whatever follows is the program's.
                return self.write(&held);
            }
            self.write(&line);
        }
        self.held = Some(held);
    }

    fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.write(&held);
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        // A reader that has seen enough (`… | head`) is no reason to stop the job: there may be files to write.
        let _ = match self.sink {
            Sink::Stdout => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
            Sink::Stderr => io::stderr().write_all(bytes),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printer() -> Mutex<Printer> {
        // Standard output of a test is a pipe or a file; a few bytes on it do no harm.
        Mutex::new(Printer { sink: Sink::Stdout, done: 0, held: None, closed: false })
    }

    #[test]
    fn a_log_that_is_read_again_continues_where_it_was() {
        let printer = printer();
        copy(&b"one\ntwo\n"[..], &printer, true).unwrap();
        assert_eq!(lock(&printer).done, 8);
        copy(&b"one\ntwo\nthree\n"[..], &printer, false).unwrap();
        assert_eq!(lock(&printer).done, 14);
        copy(&b"one\n"[..], &printer, true).unwrap();
        assert_eq!(lock(&printer).done, 14);
    }

    #[test]
    fn an_answer_that_is_no_log_is_not_printed() {
        let printer = printer();
        copy(&b"[get_logs] Fetch log error: no such file"[..], &printer, true).unwrap();
        assert_eq!(lock(&printer).done, 0);
        assert!(copy(&b"[get_logs] Fetch log error: no such file"[..], &printer, false).is_err());
    }
}
