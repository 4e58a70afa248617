//! Faults to inject.

use super::{Site, http_route::status};
use crate::{
    document::{self, Path},
    model::{Abort, AbortStatus, Delay, Injection, Share},
};

pub(super) fn translate(site: Site<'_>, at: &Path<'_>, written: &document::FaultInjection) -> Injection {
    if written.delay.is_none() && written.abort.is_none() {
        site.check.refuse(at, "HTTP fault injection must have an abort and/or a delay");
    }
    let delay = written.delay.as_ref();
    let abort = written.abort.as_ref();
    Injection {
        delay: delay.and_then(|delay| translate_delay(site, &at.field("delay"), delay)),
        abort: abort.and_then(|abort| translate_abort(site, &at.field("abort"), abort)),
    }
}

fn translate_delay(site: Site<'_>, at: &Path<'_>, written: &document::Delay) -> Option<Delay> {
    let Some(lasting) = written.fixed_delay else {
        site.check.refuse_with(at, "fixedDelay is missing", "write fixedDelay: 2s");
        return None;
    };
    site.duration(&at.field("fixedDelay"), lasting);
    Some(Delay { lasting, share: share(site, at, written.percentage)? })
}

fn translate_abort(site: Site<'_>, at: &Path<'_>, written: &document::Abort) -> Option<Abort> {
    let share = share(site, at, written.percentage)?;
    let status = match (written.http_status, &written.grpc_status) {
        (Some(_), Some(_)) => {
            site.check.refuse_with(at, "httpStatus and grpcStatus exclude one another", "keep one");
            return None;
        }
        (Some(code), None) => {
            let code = u32::try_from(code).unwrap_or_default();
            AbortStatus::Http(status(site, &at.field("httpStatus"), code)?)
        }
        (None, Some(name)) => AbortStatus::Grpc(grpc_status(site, &at.field("grpcStatus"), name)?),
        (None, None) => {
            site.check.warn(at, "abort configured, but error type not set", "write httpStatus: 503");
            return None;
        }
    };
    Some(Abort { status, share })
}

fn share(site: Site<'_>, at: &Path<'_>, written: Option<document::Percent>) -> Option<Share> {
    let percent = written.unwrap_or_default().0;
    if written.is_none() {
        site.check.warn(at, "without a percentage this never happens", "write percentage: {value: 100}");
    }
    let share = Share::from_percent(percent);
    if share.is_none() {
        let reason = format!("percentage {percent} is neither 0.0, nor in range [0.0001, 100.0]");
        site.check.refuse(&at.field("percentage"), reason);
    }
    share
}

fn grpc_status(site: Site<'_>, at: &Path<'_>, name: &str) -> Option<u8> {
    let number = (0..).zip(AbortStatus::GRPC).find(|(_, known)| *known == name).map(|(number, _)| number);
    if number.is_none() {
        let reason = format!("gRPC status {name:?} is not supported");
        site.check.refuse_with(at, reason, "write its canonical name, such as UNAVAILABLE");
    }
    number
}
