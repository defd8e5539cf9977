//! A cluster for trying things by hand.

use std::io::IsTerminal as _;
use std::sync::mpsc::channel;

use super::Cluster;
use crate::{Error, Result};

impl Cluster {
    /// Prints where the cluster is, waits for Enter, Ctrl-C or SIGTERM, and ends it. Without a terminal only a signal
    /// ends it.
    ///
    /// Call it once in a process, from the main program: it takes over the handling of signals.
    ///
    /// # Errors
    ///
    /// When signals cannot be handled.
    pub fn hold(self) -> Result<()> {
        let (send, receive) = channel();
        let enter = send.clone();
        ctrlc::set_handler(move || _ = send.send(())).map_err(|error| Error::Io {
            what: "handling Ctrl-C".to_owned(),
            source: std::io::Error::other(error),
        })?;
        println!("Ray {} with {} nodes", self.ray_version, self.node_ids().len());
        println!("  address    {}", self.address);
        println!("  client     {}", self.client_address);
        println!("  dashboard  {}", self.dashboard_url);
        println!("  python     {}", self.python.display());
        println!("  logs       {}", self.session_dir().join("logs").display());
        println!("\nFor tests against it:");
        let words = self.variables().into_iter().map(|(name, value)| format!("{name}={value}"));
        println!("  export {}", words.collect::<Vec<_>>().join(" "));
        if std::io::stdin().is_terminal() {
            println!("\nEnter or Ctrl-C stops it.");
            std::thread::spawn(move || {
                let read = std::io::stdin().read_line(&mut String::new());
                let _ = read.map(|_| enter.send(()));
            });
        } else {
            println!("\nCtrl-C or SIGTERM stops process {}.", std::process::id());
        }
        // An error would mean that every sender is gone, which the signal handler's never is.
        let _ = receive.recv();
        println!("stopping");
        drop(self);
        Ok(())
    }
}
