//! What can be read in several ways never gets around a rule.

use crate::world::*;

fn when(lists: &str) -> String {
    format!("{{when: [{{key: 'request.headers[x-group]', {lists}}}]}}")
}

/// Whether a policy that allows by this rule, and one that denies by it, let a request pass.
fn passes(rule: &str, sent: &Sent) -> (bool, bool) {
    let under = |action: &str| {
        let table = table(&policy("p", &format!("{{action: {action}, rules: [{rule}]}}")));
        sent.passes(&table)
    };
    (under("ALLOW"), under("DENY"))
}

#[test]
fn of_several_lines_each_counts_against_the_caller() {
    let lines = |first: &str, second: &str| get().with("x-group", first).with("x-group", second);
    for sent in [lines("admin", "a"), lines("a", "admin")] {
        assert_eq!(passes(&when("values: [admin]"), &sent), (false, false), "{sent:?}");
        assert_eq!(passes(&when("notValues: [admin]"), &sent), (false, false), "{sent:?}");
    }
    assert_eq!(passes(&when("values: ['adm*']"), &lines("admin", "a")), (false, false));
    assert_eq!(passes(&when("values: ['adm*']"), &lines("admin", "admit")), (true, false));
    assert_eq!(passes(&when("notValues: [admin]"), &lines("a", "b")), (true, false));
    assert_eq!(passes(&when("values: ['a,b']"), &lines("a", "b")), (false, false));
}

#[test]
fn a_header_that_is_empty_is_there_where_that_counts_against_the_caller() {
    let empty = get().with("x-group", "");
    assert_eq!(passes(&when("values: ['*']"), &empty), (false, false));
    assert_eq!(passes(&when("notValues: ['*']"), &empty), (false, false));
}

#[test]
fn a_host_with_a_port_is_denied_like_the_host() {
    let rule = |list: &str| format!("{{to: [{{operation: {{{list}: [admin.example.com]}}}}]}}");
    for authority in ["admin.example.com:8080", "ADMIN.example.com.", "admin.example.com.:80"] {
        let sent = sent("GET", &format!("http://{authority}/"));
        assert_eq!(passes(&rule("hosts"), &sent), (false, false), "{authority}");
        assert_eq!(passes(&rule("notHosts"), &sent), (false, false), "{authority}");
        let header = "{when: [{key: 'request.headers[:authority]', values: [admin.example.com]}]}";
        assert_eq!(passes(header, &sent), (false, false), "{authority}");
    }
    let other = sent("GET", "http://shop.example.com:8080/");
    assert_eq!(passes(&rule("hosts"), &other), (false, true));
    assert_eq!(passes(&rule("notHosts"), &other), (true, false));
}
