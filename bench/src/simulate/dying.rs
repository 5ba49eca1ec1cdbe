//! A process that dies in the middle of its work: from a chosen moment on, its randomness and its key store answer nothing, so that the
//! transaction under way is never committed, or is and its old key is not yet destroyed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use techo_core::ports::{KeyError, KeyId, KeyKeeper, Random, RandomError, SeededRandom, WrappingKey};

/// Counts down to the process's death; negative while it is to live.
#[derive(Clone)]
pub struct Life(Arc<AtomicI64>);

impl Default for Life {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(-1)))
    }
}

impl Life {
    /// It dies at the `moves`-th move from now.
    pub fn ends_after(&self, moves: usize) {
        self.0.store(i64::try_from(moves).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// It lives on. Answers whether it was dead.
    pub fn renew(&self) -> bool {
        self.0.swap(-1, Ordering::Relaxed) == 0
    }

    fn is_over(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        if left > 0 {
            self.0.store(left - 1, Ordering::Relaxed);
        }
        left == 0
    }
}

pub struct DyingRandom {
    pub stream: SeededRandom,
    pub life: Life,
}

impl Random for DyingRandom {
    fn fill(&self, out: &mut [u8]) -> Result<(), RandomError> {
        if self.life.is_over() {
            return Err(RandomError::Unavailable);
        }
        self.stream.fill(out)
    }
}

/// Keeps a device's wrapping keys in memory.
#[derive(Clone, Default)]
pub struct Keeper {
    keys: Arc<Mutex<BTreeMap<KeyId, WrappingKey>>>,
    pub life: Life,
}

impl Keeper {
    /// What a copy of the device's folder and key store gives.
    pub fn copied(&self) -> Self {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Self {
            keys: Arc::new(Mutex::new(keys)),
            life: Life::default(),
        }
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<KeyId, WrappingKey>)) -> Result<(), KeyError> {
        if self.life.is_over() {
            return Err(KeyError::Unavailable {
                reason: "the process is dead".into(),
            });
        }
        change(&mut self.keys.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }
}

impl KeyKeeper for Keeper {
    fn load(&self, id: &KeyId) -> Result<Option<WrappingKey>, KeyError> {
        Ok(self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned())
    }

    fn store(&mut self, id: &KeyId, key: &WrappingKey) -> Result<(), KeyError> {
        self.change(|keys| {
            keys.insert(*id, key.clone());
        })
    }

    fn ids(&self) -> Result<Vec<KeyId>, KeyError> {
        Ok(self
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .copied()
            .collect())
    }

    fn delete(&mut self, id: &KeyId) -> Result<(), KeyError> {
        self.change(|keys| {
            keys.remove(id);
        })
    }
}
