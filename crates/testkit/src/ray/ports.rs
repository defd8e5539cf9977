//! Ports for clusters that live at the same time.
//!
//! A port that was free a moment ago may be taken when Ray binds it. Two measures keep that from happening: the ports
//! lie below the range from which the system hands out its own (Ray's workers take theirs from there), and they come in
//! blocks that are locked across processes for as long as the cluster lives.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use crate::{Error, Result};

/// The first port of the first block; above those that Ray Client gives its drivers (23000 to 24000).
const FIRST: u16 = 24_064;
/// Ports of one block: four for the head, and one for each node's dashboard agent.
const SIZE: u16 = 32;
/// Blocks end below 32768, where Linux's own range begins.
const BLOCKS: u16 = (32_768 - FIRST) / SIZE;

/// A block of ports that no other cluster of this crate has.
#[derive(Debug)]
pub(super) struct Ports {
    first: u16,
    /// Locked while the block is in use.
    _lock: File,
}

impl Ports {
    /// How many nodes a block is enough for.
    pub(super) const MOST_NODES: usize = (SIZE - 4) as usize;

    /// Takes a block in which every port is free.
    pub(super) fn reserve() -> Result<Ports> {
        let folder = std::env::temp_dir().join("mobula-ports");
        std::fs::create_dir_all(&folder).map_err(Error::io(format!("making {}", folder.display())))?;
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
                return Ok(Ports { first, _lock: lock });
            }
        }
        Err(Error::Io {
            what: "choosing ports for a cluster".to_owned(),
            source: std::io::Error::other(format!("no {SIZE} free ports in a row between {FIRST} and 32767")),
        })
    }

    /// Where the cluster is reached (Ray's GCS).
    pub(super) fn gcs(&self) -> u16 {
        self.first
    }

    /// Where Ray Client is served.
    pub(super) fn client(&self) -> u16 {
        self.first + 1
    }

    /// Where the dashboard is.
    pub(super) fn dashboard(&self) -> u16 {
        self.first + 2
    }

    /// Where the head's runtime environments are made.
    pub(super) fn runtime_env_agent(&self) -> u16 {
        self.first + 3
    }

    /// Where node `node`'s dashboard agent listens; its default is one fixed port, so two nodes of a machine would
    /// fight for it.
    pub(super) fn agent(&self, node: usize) -> u16 {
        self.first + 4 + (node % Self::MOST_NODES) as u16
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_at_the_same_time_get_different_ports() {
        let (one, two) = (Ports::reserve().unwrap(), Ports::reserve().unwrap());
        assert_ne!(one.gcs(), two.gcs());
        let all = |ports: &Ports| {
            let mut all = vec![ports.gcs(), ports.client(), ports.dashboard(), ports.runtime_env_agent()];
            all.extend((0..Ports::MOST_NODES).map(|node| ports.agent(node)));
            all
        };
        assert!(all(&one).iter().all(|port| is_free(*port) && !all(&two).contains(port)));
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
