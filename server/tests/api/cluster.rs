use etcd_client::{Client, MemberAddOptions};
use proto::etcdserverpb::cluster_client::ClusterClient;
use proto::etcdserverpb::downgrade_request::DowngradeAction;
use proto::etcdserverpb::maintenance_client::MaintenanceClient;
use proto::etcdserverpb::{DefragmentRequest, DowngradeRequest, MemberListRequest, MoveLeaderRequest, StatusRequest};
use tonic::Code;

use crate::common::{TestServer, status_of};

fn learner() -> Option<MemberAddOptions> {
    Some(MemberAddOptions::new().with_is_learner())
}

async fn add_learner(client: &mut Client, url: &str) -> u64 {
    client.member_add([url], learner()).await.unwrap().member().unwrap().id()
}

#[tokio::test]
async fn a_member_that_was_added_is_listed_and_never_starts() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let added = client.member_add(["http://b:2", "http://a:1"], None).await.unwrap();
    let member = added.member().unwrap();
    assert_eq!(member.peer_urls(), ["http://a:1", "http://b:2"]);
    assert!(member.id() != 0 && member.name().is_empty() && member.client_urls().is_empty() && !member.is_learner());
    assert_eq!(added.member_list().len(), 2);
    let listed = client.member_list().await.unwrap();
    assert_eq!(listed.members(), added.member_list());
    assert!(listed.members().is_sorted_by_key(|member| member.id()));
    client.put("k", "v", None).await.expect("nothing waits for its vote");
    let left = client.member_remove(member.id()).await.unwrap();
    assert_eq!(left.members().len(), 1);
}

#[tokio::test]
async fn headers_about_the_cluster_have_no_revision() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let added = client.member_add(["http://a:1"], learner()).await.unwrap();
    assert_eq!(added.header().unwrap().revision(), 0);
    let list = ClusterClient::new(server.channel().await).member_list(MemberListRequest::default()).await.unwrap();
    let header = list.into_inner().header.unwrap();
    assert!(header.revision == 0 && header.cluster_id != 0 && header.member_id != 0 && header.raft_term > 0);
}

#[tokio::test]
async fn urls_of_members_can_be_changed() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let own = server.store.identity().member_id;
    let updated = client.member_update(own, ["http://elsewhere:1".to_owned()]).await.unwrap();
    assert_eq!(updated.members()[0].peer_urls(), ["http://elsewhere:1"]);
    assert_eq!(updated.members()[0].name(), "default", "it is the same member");
    let added = add_learner(&mut client, "http://a:1").await;
    let updated = client.member_update(added, ["http://a:2".to_owned()]).await.unwrap();
    let member = updated.members().iter().find(|member| member.id() == added).unwrap();
    assert!(member.peer_urls() == ["http://a:2"] && member.is_learner());
}

#[tokio::test]
async fn what_an_etcd_that_is_alone_refuses_is_refused_with_its_words() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let own = server.store.identity().member_id;
    let refused = |(code, message): (Code, String)| (code, message.replace("etcdserver: ", ""));
    let few = (Code::Unknown, "re-configuration failed due to not enough started members".to_owned());
    let missing = (Code::NotFound, "member not found".to_owned());
    let precondition = |text: &str| (Code::FailedPrecondition, text.to_owned());

    assert_eq!(refused(status_of(client.member_remove(own).await)), few);
    assert_eq!(refused(status_of(client.member_remove(5).await)), missing);
    assert_eq!(refused(status_of(client.member_update(5, ["http://a:1".to_owned()]).await)), missing);
    assert_eq!(refused(status_of(client.member_promote(5).await)), missing);
    let promoted = refused(status_of(client.member_promote(own).await));
    assert_eq!(promoted, precondition("can only promote a learner member"));
    let bad = refused(status_of(client.member_add(["bad"], None).await));
    assert_eq!(bad, (Code::InvalidArgument, "given member URLs are invalid".to_owned()));
    let taken = refused(status_of(client.member_add(["http://localhost:2380"], None).await));
    assert_eq!(taken, precondition("Peer URLs already exists"));

    let added = add_learner(&mut client, "http://a:1").await;
    let second = refused(status_of(client.member_add(["http://b:1"], learner()).await));
    assert_eq!(second, precondition("too many learner members in cluster"));
    let promoted = refused(status_of(client.member_promote(added).await));
    assert_eq!(promoted, precondition("can only promote a learner member which is in sync with leader"));

    client.member_add(["http://c:1"], None).await.unwrap();
    assert_eq!(refused(status_of(client.member_add(["http://d:1"], None).await)), few);
}

#[tokio::test]
async fn leadership_moves_to_the_leader_alone() {
    let server = TestServer::start().await;
    let mut maintenance = MaintenanceClient::new(server.channel().await);
    let own = server.store.identity().member_id;
    let moved = maintenance.move_leader(MoveLeaderRequest { target_id: own }).await.unwrap().into_inner();
    assert!(moved.header.is_none(), "as in etcd");
    assert!(maintenance.defragment(DefragmentRequest::default()).await.unwrap().into_inner().header.is_none());
    let learner = add_learner(&mut server.client().await, "http://a:1").await;
    for target_id in [0, 5, learner] {
        let status = maintenance.move_leader(MoveLeaderRequest { target_id }).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, "etcdserver: bad leader transferee"));
    }
}

#[tokio::test]
async fn a_downgrade_is_kept_in_mind_until_it_is_cancelled() {
    let server = TestServer::start().await;
    let mut maintenance = MaintenanceClient::new(server.channel().await);
    let ask =
        |action: DowngradeAction, version: &str| DowngradeRequest { action: action as i32, version: version.into() };
    let in_progress = "etcdserver: cluster has a downgrade job in progress";

    let valid = maintenance.downgrade(ask(DowngradeAction::Validate, "3.6")).await.unwrap().into_inner();
    assert_eq!((valid.version.as_str(), valid.header.unwrap().revision), ("3.7", 1));
    let refused = maintenance.downgrade(ask(DowngradeAction::Enable, "3.5.0")).await.unwrap_err();
    assert_eq!(refused.message(), "etcdserver: invalid downgrade target version");
    maintenance.downgrade(ask(DowngradeAction::Enable, "3.6.1")).await.unwrap();
    for action in [DowngradeAction::Validate, DowngradeAction::Enable] {
        let status = maintenance.downgrade(ask(action, "3.6.0")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::FailedPrecondition, in_progress));
    }
    let info = maintenance.status(StatusRequest::default()).await.unwrap().into_inner().downgrade_info.unwrap();
    assert_eq!((info.enabled, info.target_version.as_str()), (true, "3.6.0"));

    for _ in 0..2 {
        maintenance.downgrade(ask(DowngradeAction::Cancel, "")).await.expect("also if there is none");
    }
    let info = maintenance.status(StatusRequest::default()).await.unwrap().into_inner().downgrade_info.unwrap();
    assert_eq!((info.enabled, info.target_version.as_str()), (false, ""));
}
