//! Connections at once, in all and from one address.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Source;
use crate::error::RelayError;

/// Connections that are open.
pub struct Connections {
    most: usize,
    most_of_one: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_source: HashMap<Source, usize>,
}

impl Connections {
    /// `most` connections in all, `most_of_one` from one source.
    pub fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            most_of_one,
            open: Mutex::default(),
        })
    }

    /// Counts a connection until the answer is dropped. `None` for a source that only the limit of all counts for: a reverse proxy.
    ///
    /// # Errors
    /// [`RelayError::Busy`] or [`RelayError::TooManyConnections`].
    pub fn admit(self: &Arc<Self>, source: Option<Source>) -> Result<Admitted, RelayError> {
        self.with(|open| {
            if open.all >= self.most {
                return Err(RelayError::Busy);
            }
            if let Some(source) = source {
                let of_one = open.by_source.entry(source).or_default();
                if *of_one >= self.most_of_one {
                    return Err(RelayError::TooManyConnections);
                }
                *of_one += 1;
            }
            open.all += 1;
            Ok(())
        })?;
        Ok(Admitted {
            connections: Arc::clone(self),
            source,
        })
    }

    /// Connections that are open.
    pub fn len(&self) -> usize {
        self.with(|open| open.all)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Open) -> T) -> T {
        work(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection that counts as open until this is dropped.
pub struct Admitted {
    connections: Arc<Connections>,
    source: Option<Source>,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.with(|open| {
            open.all = open.all.saturating_sub(1);
            let Some(source) = self.source else { return };
            if let Some(of_one) = open.by_source.get_mut(&source) {
                *of_one = of_one.saturating_sub(1);
                if *of_one == 0 {
                    open.by_source.remove(&source);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        Source::of([192, 0, 2, last].into())
    }

    #[test]
    fn counts_in_all_and_for_each() {
        let connections = Connections::new(3, 2);
        let first = connections.admit(Some(source(1))).ok();
        let _second = connections.admit(Some(source(1))).ok();
        assert_eq!(connections.admit(Some(source(1))).err(), Some(RelayError::TooManyConnections));
        let _third = connections.admit(Some(source(2))).ok();
        assert_eq!(connections.admit(Some(source(3))).err(), Some(RelayError::Busy));
        drop(first);
        assert!(connections.admit(Some(source(1))).is_ok());
    }

    #[test]
    fn a_proxy_is_not_one_person() {
        let connections = Connections::new(3, 1);
        let _open: Vec<_> = (0..3).map(|_| connections.admit(None).ok()).collect();
        assert_eq!(connections.len(), 3);
    }

    #[test]
    fn forgets_who_has_left() {
        let connections = Connections::new(3, 2);
        drop(connections.admit(Some(source(1))));
        assert_eq!(connections.with(|open| open.by_source.len()), 0);
    }
}
