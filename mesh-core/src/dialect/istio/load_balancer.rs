//! How an endpoint is chosen.

use super::{Site, locality};
use crate::{
    document::{ConsistentHash, HashCookie, LoadBalancer, Path, SimpleBalancing, Warmup},
    model::{self, Algorithm, Balancing, CookieAttribute, HashKey, HashTable, Share},
};
use http::HeaderName;

/// Reads how an endpoint is chosen; `ejects`: endpoints that fail are left alone.
pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &LoadBalancer, ejects: bool) -> Balancing {
    check(site, at, written, ejects);
    let algorithm = match (&written.consistent_hash, written.simple) {
        (Some(hash), _) => Algorithm::ConsistentHash { key: key(site, at, hash), table: table(hash) },
        (None, Some(SimpleBalancing::Random)) => Algorithm::Random,
        (None, Some(SimpleBalancing::Passthrough)) => Algorithm::Passthrough,
        (None, Some(SimpleBalancing::RoundRobin)) => Algorithm::RoundRobin,
        (None, _) => Algorithm::LeastRequest,
    };
    let older = written.warmup_duration_secs;
    let older = older.map(|duration| Warmup { duration: Some(duration), ..Warmup::default() });
    let warmup = written.warmup.as_ref().or(older.as_ref());
    Balancing { algorithm, nearness: locality::translate(written), warmup: warmup.and_then(translate_warmup) }
}

fn key(site: Site<'_>, at: &Path<'_>, written: &ConsistentHash) -> Option<HashKey> {
    if let Some(name) = &written.http_header_name {
        let at = at.field("consistentHash");
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("{name:?} is not a header name"));
        return site.check.accept(&at.field("httpHeaderName"), name).map(HashKey::Header);
    }
    let cookie = written.http_cookie.as_ref().map(|cookie| HashKey::Cookie(translate_cookie(cookie)));
    let source = written.use_source_ip.filter(|is_used| *is_used).map(|_| HashKey::SourceIp);
    let parameter = written.http_query_parameter_name.as_deref();
    cookie.or(source).or_else(|| parameter.map(|name| HashKey::QueryParameter(name.into())))
}

fn translate_cookie(written: &HashCookie) -> model::HashCookie {
    let attributes = written.attributes.iter().map(|attribute| CookieAttribute {
        name: attribute.name.as_str().into(),
        value: attribute.value.as_str().into(),
    });
    model::HashCookie {
        name: written.name.as_str().into(),
        path: written.path.as_str().into(),
        ttl: written.ttl,
        attributes: attributes.collect(),
    }
}

fn table(written: &ConsistentHash) -> HashTable {
    let older = Some(written.minimum_ring_size).filter(|size| *size != 0);
    match (written.maglev_table, written.ring_hash_minimum.or(older)) {
        (Some(size), _) => HashTable::Maglev { size },
        (None, Some(minimum)) => HashTable::Ring { minimum },
        (None, None) => HashTable::default(),
    }
}

fn translate_warmup(written: &Warmup) -> Option<model::Warmup> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of floats saturates")]
    let thousandths = (written.aggression.unwrap_or(1.0) * 1000.0).round() as u32;
    Some(model::Warmup {
        duration: written.duration?,
        minimum: Share::from_percent(written.minimum_percent.unwrap_or(10.0)).unwrap_or(Share::NONE),
        aggression: thousandths.max(1),
    })
}

fn check(site: Site<'_>, at: &Path<'_>, written: &LoadBalancer, ejects: bool) {
    if let Some(hash) = &written.consistent_hash {
        check_hash(site, &at.field("consistentHash"), hash);
    }
    if written.locality_lb_setting.is_some() && written.zone_aware_lb_setting.is_some() {
        let reason = "only one of localityLbSetting and zoneAwareLbSetting can be set";
        site.check.refuse_with(at, reason, "keep one");
    }
    if let Some(setting) = &written.locality_lb_setting {
        locality::check(site, &at.field("localityLbSetting"), setting, ejects);
    }
    if let Some(setting) = &written.zone_aware_lb_setting {
        locality::check_zones(site, &at.field("zoneAwareLbSetting"), setting, ejects);
    }
    site.maybe_duration(at, "warmupDurationSecs", written.warmup_duration_secs);
    if let Some(warmup) = &written.warmup {
        check_warmup(site, &at.field("warmup"), warmup);
    }
}

fn check_hash(site: Site<'_>, at: &Path<'_>, written: &ConsistentHash) {
    if let Some(cookie) = &written.http_cookie {
        check_cookie(site, &at.field("httpCookie"), cookie);
    }
    if written.minimum_ring_size != 0 {
        let reason = "consistent hash MinimumRingSize is deprecated, use ConsistentHashLB's RingHash configuration instead";
        let remedy = format!("write ringHash: {{minimumRingSize: {}}}", written.minimum_ring_size);
        site.check.warn(&at.field("minimumRingSize"), reason, remedy);
        if written.ring_hash_minimum.is_some() || written.maglev_table.is_some() {
            let reason = "only one of MinimumRingSize or Maglev/Ringhash can be specified";
            site.check.refuse_with(at, reason, "remove minimumRingSize");
        }
    }
    let Some(size) = written.maglev_table else { return };
    let size_at = at.field("maglev");
    let size_at = size_at.field("tableSize");
    if size == 0 {
        site.check.refuse(&size_at, "tableSize must be set for maglev");
    } else if size >= 5_000_011 {
        site.check.refuse(&size_at, "tableSize must be less than 5000011 for maglev");
    } else if !is_prime(size) {
        site.check.refuse_with(&size_at, "tableSize must be a prime number for maglev", "write 65537, say");
    }
}

fn check_cookie(site: Site<'_>, at: &Path<'_>, written: &HashCookie) {
    if written.name.is_empty() {
        site.check.refuse(at, "name required for HttpCookie");
    }
    let attributes_at = at.field("attributes");
    for (index, attribute) in written.attributes.iter().enumerate() {
        let at = attributes_at.index(index);
        if attribute.name.is_empty() {
            site.check.refuse(&at, "name required for a cookie attribute");
        } else if written.attributes[..index].iter().any(|other| other.name == attribute.name) {
            site.check.refuse(&at, format!("duplicate cookie attribute name: {}", attribute.name));
        }
    }
}

fn check_warmup(site: Site<'_>, at: &Path<'_>, written: &Warmup) {
    match written.duration {
        Some(duration) => site.duration(&at.field("duration"), duration),
        None => site.check.refuse_with(at, "duration is required", "write duration: 60s, say"),
    }
    let percent_at = at.field("minimumPercent");
    if written.minimum_percent.is_some_and(|percent| percent > 100.0) {
        site.check.refuse(&percent_at, "minimumPercent value should be less than or equal to 100");
    }
    if written.minimum_percent.is_some_and(|percent| percent < 0.0) {
        site.check.refuse(&percent_at, "minimumPercent value should be greater than or equal to 0");
    }
    if written.aggression.is_some_and(|aggression| aggression <= 0.0) {
        site.check.refuse(&at.field("aggression"), "aggression should be greater than 0");
    }
}

/// Whether a number below 5,000,011 is prime.
fn is_prime(number: u64) -> bool {
    number > 1
        && (2..)
            .take_while(|factor| factor * factor <= number)
            .all(|factor: u64| !number.is_multiple_of(factor))
}
