use proto::etcdserverpb::DowngradeRequest;
use proto::etcdserverpb::downgrade_request::DowngradeAction;
use storage_core::Store;
use storage_core::cluster::{ClusterChange, ClusterError};
use tonic::Status;

use crate::options::EmulatedVersion;
use crate::status;

/// Does what an operator asks before older servers are started: keeps in mind that it was asked. No older etcd can open this
/// server's files, so nothing about them has to change.
pub(super) async fn downgrade(
    store: &Store,
    version: EmulatedVersion,
    request: &DowngradeRequest,
) -> Result<(), Status> {
    let change = match DowngradeAction::try_from(request.action) {
        Ok(DowngradeAction::Validate) => {
            target(version, &request.version)?;
            return match store.cluster().downgrade() {
                Some(_) => Err(status::of(ClusterError::DowngradeInProgress.into())),
                None => Ok(()),
            };
        }
        Ok(DowngradeAction::Enable) => ClusterChange::EnableDowngrade(target(version, &request.version)?.to_string()),
        Ok(DowngradeAction::Cancel) => ClusterChange::CancelDowngrade,
        Err(_) => return Err(Status::unknown("etcdserver: unknown method")),
    };
    store.change_cluster(change, &[]).await.map_err(status::of)?;
    Ok(())
}

/// The version before this one, if that is what `text` names.
fn target(version: EmulatedVersion, text: &str) -> Result<EmulatedVersion, Status> {
    let target = parse(text).ok_or_else(status::wrong_downgrade_version_format)?.cluster();
    if Some(target) == version.previous_minor() { Ok(target) } else { Err(status::invalid_downgrade_target()) }
}

/// A version of two numbers, or of three and perhaps something behind them.
fn parse(text: &str) -> Option<EmulatedVersion> {
    let base = text.split(['-', '+']).next().unwrap_or_default();
    if text.matches('.').count() == 1 { format!("{text}.0").parse().ok() } else { base.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_before_is_the_only_target() {
        for good in ["3.6", "3.6.0", "3.6.1", "3.6.0-rc.0", "3.06.0"] {
            assert_eq!(target(EmulatedVersion::default(), good).unwrap().to_string(), "3.6.0");
        }
        for bad in ["3.7.0", "3.5.0", "3.8.0", "2.6.0"] {
            let status = target(EmulatedVersion::default(), bad).unwrap_err();
            assert_eq!(status.message(), "etcdserver: invalid downgrade target version", "{bad}");
        }
        for malformed in ["", "x", "v3.6.0", "3", "3.6.0.0", "3.-6"] {
            let status = target(EmulatedVersion::default(), malformed).unwrap_err();
            assert_eq!(status.message(), "etcdserver: wrong downgrade target version format", "{malformed}");
        }
    }
}
