//! Connections to the database: a few, kept open, and replaced when they are lost.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use postgres::binary_copy::BinaryCopyInWriter;
use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::types::{ToSql, Type};
use postgres::{Client, Config, CopyInWriter, NoTls, Row, RowIter, Statement, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::place::PostgresPlace;
use crate::store::StoreError;

/// Connections at once, beside the one that listens.
const MOST: usize = 8;
/// Tries of a change that others were in the way of, or whose connection was lost before its end.
const TRIES: u32 = 6;

/// Each statement is planned once, most of them while the tables are empty, and keeps its plan. Unless told so, the database plans to read a
/// whole table then, and goes on doing it when there are thousands of rows. Every statement of a household's stream has an index to go by.
const PLANNING: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_bitmapscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
    SET jit = off";

/// What ends a call: the database, or a rule of the store.
#[derive(Debug)]
pub enum Trouble {
    /// The database refused, did not answer, or was lost.
    Database(postgres::Error),
    /// A rule of the store was not met, such as what a column may hold.
    Store(StoreError),
}

/// What a call gives.
pub type Done<T> = Result<T, Trouble>;

impl From<postgres::Error> for Trouble {
    fn from(error: postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Trouble> for StoreError {
    fn from(trouble: Trouble) -> Self {
        let error = match trouble {
            Trouble::Store(error) => return error,
            Trouble::Database(error) => error,
        };
        // The message names tables and rules; values would stand in the detail.
        if let Some(told) = error.as_db_error() {
            tracing::error!(state = told.code().code(), cause = told.message(), "the store's database");
        } else {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(error = %error, cause, "the store's database");
        }
        match error.code() {
            Some(&SqlState::DISK_FULL) => Self::Full,
            Some(&SqlState::UNDEFINED_TABLE | &SqlState::UNDEFINED_COLUMN | &SqlState::DATA_CORRUPTED) => Self::Damaged,
            _ => Self::Failed,
        }
    }
}

impl Trouble {
    /// Whether the same again may go well: others were in the way.
    fn is_a_race(error: &postgres::Error) -> bool {
        matches!(
            error.code(),
            Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
        )
    }
}

/// One connection, with its prepared statements.
pub struct Connection {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

impl Connection {
    fn query(&mut self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Done<Vec<Row>> {
        if !self.statements.contains_key(sql) {
            self.statements.insert(sql, self.client.prepare(sql)?);
        }
        Ok(self.client.query(&self.statements[sql], values)?)
    }
}

/// A transaction under way, with its connection's prepared statements.
pub struct Work<'c> {
    transaction: Transaction<'c>,
    statements: &'c mut HashMap<&'static str, Statement>,
}

impl Work<'_> {
    fn prepared(&mut self, sql: &'static str) -> Done<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.transaction.prepare(sql)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    /// The rows that a statement gives.
    pub fn query(&mut self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Done<Vec<Row>> {
        let statement = self.prepared(sql)?;
        Ok(self.transaction.query(&statement, values)?)
    }

    /// A row, if there is one.
    pub fn query_opt(&mut self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Done<Option<Row>> {
        let statement = self.prepared(sql)?;
        Ok(self.transaction.query_opt(&statement, values)?)
    }

    /// The only row that a statement gives; it is an error where there is none.
    pub fn query_one(&mut self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Done<Row> {
        let statement = self.prepared(sql)?;
        Ok(self.transaction.query_one(&statement, values)?)
    }

    /// Changes rows and says how many.
    pub fn execute(&mut self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Done<u64> {
        let statement = self.prepared(sql)?;
        Ok(self.transaction.execute(&statement, values)?)
    }

    /// Rows of a statement that is made for once, one by one: they may be more than there is memory for.
    pub fn query_each(&mut self, sql: &str) -> Done<RowIter<'_>> {
        Ok(self.transaction.query_raw(sql, std::iter::empty::<i64>())?)
    }

    /// Whether a statement that is made for once gives a row.
    pub fn query_any(&mut self, sql: &str) -> Done<bool> {
        Ok(self.transaction.query_opt(sql, &[])?.is_some())
    }

    /// The first column of each row of a statement that is made for once, as text.
    #[cfg(test)]
    pub fn query_text(&mut self, sql: &str) -> Done<Vec<String>> {
        let rows = self.transaction.query(sql, &[])?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// Takes rows for `COPY ... FROM STDIN BINARY`, whose columns have these types.
    pub fn copy_rows(&mut self, sql: &'static str, types: &[Type]) -> Done<BinaryCopyInWriter<'_>> {
        let statement = self.prepared(sql)?;
        Ok(BinaryCopyInWriter::new(self.transaction.copy_in(&statement)?, types))
    }

    /// Takes rows for `COPY ... FROM STDIN`.
    pub fn copy_in(&mut self, sql: &str) -> Done<CopyInWriter<'_>> {
        Ok(self.transaction.copy_in(sql)?)
    }

    /// Statements without values, one after the other.
    pub fn run(&mut self, sql: &str) -> Done<()> {
        Ok(self.transaction.batch_execute(sql)?)
    }
}

/// Connections that are open.
pub struct Pool {
    config: Config,
    tls: MakeRustlsConnect,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Connection>,
    open: usize,
}

impl Pool {
    /// A pool for a place; connects when it has to.
    ///
    /// # Errors
    /// [`StoreError::AddressInvalid`].
    pub fn new(place: &PostgresPlace) -> Result<Self, StoreError> {
        Ok(Self {
            config: place.config()?,
            tls: place.tls()?,
            state: Mutex::default(),
            freed: Condvar::new(),
        })
    }

    /// A new connection, which the pool does not count.
    ///
    /// # Errors
    /// [`Trouble::Database`].
    pub fn connect(&self) -> Done<Client> {
        Ok(match self.config.get_ssl_mode() {
            SslMode::Disable => self.config.connect(NoTls)?,
            _ => self.config.connect(self.tls.clone())?,
        })
    }

    /// Rows of one statement.
    ///
    /// # Errors
    /// The database's.
    pub fn read_all(&self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut lent = self.lend()?;
            let outcome = lent.get()?.query(sql, values);
            match outcome {
                Ok(rows) => return Ok(rows),
                Err(_) if tries < TRIES && lent.is_lost() => {}
                Err(trouble) => return Err(trouble.into()),
            }
        }
    }

    /// A row of one statement, if there is one.
    ///
    /// # Errors
    /// The database's, or those of `read`.
    pub fn read_one<T>(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.read_all(sql, values)?.first().map(read).transpose()
    }

    /// Reads, all as of one moment.
    ///
    /// # Errors
    /// The database's.
    pub fn read<T>(&self, work: impl Fn(&mut Work<'_>) -> Done<T>) -> Result<T, StoreError> {
        self.attempt(work, |client| {
            let builder = client.build_transaction();
            Ok(builder
                .isolation_level(postgres::IsolationLevel::RepeatableRead)
                .read_only(true)
                .start()?)
        })
    }

    /// Changes, all at once, and on disk when this returns. Done again from the beginning where others were in the way or the connection was lost
    /// before its end.
    ///
    /// # Errors
    /// The database's, or that of `work`; nothing was changed then, unless the connection was lost at the very end.
    pub fn write<T>(&self, work: impl Fn(&mut Work<'_>) -> Done<T>) -> Result<T, StoreError> {
        self.attempt(work, |client| Ok(client.transaction()?))
    }

    fn attempt<T>(
        &self,
        work: impl Fn(&mut Work<'_>) -> Done<T>,
        begin: impl Fn(&mut Client) -> Done<Transaction<'_>>,
    ) -> Result<T, StoreError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut lent = self.lend()?;
            let Connection { client, statements } = lent.get()?;
            let worked = begin(client).and_then(|transaction| {
                let mut work_on = Work { transaction, statements };
                let outcome = work(&mut work_on)?;
                Ok((outcome, work_on.transaction.commit()))
            });
            let trouble = match worked {
                Ok((outcome, Ok(()))) => return Ok(outcome),
                // Where the connection was lost here, it may have been done: whoever asked looks again.
                Ok((_, Err(error))) if Trouble::is_a_race(&error) => Trouble::from(error),
                Ok((_, Err(error))) => return Err(Trouble::from(error).into()),
                Err(Trouble::Database(error)) if Trouble::is_a_race(&error) || lent.is_lost() => Trouble::from(error),
                Err(trouble) => return Err(trouble.into()),
            };
            if tries >= TRIES {
                return Err(trouble.into());
            }
            drop(lent);
            std::thread::sleep(Duration::from_millis(10) * tries);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of it is done before anything can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection: one that is idle, or a new one, or the next that is given back.
    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let mut state = self.lock();
        loop {
            if let Some(connection) = state.idle.pop() {
                if connection.client.is_closed() {
                    state.open -= 1;
                    continue;
                }
                return Ok(Lent {
                    pool: self,
                    connection: Some(connection),
                });
            }
            if state.open < MOST {
                break;
            }
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.open += 1;
        drop(state);
        // Counted before it is there, and given back by being dropped where it does not come.
        let mut lent = Lent {
            pool: self,
            connection: None,
        };
        let mut client = self.connect()?;
        client.batch_execute(PLANNING).map_err(Trouble::from)?;
        lent.connection = Some(Connection {
            client,
            statements: HashMap::new(),
        });
        Ok(lent)
    }
}

/// A connection that is given back when this is dropped.
struct Lent<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Lent<'_> {
    fn get(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Failed)
    }

    fn is_lost(&self) -> bool {
        self.connection
            .as_ref()
            .is_none_or(|connection| connection.client.is_closed())
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|connection| !connection.client.is_closed());
        let mut state = self.pool.lock();
        match connection {
            // One whose transaction panicked has been rolled back.
            Some(connection) => state.idle.push(connection),
            None => state.open -= 1,
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}
