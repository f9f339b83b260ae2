//! Lists: pages, newest first, filtered by status.

use std::time::Duration;

use keyledger_tests::{Registry, eventually, from_now};
use serde_json::{Value, json};

use crate::SHARED;

fn page(registry: &Registry, partner: &str, query: &str) -> (Vec<String>, Option<String>) {
    let list =
        registry.operator().get(&format!("/v1/partners/{partner}/keys?{query}")).send().expecting(200).json();
    let names = list["keys"].as_array().expect("a list of keys").iter();
    let names = names.map(|key| key["name"].as_str().expect("a name").to_owned()).collect();
    (names, list["nextCursor"].as_str().map(ToOwned::to_owned))
}

#[test]
fn pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition() {
    let registry = SHARED.get();
    let names: Vec<_> = (0..7).map(|n| format!("key {n}")).collect();
    for name in &names {
        registry.create("pages", name, &["client:read"]);
    }
    let mut seen = Vec::new();
    let mut query = "limit=3".to_owned();
    let mut sizes = Vec::new();
    loop {
        let (page, next) = page(&registry, "pages", &query);
        sizes.push(page.len());
        seen.extend(page);
        // A key that is created meanwhile is newer than every page that is still to come.
        registry.create("pages", "meanwhile", &["client:read"]);
        let Some(cursor) = next else { break };
        query = format!("limit=3&cursor={cursor}");
    }
    seen.reverse();
    assert_eq!(seen, names);
    assert_eq!(sizes, [3, 3, 1]);
    let (all, next) = page(&registry, "pages", "");
    assert_eq!((all.len(), next), (10, None));
    assert_eq!(page(&registry, "nobody", ""), (Vec::new(), None));
}

#[test]
fn a_page_that_is_full_and_the_last_has_no_next() {
    let registry = SHARED.get();
    for n in 0..4 {
        registry.create("full", &n.to_string(), &["client:read"]);
    }
    let (first, cursor) = page(&registry, "full", "limit=2");
    let (second, end) =
        page(&registry, "full", &format!("limit=2&cursor={}", cursor.expect("a second page")));
    assert_eq!((first.len(), second.len(), end), (2, 2, None));
}

#[test]
fn a_page_holds_fifty_keys_unless_it_is_told_otherwise() {
    let registry = SHARED.get();
    for n in 0..51 {
        registry.create("fifty", &n.to_string(), &["client:read"]);
    }
    let (first, cursor) = page(&registry, "fifty", "");
    assert_eq!((first.len(), first[0].as_str()), (50, "50"));
    let (second, end) = page(&registry, "fifty", &format!("cursor={}", cursor.expect("a second page")));
    assert_eq!((second, end), (vec!["0".to_owned()], None));
}

#[test]
fn a_list_shows_one_status_or_all() {
    let registry = SHARED.get();
    registry.create("statuses", "active", &["client:read"]);
    registry.revoke(&registry.create("statuses", "revoked", &["client:read"]));
    let expiry = from_now(Duration::from_millis(1500));
    let body = json!({ "name": "expired", "scopes": ["client:read"], "expiresAt": expiry });
    registry.create_from("statuses", &body);
    let names = |query| page(&registry, "statuses", query).0;
    eventually("the key expires", Duration::from_secs(10), || names("status=EXPIRED") == ["expired"]);
    assert_eq!(names("status=ACTIVE"), ["active"]);
    assert_eq!(names("status=REVOKED"), ["revoked"]);
    assert_eq!(names(""), ["expired", "revoked", "active"]);
}

#[test]
fn what_a_list_cannot_be_asked_is_named() {
    let registry = SHARED.get();
    let faulty = |query: &str| {
        registry.operator().get(&format!("/v1/partners/asked/keys?{query}")).send().faulty_fields()
    };
    assert_eq!(faulty("limit=0"), ["limit"]);
    assert_eq!(faulty("limit=201"), ["limit"]);
    assert_eq!(faulty("limit=ten"), ["limit"]);
    assert_eq!(faulty("status=active"), ["status"]);
    assert_eq!(faulty("cursor=nonsense"), ["cursor"]);
    assert_eq!(faulty("page=2"), ["page"]);
    let mut all = faulty("limit=0&status=x&page=2");
    all.sort();
    assert_eq!(all, ["limit", "page", "status"]);
    assert_eq!(page(&registry, "asked", "limit=200").0, [""; 0]);
}

#[test]
fn a_key_that_lost_a_scope_to_the_catalogue_shows_the_scope_still() {
    let registry = Registry::start();
    let key = registry.create("listed", "a", &["site:read", "user:read"]);
    let operator = registry.operator();
    let present = operator.get("/v1/scopes").send().expecting(200).json();
    let kept: Vec<Value> = present["resources"].as_array().expect("resources").clone();
    let kept: Vec<_> = kept.into_iter().filter(|resource| resource["name"] != "site").collect();
    operator.put("/v1/scopes", &json!({ "resources": kept })).send().expecting(200);
    let list = operator.get("/v1/partners/listed/keys").send().expecting(200).json();
    assert_eq!(list["keys"][0]["scopes"], key.key["scopes"]);
}
