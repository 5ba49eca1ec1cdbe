use super::*;
use crate::store::each_database;

const ONE: StreamId = StreamId([1; 16]);
const TWO: StreamId = StreamId([2; 16]);

#[test]
fn an_account_has_one_mailbox_and_nobody_gets_another_s() {
    each_database(|store| {
        let boxes = Mailboxes::new(10, 10);
        boxes.open(store, ONE, [1; 16], 0).unwrap();
        boxes.write(store, [1; 16], 0, &[7], 0).unwrap();
        boxes.open(store, ONE, [1; 16], 60).unwrap();
        assert_eq!(boxes.open(store, TWO, [1; 16], 60), Err(SyncError::MailboxTaken.into()));
        assert_eq!(
            boxes.take(store, [1; 16], 0, 60),
            Ok(Some(vec![7])),
            "the same again changed nothing"
        );
        assert_eq!(
            boxes.take(store, [1; 16], 1, MAILBOX_SECONDS),
            Err(SyncError::NoMailbox.into()),
            "nor gave it more time"
        );
        boxes.open(store, ONE, [2; 16], 60).unwrap();
        assert_eq!(boxes.take(store, [1; 16], 0, 60), Err(SyncError::NoMailbox.into()));
    });
}

#[test]
fn there_is_room_for_so_many() {
    each_database(|store| {
        let boxes = Mailboxes::new(1, 10);
        boxes.open(store, ONE, [1; 16], 0).unwrap();
        assert_eq!(
            boxes.open(store, TWO, [2; 16], MAILBOX_SECONDS - 1),
            Err(RelayError::Busy.into())
        );
        boxes.open(store, TWO, [2; 16], MAILBOX_SECONDS).unwrap();
        boxes.forget(store, 2 * MAILBOX_SECONDS).unwrap();
        let gone = boxes.take(store, [2; 16], 0, 0);
        assert_eq!(
            gone,
            Err(SyncError::NoMailbox.into()),
            "it is not there any more, whatever the clock"
        );
    });
}

#[test]
fn a_message_is_written_once_and_taken_once() {
    each_database(|store| {
        let boxes = Mailboxes::new(10, 10);
        boxes.open(store, ONE, [1; 16], 0).unwrap();
        assert_eq!(boxes.take(store, [1; 16], 3, 0), Ok(None));
        boxes.write(store, [1; 16], 3, b"", 0).unwrap();
        assert_eq!(boxes.write(store, [1; 16], 3, b"x", 0), Err(SyncError::MessageWritten.into()));
        assert_eq!(boxes.take(store, [1; 16], 3, 0), Ok(Some(vec![])));
        assert_eq!(boxes.take(store, [1; 16], 3, 0), Err(SyncError::MessageTaken.into()));
        assert_eq!(boxes.write(store, [1; 16], 3, b"x", 0), Err(SyncError::MessageWritten.into()));
        assert_eq!(boxes.take(store, [1; 16], 2, 0), Ok(None), "each is one of its own");
    });
}
