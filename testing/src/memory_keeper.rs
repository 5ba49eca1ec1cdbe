//! A keeper of keys in memory that several vaults may share, and that can be made to fail or to watch.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use techo_core::ports::{KeyError, KeyId, KeyKeeper, SystemRandom, WrappingKey};
use techo_core::vault::Vault;

/// What a keeper is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeeperCall {
    /// It is about to keep a key.
    Store,
    /// It is about to forget a key.
    Delete,
}

type Watcher = Box<dyn FnMut(KeeperCall) -> Result<(), KeyError> + Send>;

/// Keeps keys in memory. Clones are other processes' handles on the same keeper.
#[derive(Clone, Default)]
pub struct MemoryKeeper {
    /// The keys that it keeps.
    pub keys: Arc<Mutex<BTreeMap<KeyId, WrappingKey>>>,
    watcher: Arc<Mutex<Option<Watcher>>>,
}

impl MemoryKeeper {
    /// Calls `watcher` before each change; its error is the keeper's answer.
    pub fn watch(&self, watcher: impl FnMut(KeeperCall) -> Result<(), KeyError> + Send + 'static) {
        *self.watcher.lock().unwrap() = Some(Box::new(watcher));
    }

    /// Calls nobody any more.
    pub fn stop_watching(&self) {
        *self.watcher.lock().unwrap() = None;
    }

    /// The vault of a folder, opened with this keeper.
    pub fn open(&self, folder: &Path) -> Vault {
        Vault::open(folder, Box::new(self.clone()), Box::new(SystemRandom::new())).unwrap()
    }

    fn call(&self, call: KeeperCall) -> Result<(), KeyError> {
        self.watcher.lock().unwrap().as_mut().map_or(Ok(()), |watcher| watcher(call))
    }
}

impl KeyKeeper for MemoryKeeper {
    fn load(&self, id: &KeyId) -> Result<Option<WrappingKey>, KeyError> {
        Ok(self.keys.lock().unwrap().get(id).cloned())
    }

    fn store(&mut self, id: &KeyId, key: &WrappingKey) -> Result<(), KeyError> {
        self.call(KeeperCall::Store)?;
        self.keys.lock().unwrap().insert(*id, key.clone());
        Ok(())
    }

    fn ids(&self) -> Result<Vec<KeyId>, KeyError> {
        Ok(self.keys.lock().unwrap().keys().copied().collect())
    }

    fn delete(&mut self, id: &KeyId) -> Result<(), KeyError> {
        self.call(KeeperCall::Delete)?;
        self.keys.lock().unwrap().remove(id);
        Ok(())
    }
}

/// Copies a folder's files, as a crash would leave them.
pub fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // Not the shared memory: after a crash it is made anew from the log.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
