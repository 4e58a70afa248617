//! Which of several documents came first.

use super::*;

fn dated(name: &str, created: &str) -> String {
    answering(name, "[catalog.shop.svc.cluster.local]")
        .replace("metadata: {", &format!("metadata: {{{created}"))
}

fn at(time: &str) -> String {
    format!("creationTimestamp: '{time}', ")
}

fn owner(files: &[&str]) -> String {
    let (model, status) = taken(&[&[plain("catalog.shop").as_str()], files].concat());
    assert_eq!(status.faults.iter().filter(|fault| fault.is_refusal()).count(), 0);
    goes(&Snapshot::compile(&model, &workload("shop", &[]), None), "http://catalog/")
}

#[test]
fn the_oldest_comes_first_wherever_it_is_written() {
    let new = dated("shop/new", &at("2024-03-01T10:00:00Z"));
    let old = dated("shop/old", &at("2023-03-01T10:00:00+02:00"));
    assert_eq!(owner(&[&new, &old]), "shop-old answers");
    assert_eq!(owner(&[&old, &new]), "shop-old answers");
}

#[test]
fn of_equal_age_the_name_decides_and_then_the_namespace() {
    let time = at("2024-03-01T10:00:00Z");
    let (a, b) = (dated("shop/a", &time), dated("bank/b", &time));
    assert_eq!(owner(&[&b, &a]), "shop-a answers");
    let other = dated("bank/a", &time);
    assert_eq!(owner(&[&a, &other]), "bank-a answers");
}

#[test]
fn what_was_never_in_a_cluster_comes_after_what_was_and_keeps_the_order_of_files() {
    let (first, second) = (dated("shop/z", ""), dated("shop/a", "creationTimestamp: null, "));
    assert_eq!(owner(&[&first, &second]), "shop-z answers");
    let dated = dated("shop/dated", &at("2999-01-01T00:00:00Z"));
    assert_eq!(owner(&[&first, &dated]), "shop-dated answers");
}

#[test]
fn a_time_that_is_none_is_a_fault() {
    let wrong = dated("shop/a", &at("yesterday"));
    let (_, status) = taken(&[&wrong]);
    assert!(status.faults[0].to_string().contains("metadata.creationTimestamp"), "{}", status.faults[0]);
}
