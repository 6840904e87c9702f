//! What of JSON is understood, and what is written.

use etcd_client::PutOptions;

use crate::common::TestServer;
use crate::common::web::post;

#[tokio::test]
async fn names_may_be_in_camel_case_and_unknown_ones_are_passed_over() {
    let server = TestServer::start().await;
    server.client().await.put("foo", "bar", None).await.unwrap();
    let json = r#"{"key":"AA==","rangeEnd":"AA==","keysOnly":true,"nope":[1,{"a":null}],"key2":"!"}"#;
    let answer = post(&server, "/v3/kv/range", json).await.json();
    assert_eq!(answer["kvs"][0]["key"], "Zm9v");
    assert!(answer["kvs"][0].get("value").is_none());
}

#[tokio::test]
async fn numbers_may_be_strings_and_enums_numbers() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for key in ["a", "b"] {
        client.put(key, "", None).await.unwrap();
    }
    for (limit, order, target) in [("1", "2", "0"), (r#""1""#, r#""DESCEND""#, r#""KEY""#)] {
        let json = format!(
            r#"{{"key":"AA==","range_end":"AA==","limit":{limit},"sort_order":{order},"sort_target":{target}}}"#
        );
        let answer = post(&server, "/v3/kv/range", &json).await.json();
        assert_eq!(answer["kvs"][0]["key"], "Yg==", "{json}");
        assert_eq!((&answer["more"], &answer["count"]), (&true.into(), &"2".into()));
    }
}

#[tokio::test]
async fn bytes_may_be_in_either_alphabet_of_base64_and_without_padding() {
    let server = TestServer::start().await;
    server.client().await.put(vec![0xfb, 0xff, 0xfe, b'x'], "v", None).await.unwrap();
    for key in ["+//+eA==", "-__-eA==", "-__-eA", "+//+eA"] {
        let answer = post(&server, "/v3/kv/range", &format!(r#"{{"key":"{key}"}}"#)).await;
        assert_eq!(answer.json()["kvs"][0]["key"], "+//+eA==", "{key}");
    }
}

#[tokio::test]
async fn values_of_the_wrong_kind_are_refused() {
    let server = TestServer::start().await;
    for json in [
        r#"{"key":1}"#,
        r#"{"key":"*"}"#,
        r#"{"limit":"x"}"#,
        r#"{"limit":1.5}"#,
        r#"{"limit":"9223372036854775808"}"#,
        r#"{"serializable":"true"}"#,
    ] {
        let answer = post(&server, "/v3/kv/range", json).await;
        assert_eq!((answer.status, &answer.json()["code"]), (400, &3.into()), "{json}");
    }
}

#[tokio::test]
async fn a_field_that_is_null_has_its_default() {
    let server = TestServer::start().await;
    let answer = post(&server, "/v3/kv/put", r#"{"key":"YQ==","value":null,"lease":null}"#).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn defaults_are_left_out_and_64_bits_are_strings() {
    let server = TestServer::start().await;
    let grant = post(&server, "/v3/lease/grant", r#"{"TTL":"60","ID":"9007199254740993"}"#).await.json();
    assert_eq!((&grant["ID"], &grant["TTL"]), (&"9007199254740993".into(), &"60".into()));
    let lease = PutOptions::new().with_lease(9_007_199_254_740_993);
    server.client().await.put("k", "", Some(lease)).await.unwrap();
    let kv = &post(&server, "/v3/kv/range", r#"{"key":"aw=="}"#).await.json()["kvs"][0];
    assert_eq!(kv["lease"], "9007199254740993");
    assert!(kv.get("value").is_none(), "an empty value is left out");
    let leases = post(&server, "/v3/lease/leases", "").await.json();
    assert_eq!(leases["leases"], serde_json::json!([{"ID": "9007199254740993"}]));
}

#[tokio::test]
async fn a_message_that_is_there_is_written_even_when_it_is_empty() {
    let server = TestServer::start().await;
    let status = post(&server, "/v3/maintenance/status", "{}").await.json();
    assert_eq!(status["downgradeInfo"], serde_json::json!({}));
    assert_eq!(status["version"], "3.7.3");
}
