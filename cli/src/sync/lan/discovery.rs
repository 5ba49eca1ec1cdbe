//! How devices hear of each other because a person said where the other is.

use std::time::Duration;

use techo_core::ports::{Discovery, Heard};

use super::LanError;

/// Where the person said that the others are.
pub struct Given {
    peers: std::vec::IntoIter<Heard>,
}

impl Given {
    pub fn new(peers: Vec<Heard>) -> Self {
        Self {
            peers: peers.into_iter(),
        }
    }
}

impl Discovery for Given {
    fn announce(&mut self, _: &str, _: u16) -> Result<(), LanError> {
        Ok(())
    }

    fn hear(&mut self, wait: Duration) -> Result<Option<Heard>, LanError> {
        let next = self.peers.next();
        if next.is_none() {
            std::thread::sleep(wait);
        }
        Ok(next)
    }
}
