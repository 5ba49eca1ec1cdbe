//! What an installation has to follow, and what it replaces beside the account and its chunks.

use techo_protocol::household::epoch_record::EpochRecord;

use crate::store::StoreError;
use crate::store::account::{Account, Install, Installed, MOST_INSTALLED, Records, WordsAfter};
use crate::store::rows::Changing;

/// The epoch record that is there, which has to be the account's, and the recovery keys that count on the installation's day.
pub fn to_follow<E: From<StoreError>>(rows: Changing<'_, E>, account: &Account, install: &Install) -> Result<Records, E> {
    let present = rows.present_record(install.stream)?;
    let present = present.map(|bytes| EpochRecord::read(&bytes)).transpose();
    let present = present.map_err(|_| StoreError::Damaged)?;
    if present.as_ref().map(EpochRecord::mark) != account.head.record {
        return Err(StoreError::Damaged.into());
    }
    let keys = rows.keys(install.stream)?;
    Ok(Records {
        present,
        words: keys.words_on(install.day).copied().collect(),
    })
}

/// Writes what an installation changes beside the account and its chunks.
pub fn replace<E: From<StoreError>>(rows: Changing<'_, E>, install: &Install, installed: &Installed) -> Result<(), E> {
    let (stream, day) = (install.stream, install.day);
    if let Some(present) = &installed.present {
        rows.remove_present_record(stream)?;
        for record in &installed.replaced {
            rows.put_record(stream, record.head.number, &record.write(), Some(day))?;
        }
        rows.put_record(stream, present.head.number, &present.write(), None)?;
    }
    for key in &installed.old_keys {
        rows.put_old_key(stream, key, day)?;
    }
    if installed.words != WordsAfter::Same {
        rows.retire_words(stream, day)?;
        rows.remove_locator(stream)?;
    }
    if let WordsAfter::Others(words) = installed.words {
        rows.put_words(stream, &words.signing)?;
        // Whoever had it first keeps it: nobody's words lead to another household.
        rows.claim_locator(stream, &words.locator)?;
    }
    if let Some(keyring) = &install.new_keyring {
        rows.put_keyring(stream, keyring.bytes())?;
    }
    // A household that makes records without end fills no disk with them.
    rows.keep_newest(stream, MOST_INSTALLED)
}
