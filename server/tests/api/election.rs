use etcd_client::{CampaignResponse, Client, LeaderKey, LeaseGrantOptions, ProclaimOptions, ResignOptions};
use proto::v3electionpb::election_client::ElectionClient;
use proto::v3electionpb::{ProclaimRequest, ResignRequest};
use tonic::Code;

use crate::common::{TestServer, soon, status_of};

async fn campaign(client: &mut Client, lease: i64, value: &str) -> CampaignResponse {
    client.lease_grant(60, Some(LeaseGrantOptions::new().with_id(lease))).await.unwrap();
    client.campaign("name", value, lease).await.unwrap()
}

fn as_leader(leader: &LeaderKey) -> Option<ProclaimOptions> {
    Some(ProclaimOptions::new().with_leader(leader.clone()))
}

#[tokio::test]
async fn the_first_to_campaign_is_the_leader() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let won = campaign(&mut client, 77, "v").await;
    let leader = won.leader().unwrap();
    assert_eq!((leader.name(), leader.key(), leader.rev(), leader.lease()), (&b"name"[..], &b"name/4d"[..], 2, 77));
    let kv = client.leader("name").await.unwrap().kv().unwrap().clone();
    assert_eq!((kv.key(), kv.value(), kv.mod_revision(), kv.lease()), (&b"name/4d"[..], &b"v"[..], 2, 77));
}

#[tokio::test]
async fn a_leader_that_campaigns_again_says_its_new_value() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    campaign(&mut client, 77, "v").await;
    let again = client.campaign("name", "w", 77).await.unwrap();
    assert_eq!((again.leader().unwrap().rev(), again.header().unwrap().revision()), (2, 2));
    assert_eq!(client.leader("name").await.unwrap().kv().unwrap().value(), b"w");
}

#[tokio::test]
async fn who_campaigns_later_leads_when_the_leader_resigns() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let first = campaign(&mut client, 1, "a").await;
    let mut second = client.clone();
    let waiting = tokio::spawn(async move { campaign(&mut second, 2, "b").await });
    soon(async {
        while server.store.status().watch.watchers == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!waiting.is_finished());
    client.resign(Some(ResignOptions::new().with_leader(first.leader().unwrap().clone()))).await.unwrap();
    assert_eq!(soon(waiting).await.unwrap().leader().unwrap().key(), b"name/2");
    assert_eq!(client.leader("name").await.unwrap().kv().unwrap().value(), b"b");
}

#[tokio::test]
async fn observers_see_every_value_and_every_leader() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let mut seen = client.observe("name").await.unwrap();
    let first = campaign(&mut client, 1, "a").await.leader().unwrap().clone();
    let mut told = async || {
        let response = soon(seen.message()).await.unwrap().unwrap();
        let kv = response.kv().unwrap();
        (kv.key_str().unwrap().to_owned(), kv.value_str().unwrap().to_owned(), response.header().unwrap().revision())
    };
    assert_eq!(told().await, ("name/1".to_owned(), "a".to_owned(), 2));
    client.proclaim("a2", as_leader(&first)).await.unwrap();
    assert_eq!(told().await, ("name/1".to_owned(), "a2".to_owned(), 3));
    client.resign(Some(ResignOptions::new().with_leader(first))).await.unwrap();
    campaign(&mut client, 2, "b").await;
    assert_eq!(told().await, ("name/2".to_owned(), "b".to_owned(), 5));
}

#[tokio::test]
async fn a_shutdown_ends_the_observing() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    campaign(&mut client, 1, "a").await;
    let mut seen = client.observe("name").await.unwrap();
    soon(seen.message()).await.unwrap();
    server.stop();
    assert_eq!(status_of(soon(seen.message()).await).0, Code::Unavailable);
    drop((client, seen));
    server.stopped().await;
}

#[tokio::test]
async fn who_is_not_the_leader_can_resign_but_not_proclaim() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let leader = campaign(&mut client, 1, "a").await.leader().unwrap().clone();
    client.resign(Some(ResignOptions::new().with_leader(leader.clone()))).await.unwrap();
    let refused = status_of(client.proclaim("b", as_leader(&leader)).await);
    assert_eq!(refused, (Code::Unknown, "election: not leader".to_owned()));
    client.resign(Some(ResignOptions::new().with_leader(leader))).await.unwrap();
    assert_eq!(server.store.revision().0, 3, "nothing was there to be deleted");
}

#[tokio::test]
async fn errors_have_etcds_texts_and_no_code() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    let nobody = status_of(client.leader("name").await);
    assert_eq!(nobody, (Code::Unknown, "election: no leader".to_owned()));
    let no_lease = status_of(client.campaign("name", "v", 5).await);
    assert_eq!(no_lease, (Code::Unknown, "etcdserver: requested lease not found".to_owned()));
    let mut raw = ElectionClient::new(server.channel().await);
    for status in [
        raw.proclaim(ProclaimRequest::default()).await.unwrap_err(),
        raw.resign(ResignRequest::default()).await.unwrap_err(),
    ] {
        assert_eq!((status.code(), status.message()), (Code::Unknown, "\"leader\" field must be provided"));
    }
}
