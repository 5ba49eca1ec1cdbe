//! Who waits for what: a bounded number of waits, each for one name, woken when something came under it. In memory, of this process only;
//! a database that tells of other processes' writes wakes through the same call.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::RelayError;

/// Most waits for one name: a household has at most 16 devices, and each may have an old connection that is not known to be dead yet.
const MOST_OF_ONE: usize = 32;

/// Waits for names of one kind.
pub struct WaitingRoom<K> {
    most: usize,
    /// `None` once it has ended.
    waits: Mutex<Option<Waits<K>>>,
}

struct Waits<K> {
    all: usize,
    by_name: HashMap<K, watch::Sender<()>>,
}

/// One wait; dropping it is how it ends, whenever that is.
pub struct Waiting<K: Copy + Eq + Hash> {
    room: Arc<WaitingRoom<K>>,
    name: K,
    woken: Option<watch::Receiver<()>>,
}

impl<K: Copy + Eq + Hash> WaitingRoom<K> {
    /// Room for `most` waits at once.
    pub fn new(most: usize) -> Arc<Self> {
        let waits = Waits {
            all: 0,
            by_name: HashMap::new(),
        };
        Arc::new(Self {
            most,
            waits: Mutex::new(Some(waits)),
        })
    }

    /// Begins a wait: whatever comes under `name` from now on wakes it. In a room that has ended it is woken at once.
    ///
    /// # Errors
    /// [`RelayError::Busy`] where there is no room for it.
    pub fn enter(self: &Arc<Self>, name: K) -> Result<Waiting<K>, RelayError> {
        let mut waits = self.lock();
        let woken = match &mut *waits {
            None => None,
            Some(waits) => {
                let of_one = waits.by_name.get(&name).map_or(0, watch::Sender::receiver_count);
                if waits.all >= self.most || of_one >= MOST_OF_ONE {
                    return Err(RelayError::Busy);
                }
                waits.all += 1;
                Some(waits.by_name.entry(name).or_default().subscribe())
            }
        };
        Ok(Waiting {
            room: Arc::clone(self),
            name,
            woken,
        })
    }

    /// Wakes who waits for `name`.
    pub fn wake(&self, name: K) {
        if let Some(sender) = self.lock().as_ref().and_then(|waits| waits.by_name.get(&name)) {
            sender.send_replace(());
        }
    }

    /// Wakes everybody who waits, whatever for.
    pub fn wake_all(&self) {
        for sender in self.lock().iter().flat_map(|waits| waits.by_name.values()) {
            sender.send_replace(());
        }
    }

    /// Wakes everybody; from now on nobody waits.
    pub fn end(&self) {
        *self.lock() = None;
    }

    /// How many waits are under way.
    pub fn len(&self) -> usize {
        self.lock().as_ref().map_or(0, |waits| waits.all)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Waits<K>>> {
        // Every change of it is done before anything can panic.
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Waiting<K> {
    /// Whether the room has ended: it is woken at once, for ever.
    pub fn is_over(&self) -> bool {
        self.woken.as_ref().is_none_or(|woken| woken.has_changed().is_err())
    }

    /// Returns once something came, or the room has ended.
    pub async fn woken(&mut self) {
        if let Some(woken) = &mut self.woken {
            // An error says that the sender is gone: the room has ended.
            let _ = woken.changed().await;
        }
    }
}

impl<K: Copy + Eq + Hash> Drop for Waiting<K> {
    fn drop(&mut self) {
        let mut waits = self.room.lock();
        let (Some(waits), Some(woken)) = (&mut *waits, self.woken.take()) else {
            return;
        };
        drop(woken);
        waits.all = waits.all.saturating_sub(1);
        if waits
            .by_name
            .get(&self.name)
            .is_some_and(|sender| sender.receiver_count() == 0)
        {
            waits.by_name.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_is_woken_by_its_own_name_only() {
        let room = WaitingRoom::new(10);
        let mut one = room.enter(1).unwrap();
        let mut two = room.enter(2).unwrap();
        room.wake(1);
        one.woken().await;
        let still = tokio::time::timeout(std::time::Duration::from_millis(20), two.woken()).await;
        assert!(still.is_err());
        // What came before the wait was looked at is not missed.
        room.wake(2);
        two.woken().await;
    }

    #[tokio::test]
    async fn an_ended_room_holds_nobody() {
        let room = WaitingRoom::new(10);
        let mut before = room.enter(1).unwrap();
        room.end();
        before.woken().await;
        room.enter(1).unwrap().woken().await;
        assert_eq!(room.len(), 0);
    }

    #[test]
    fn waits_are_bounded_in_all_and_for_each() {
        let room = WaitingRoom::new(40);
        let of_one: Vec<_> = (0..MOST_OF_ONE).map(|_| room.enter(1).unwrap()).collect();
        assert_eq!(room.enter(1).err(), Some(RelayError::Busy));
        let rest: Vec<_> = (2..10).map(|name| room.enter(name).unwrap()).collect();
        assert_eq!(room.enter(20).err(), Some(RelayError::Busy));
        drop((of_one, rest));
        assert_eq!(room.len(), 0);
        assert!(
            room.lock().as_ref().unwrap().by_name.is_empty(),
            "nothing is kept of who left"
        );
        assert!(room.enter(1).is_ok());
    }
}
