//! A device that a shell moves to a worker thread.

use techo_core::device::Device;

#[test]
fn a_device_works_on_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Device>();
    let folder = tempfile::tempdir().unwrap();
    let mut device = Device::open(folder.path(), techo_testing::ports()).unwrap();
    let visits = std::thread::spawn(move || device.visits(&techo_core::diary::Filter::default()).unwrap());
    assert_eq!(visits.join().unwrap().visits.len(), 0);
}
