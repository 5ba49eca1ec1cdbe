//! The end of a deletion: every wrapping key but the one in use is destroyed, and the write-ahead log is emptied.

use rusqlite::{Transaction, TransactionBehavior};

use super::{StoreError, Vault, VaultError, log};
use crate::ports::KeyId;

impl Vault {
    /// Destroys the wrapping keys that the stored keyring does not lie under: old ones, and new ones that never came
    /// into use because their transaction was cut short.
    ///
    /// Done under the write lock, or a key that another process has made and not yet committed would be destroyed.
    pub(super) fn finish_forgetting(&mut self) -> Result<(), VaultError> {
        self.destroy_old_keys()
            .and_then(|()| self.empty_log())
            .map_err(|_| StoreError::NotYetForgotten)?;
        self.unfinished = false;
        Ok(())
    }

    fn destroy_old_keys(&mut self) -> Result<(), VaultError> {
        let tx = Transaction::new_unchecked(&self.db, TransactionBehavior::Immediate)?;
        let in_use: KeyId = tx.query_row("SELECT wrapping FROM keyring", [], |row| row.get(0))?;
        for id in self.keeper.ids()? {
            if id != in_use {
                self.keeper.delete(&id)?;
            }
        }
        tx.finish()?;
        Ok(())
    }

    /// Moves the log into the database, whose freed pages `secure_delete` has overwritten, and cuts it to nothing.
    ///
    /// Another process that is reading can hold this up; then it is left to the next time, because what is in the log
    /// is sealed under a key that is destroyed already.
    fn empty_log(&self) -> Result<(), VaultError> {
        Ok(log::empty(&self.db)?)
    }
}
