//! Three phones of one household.

use techo_testing::Household;

#[test]
fn what_one_writes_and_deletes_is_the_same_on_all_three() {
    let mut home = Household::of(3);
    let gone = home.phones[0].add("Kanaria Tei", 2);
    home.phones[2].add("Suzume An", 1);
    home.settle();
    home.phones[1].diary.delete(&[gone]).unwrap();
    home.settle();
    for phone in &mut home.phones {
        assert_eq!(phone.names(), ["Suzume An"]);
    }
}
