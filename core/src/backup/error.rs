//! Why a backup was not written or not restored.

use techo_protocol::basics::passphrase::PassphraseError;

use crate::vault::VaultError;

techo_protocol::coded_errors! {
    /// What can be wrong with a backup.
    pub enum BackupError {
        /// Something else.
        Foreign = "backup.foreign", "This is not a backup of Techo.", "Choose a backup file that Techo has written.";
        /// A newer program wrote it.
        NewerVersion = "backup.newer_version", "The backup was written by a newer version of Techo.", "Update Techo.";
        /// It was cut off, or holds what this format does not allow.
        Damaged = "backup.damaged", "The backup is damaged. Nothing was restored.", "Use an intact copy of the file.";
        /// The passphrase, or a changed byte: the two cannot be told apart.
        WrongPassphrase = "backup.wrong_passphrase", "The passphrase is wrong, or the file was changed. Nothing was restored.", "Type the passphrase again; if it is right, use another copy of the file.";
        /// A passphrase of nothing protects nothing.
        NoPassphrase = "backup.no_passphrase", "A backup needs a passphrase.", "Give the backup a passphrase.";
        /// More than a backup holds.
        TooLarge = "backup.too_large", "This is more than one backup can hold.", "Keep visits for fewer days, and try again.";
        /// The memory for the passphrase.
        TooCostly = "backup.too_costly", "This machine has not the memory that opening a backup takes.", "Close other programs, or use a machine with more memory.";
    }
}

techo_protocol::coded_union! {
    /// Why a backup could not be written or restored: the file, or the vault.
    pub enum BackupFailure {
        /// The file.
        Backup(BackupError);
        /// The vault.
        Vault(VaultError);
    }
}

impl From<PassphraseError> for BackupFailure {
    fn from(error: PassphraseError) -> Self {
        match error {
            PassphraseError::Wrong => BackupError::WrongPassphrase.into(),
            PassphraseError::Damaged => BackupError::Damaged.into(),
            PassphraseError::NewerVersion => BackupError::NewerVersion.into(),
            PassphraseError::TooCostly => BackupError::TooCostly.into(),
            PassphraseError::NoRandomness => Self::Vault(crate::ports::RandomError::Unavailable.into()),
        }
    }
}
