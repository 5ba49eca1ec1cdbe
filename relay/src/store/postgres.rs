//! The store in a PostgreSQL database, which several relays may share: what one writes, the others serve and are told of.
//!
//! Every change locks what it decides by, in one order, and is on disk when it is answered. What is deleted is gone from the tables at once, and
//! from the database's files when it vacuums and its log is recycled.

mod authorities;
mod columns;
mod connection;
mod listening;
mod mailboxes;
mod pages;
mod place;
#[cfg(test)]
mod plans;
mod published;
mod reading;
mod records;
mod rows;
mod schema;

use std::sync::{Arc, Mutex, PoisonError};

use connection::Pool;
pub(super) use connection::{Done, Work};
pub use place::PostgresPlace;

use super::StoreError;
use listening::Listener;

/// The store in a PostgreSQL database.
pub struct PostgresStore {
    pool: Option<Arc<Pool>>,
    generation: [u8; 16],
    listener: Mutex<Option<Listener>>,
    log: tracing::Dispatch,
}

impl PostgresStore {
    /// Opens the database, makes its tables, or brings them to the present version. Not on a thread that drives an asynchronous runtime.
    ///
    /// # Errors
    /// [`StoreError`]: an address that is none, newer, full, or the database does not answer.
    pub fn open(place: &PostgresPlace, log: &tracing::Dispatch) -> Result<Self, StoreError> {
        let pool = Pool::new(place)?;
        let generation = pool.write(schema::migrate)?;
        Ok(Self {
            pool: Some(Arc::new(pool)),
            generation,
            listener: Mutex::default(),
            log: log.clone(),
        })
    }

    /// Changes the tables, all at once.
    pub(super) fn write_all<T>(&self, work: impl Fn(&mut Work<'_>) -> Done<T>) -> Result<T, StoreError> {
        self.pool()?.write(work)
    }

    fn pool(&self) -> Result<&Arc<Pool>, StoreError> {
        self.pool.as_ref().ok_or(StoreError::Failed)
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        let pool = self.pool.take();
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Connections block while they end, which a thread that drives an asynchronous runtime must not; and the last to hold a store may be one.
        let ending = std::thread::spawn(move || drop((listener, pool)));
        // A panic there changes nothing here.
        let _ = ending.join();
    }
}
