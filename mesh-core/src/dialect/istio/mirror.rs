//! Who gets copies of requests.

use super::{Site, destination};
use crate::{
    document::{self, Path},
    model::{Mirror, Share},
};

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &document::HttpRoute) -> Vec<Mirror> {
    if written.mirror.is_some() && !written.mirrors.is_empty() {
        let remedy = "move mirror into mirrors";
        site.check.refuse_with(at, "HTTP route cannot contain both mirror and mirrors", remedy);
    }
    check_old_share(site, &at.field("mirrorPercent"), written.mirror_percent);
    let share_of_one =
        share(site, &at.field("mirrorPercentage"), written.mirror_percentage, "mirror_percentage");
    // The newer spelling wins over the older one.
    let share_of_one =
        share_of_one.or(written.mirror_percent.map(|percent| percentage(f64::from(percent.min(100)))));
    let one = written.mirror.as_ref();
    let one = one.and_then(|to| mirror(site, &at.field("mirror"), to, share_of_one));
    let mirrors_at = at.field("mirrors");
    let several = written.mirrors.iter().enumerate();
    let several =
        several.filter_map(|(index, written)| one_of_several(site, &mirrors_at.index(index), written));
    one.into_iter().chain(several).collect()
}

fn one_of_several(site: Site<'_>, at: &Path<'_>, written: &document::Mirror) -> Option<Mirror> {
    let share = share(site, &at.field("percentage"), written.percentage, "mirror percentage");
    let Some(to) = &written.destination else {
        let remedy = "write destination: {host: …}";
        site.check.refuse_with(at, "destination is required for mirrors", remedy);
        return None;
    };
    mirror(site, &at.field("destination"), to, share)
}

fn mirror(site: Site<'_>, at: &Path<'_>, to: &document::Destination, share: Option<Share>) -> Option<Mirror> {
    let (host, subset, port) = destination::translate(site, at, to)?;
    Some(Mirror { host, subset, port, share: share.unwrap_or(Share::ALL) })
}

fn check_old_share(site: Site<'_>, at: &Path<'_>, written: Option<u32>) {
    let Some(percent) = written else { return };
    if percent > 100 {
        site.check.refuse(at, format!("mirror_percent must have a max value of 100 (it has {percent})"));
    }
    let reason = "using deprecated setting \"mirrorPercent\", use \"mirrorPercentage\" instead";
    site.check.warn(at, reason, format!("write mirrorPercentage: {{value: {percent}}}"));
}

fn share(site: Site<'_>, at: &Path<'_>, written: Option<document::Percent>, name: &str) -> Option<Share> {
    let document::Percent(value) = written?;
    if value > 100.0 {
        site.check.refuse(at, format!("{name} must have a max value of 100 (it has {value:.6})"));
    }
    if value < 0.0 {
        site.check.refuse(at, format!("{name} must have a min value of 0 (it has {value:.6})"));
    }
    Some(percentage(value))
}

/// The share that a percentage means; one below a millionth is none, as in Istio.
fn percentage(value: f64) -> Share {
    Share::from_percent(value).unwrap_or(Share::NONE)
}
