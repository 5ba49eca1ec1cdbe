//! Recovery words: twelve words that bring the diary back when no device is left.

use techo_protocol::household::recovery::RecoveryWords;
use zeroize::Zeroizing;

use super::syncing::Synced;
use super::{Device, DeviceError};
use crate::sync::SyncError;
use crate::sync::recovery::{self, Restored};
use crate::sync::relay_streams::RelayStreams;

pub use techo_protocol::household::recovery::Language as WordsLanguage;

/// New words, to be shown once: whoever has them has the diary.
pub struct NewWords {
    /// The twelve words, with a space between them.
    pub words: Zeroizing<String>,
}

impl std::fmt::Debug for NewWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewWords").finish_non_exhaustive()
    }
}

/// A way back into a household by its words.
pub struct WordsRestore {
    /// The words as they were typed.
    pub words: Zeroizing<String>,
    /// The address of the relay that the household used.
    pub relay: String,
    /// What this device is called in the household's list.
    pub name: String,
}

/// What the words gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoredByWords {
    /// Whether another device had shut the words out: the household begins anew with this device, and nothing can be read of what is at the
    /// relay. Otherwise its diary is here now.
    pub taken_over: bool,
    /// What came in. From words alone nobody can know whether the relay showed the newest state.
    pub synced: Synced,
}

/// Whether a text is twelve recovery words, of any language: what a shell asks before it opens a device with them.
///
/// ```
/// use techo_core::device::check_words;
/// use techo_protocol::Coded;
///
/// assert_eq!(check_words("seven words").unwrap_err().code(), "recovery.wrong_count");
/// ```
///
/// # Errors
/// Why it is not; no word is part of it.
pub fn check_words(text: &str) -> Result<(), DeviceError> {
    RecoveryWords::parse(None, text).map_err(SyncError::from)?;
    Ok(())
}

impl Device {
    /// Makes new words and ends the old ones. They stand at the relay when this returns: the one at an address, or the one that was used last.
    ///
    /// ```
    /// use techo_core::device::{Device, WordsLanguage, WordsRestore};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (relay, clock) = (techo_testing::Files::default(), techo_testing::SetClock::at(techo_testing::NOW));
    /// let mut phone = Device::open(&folder.path().join("phone"), techo_testing::ports_with(&relay, &clock))?;
    /// let words = phone.new_words(WordsLanguage::English, Some(techo_testing::RELAY))?.words;
    /// assert_eq!(words.split(' ').count(), 12);
    ///
    /// // The phone is lost.
    /// let mut found = Device::open(&folder.path().join("found"), techo_testing::ports_with(&relay, &clock))?;
    /// let restored = found.restore_by_words(&WordsRestore { words, relay: techo_testing::RELAY.into(), name: "Found".into() })?;
    /// assert!(!restored.taken_over);
    /// assert_eq!(found.devices()?.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`HouseholdRefusal::NoRelay`](crate::sync::HouseholdRefusal::NoRelay), the relay's, or a [`SyncError`]; the old words hold then.
    pub fn new_words(&mut self, language: WordsLanguage, relay: Option<&str>) -> Result<NewWords, DeviceError> {
        let (address, now) = (self.relay_address(relay)?, self.now());
        let words = RecoveryWords::generate(language, &self.random)?;
        let streams = RelayStreams::new(&*self.relay, &address);
        recovery::renew_words(self.diary.vault(), &streams, &address, &words, now)?;
        Ok(NewWords { words: words.text() })
    }

    /// Lets this device into the household of the words and fetches its diary. A diary that is here stays; a deleted account is brought back. The
    /// example of [`Self::new_words`] shows it.
    ///
    /// ```
    /// use techo_core::device::{Device, WordsRestore};
    /// use techo_protocol::Coded;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut found = Device::open(folder.path(), techo_testing::ports())?;
    /// let words = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about".to_owned();
    /// let request = WordsRestore { words: words.into(), relay: techo_testing::RELAY.into(), name: "Found".into() };
    /// assert_eq!(found.restore_by_words(&request).unwrap_err().code(), "household.words_unknown");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// They are no words; [`HouseholdRefusal::WordsUnknown`](crate::sync::HouseholdRefusal::WordsUnknown); the relay's; or the vault cannot be
    /// written.
    pub fn restore_by_words(&mut self, request: &WordsRestore) -> Result<RestoredByWords, DeviceError> {
        let words = RecoveryWords::parse(None, &request.words).map_err(SyncError::from)?;
        let now = self.now();
        let streams = RelayStreams::new(&*self.relay, &request.relay);
        let restored = recovery::restore(self.diary.vault(), &streams, &words, &request.name, now, &self.random)?;
        Ok(RestoredByWords {
            taken_over: restored == Restored::TakenOver,
            synced: self.sync_now(Some(&request.relay))?,
        })
    }
}
