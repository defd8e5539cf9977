//! Ports for clusters that live at the same time.
//!
//! A port that was free a moment ago may be taken when Ray binds it. Two measures keep that from happening: the ports
//! lie below the range from which the system hands out its own (Ray's workers take theirs from there), and they come in
//! blocks that are locked across processes for as long as the cluster lives.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// The first port of the first block; above those that Ray Client gives its drivers (23000 to 24000).
const FIRST: u16 = 24_064;
/// Ports of one block: four for the head, and one for each node's dashboard agent.
const SIZE: u16 = 32;
/// Blocks end below 32768, where Linux's own range begins.
const BLOCKS: u16 = (32_768 - FIRST) / SIZE;

/// A block of ports that no other cluster of this crate has.
#[derive(Debug)]
pub struct Ports {
    first: u16,
    gcs: u16,
    client: u16,
    dashboard: u16,
    /// Locked while the block is in use.
    _lock: File,
}

impl Ports {
    /// How many nodes a block is enough for.
    pub const MOST_NODES: usize = (SIZE - 4) as usize;

    /// Takes a block in which every port is free.
    ///
    /// # Errors
    /// When there is none, or the folder of the locks cannot be made.
    pub fn reserve() -> io::Result<Ports> {
        let folder = std::env::temp_dir().join("mobula-ports");
        std::fs::create_dir_all(&folder)?;
        // Different processes begin at different blocks, and rarely meet.
        let begin = (RandomState::new().hash_one(std::process::id()) % u64::from(BLOCKS)) as u16;
        for offset in 0..BLOCKS {
            let first = FIRST + (begin + offset) % BLOCKS * SIZE;
            // Another user's lock file cannot be opened: then the block is theirs.
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(folder.join(first.to_string()));
            let Ok(lock) = file else { continue };
            if lock.try_lock().is_ok() && (first..first + SIZE).all(is_free) {
                return Ok(Ports { first, gcs: first, client: first + 1, dashboard: first + 2, _lock: lock });
            }
        }
        Err(io::Error::other(format!("no {SIZE} free ports in a row between {FIRST} and 32767")))
    }

    /// As [`Ports::reserve`], with the ports that Ray's documentation names (6379, 10001, 8265) where they are free.
    ///
    /// # Errors
    /// As [`Ports::reserve`].
    pub fn reserve_usual() -> io::Result<Ports> {
        let mut ports = Ports::reserve()?;
        for (port, usual) in
            [(&mut ports.gcs, 6379), (&mut ports.client, 10001), (&mut ports.dashboard, 8265)]
        {
            if is_free(usual) {
                *port = usual;
            }
        }
        Ok(ports)
    }

    /// Where the cluster is reached (Ray's GCS).
    #[must_use]
    pub fn gcs(&self) -> u16 {
        self.gcs
    }

    /// Where Ray Client is served.
    #[must_use]
    pub fn client(&self) -> u16 {
        self.client
    }

    /// Where the dashboard is.
    #[must_use]
    pub fn dashboard(&self) -> u16 {
        self.dashboard
    }

    /// Where the head's runtime environments are made.
    #[must_use]
    pub fn runtime_env_agent(&self) -> u16 {
        self.first + 3
    }

    /// Where node `node`'s dashboard agent listens; its default is one fixed port, so two nodes of a machine would
    /// fight for it.
    #[must_use]
    pub fn agent(&self, node: usize) -> u16 {
        self.first + 4 + (node % Self::MOST_NODES) as u16
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process that another test starts at this moment has, until it becomes its program, a copy of the listener that a
    /// port was tried with.
    fn becomes_free(port: u16) -> bool {
        let again = |_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            is_free(port)
        };
        is_free(port) || (0..500).any(again)
    }

    #[test]
    fn clusters_at_the_same_time_get_different_ports() {
        let (one, two) = (Ports::reserve().unwrap(), Ports::reserve().unwrap());
        assert_ne!(one.gcs(), two.gcs());
        let all = |ports: &Ports| {
            let mut all = vec![ports.gcs(), ports.client(), ports.dashboard(), ports.runtime_env_agent()];
            all.extend((0..Ports::MOST_NODES).map(|node| ports.agent(node)));
            all
        };
        assert!(all(&one).iter().all(|port| becomes_free(*port) && !all(&two).contains(port)));
    }

    #[test]
    fn a_block_with_a_taken_port_is_passed_over() {
        let mine = Ports::reserve().unwrap();
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, mine.dashboard())).unwrap();
        let first = mine.gcs();
        drop(mine);
        // Unlocked again, but not free.
        assert_ne!(Ports::reserve().unwrap().gcs(), first);
        drop(taken);
    }
}
