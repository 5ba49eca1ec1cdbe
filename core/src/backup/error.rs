//! Why a backup was not written or not restored.

use techo_protocol::basics::passphrase::PassphraseError;

use crate::vault::VaultError;

techo_protocol::coded_errors! {
    /// What can be wrong with a backup.
    pub enum BackupError {
        /// The file does not begin like a backup.
        Foreign = "backup.foreign", "This is not a backup of Techo.", "Choose a backup file that Techo has written.";
        /// A newer program wrote the file.
        NewerVersion = "backup.newer_version", "The backup was written by a newer version of Techo.", "Update Techo.";
        /// The file was cut off, or holds what this format does not allow.
        Damaged = "backup.damaged", "The backup is damaged. Nothing was restored.", "Use an intact copy of the file.";
        /// The passphrase, or a changed byte: the two cannot be told apart.
        WrongPassphrase = "backup.wrong_passphrase", "The passphrase is wrong, or the file was changed. Nothing was restored.", "Type the passphrase again; if it is right, use another copy of the file.";
        /// A passphrase of nothing protects nothing.
        NoPassphrase = "backup.no_passphrase", "A backup needs a passphrase.", "Give the backup a passphrase.";
        /// The backup would be, or is, larger than `MOST_BYTES`.
        TooLarge = "backup.too_large", "This is more than one backup can hold.", "Keep visits for fewer days, and try again.";
        /// The machine lacks the memory that the passphrase's key takes.
        TooCostly = "backup.too_costly", "This machine does not have the memory that opening a backup takes.", "Close other programs, or use a machine with more memory.";
    }
}

techo_protocol::coded_union! {
    /// Why a backup could not be written or restored: the file, or the vault.
    pub enum BackupFailure {
        /// What is wrong with the file or the passphrase.
        Backup(BackupError);
        /// The vault could not be read or written.
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
