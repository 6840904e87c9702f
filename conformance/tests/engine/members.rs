//! Members that were added are as durable as keys.

use std::sync::Arc;

use storage_core::backend::{Fault, FaultBackend};
use storage_core::cluster::{ClusterChange, ClusterError, Member};
use storage_core::{MemoryBackend, Revision, Store, StoreError, StoreOptions};

fn learner(url: &str) -> Member {
    Member { peer_urls: vec![url.to_owned()], is_learner: true }
}

#[tokio::test]
async fn members_and_a_downgrade_survive_a_restart_and_take_no_revision() {
    let memory = Arc::new(MemoryBackend::new());
    let open = || async {
        memory.reopen();
        Store::open(Arc::clone(&memory) as _, StoreOptions::default()).await.expect("it opens")
    };
    let store = open().await;
    let own = store.identity().member_id;
    let changes = [
        ClusterChange::AddMember(learner("http://a:1")),
        ClusterChange::UpdateMember { id: own, peer_urls: vec!["http://own:2".to_owned()] },
        ClusterChange::EnableDowngrade("3.6.0".to_owned()),
    ];
    for change in changes {
        store.change_cluster(change, &[]).await.expect("it is possible");
    }
    let before = store.cluster();
    assert_eq!((before.members().len(), before.downgrade()), (2, Some("3.6.0")));
    assert_eq!(store.revision(), Revision(1));
    store.close().await.expect("it closes");

    let store = open().await;
    assert_eq!(store.cluster(), before);
    let added = *before.members().keys().find(|id| **id != own).expect("it was added");
    store.change_cluster(ClusterChange::RemoveMember(added), &[]).await.expect("it is there");
    store.change_cluster(ClusterChange::CancelDowngrade, &[]).await.expect("there is one");
    store.close().await.expect("it closes");

    let after = open().await.cluster();
    assert_eq!((after.members().keys().collect::<Vec<_>>(), after.downgrade()), (vec![&own], None));
}

#[tokio::test]
async fn a_change_that_the_storage_refuses_did_not_happen() {
    let faults = Arc::new(FaultBackend::new(Arc::new(MemoryBackend::new())));
    let store = Store::open(Arc::clone(&faults) as _, StoreOptions::default()).await.expect("it opens");
    faults.script([Fault::Refused]);
    let add = ClusterChange::AddMember(learner("http://a:1"));
    assert!(matches!(store.change_cluster(add.clone(), &[]).await, Err(StoreError::Refused(_))));
    assert!(store.cluster().members().is_empty());
    store.change_cluster(add, &[]).await.expect("it is not there yet");
}

#[tokio::test]
async fn no_two_members_have_the_same_url() {
    let store = Store::open(Arc::new(MemoryBackend::new()), StoreOptions::default()).await.expect("it opens");
    let own = ["http://own:1".to_owned()];
    let taken = store.change_cluster(ClusterChange::AddMember(learner("http://own:1")), &own).await;
    assert_eq!(taken, Err(ClusterError::PeerUrlsExist.into()));
    let update = ClusterChange::UpdateMember { id: store.identity().member_id, peer_urls: vec!["http://own:2".into()] };
    store.change_cluster(update, &own).await.expect("nobody else has it");
    store.change_cluster(ClusterChange::AddMember(learner("http://own:1")), &own).await.expect("it is free now");
}
