//! A page to watch a training on, while it runs.
//!
//! ```text
//!  driver ── round, weights ──▶ Board ◀── poses ── pilot: flies the newest weights, 50 steps a second
//!                                 ▲
//!                              server ── the page, and what is new on the board ──▶ browser
//! ```
//!
//! The training pays a copy of the weights for each round and nothing else: pilot and server are threads that sleep nearly all the
//! time, and none of them touches what the training computes with. The server listens on this machine's own address alone, and
//! answers only those who asked for it by that: a web page that was opened elsewhere cannot reach it under a name of its own.

mod board;
mod pilot;
mod server;

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::activity::Activity;
use crate::plan::Plan;
use crate::round::Round;
use crate::run_dir::Metrics;
use board::Board;

/// Where it listens by default, if nobody else does.
pub const PORT: u16 = 8650;

/// How long the end of a training waits for those who watch, so that they see it.
const LINGER: Duration = Duration::from_millis(1500);

/// The live page of a training. Goes with it.
pub struct Live {
    board: Arc<Board>,
    server: Arc<tiny_http::Server>,
    port: u16,
    /// Hangs up when the server has stopped.
    stopped: Receiver<()>,
}

impl Live {
    /// Serves the page on this port; with none given on 8650, or any if that is taken.
    ///
    /// # Errors
    /// A port that is taken, or is not for this user.
    pub fn start(port: Option<u16>) -> Result<Live> {
        let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = match port {
            Some(port) => bind(port).with_context(|| format!("--live-port {port} cannot be listened on"))?,
            None => bind(PORT).or_else(|_| bind(0)).context("no port for the live page")?,
        };
        let port = listener.local_addr()?.port();
        let server = tiny_http::Server::from_listener(listener, None).map_err(io::Error::other)?;
        let (board, server) = (Arc::new(Board::default()), Arc::new(server));
        let (send, stopped) = channel();
        let (answers, shown) = (server.clone(), board.clone());
        thread::Builder::new().name("live-server".into()).spawn(move || {
            server::serve(&answers, &shown);
            drop(send);
        })?;
        let flown = board.clone();
        thread::Builder::new().name("live-pilot".into()).spawn(move || pilot::fly(&flown))?;
        Ok(Live { board, server, port, stopped })
    }

    /// Where the page is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// A run begins, or goes on after these rounds; a round is called `unit`, and the actor in the middle `middle`, where there is one.
    pub fn begin(&self, plan: &Plan, unit: &str, middle: &str, before: &[Metrics], activity: Activity) {
        self.board.begin(plan, unit, middle, before, activity);
    }

    /// A round is over.
    pub fn round(&self, round: &Round, metrics: &Metrics) {
        self.board.round(round, metrics);
    }

    /// The training is over; who watches is told so.
    pub fn end(&self, sentence: &str) {
        self.board.end(sentence, LINGER);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.board.end("The training has ended.", Duration::ZERO);
        self.server.unblock();
        // A browser that does not read must not hold up the end: the threads would go with the process.
        let _ = self.stopped.recv_timeout(Duration::from_secs(1));
    }
}
