//! What entry pages rely on: public help without a token, cacheable, readable from foreign pages, and true within
//! two seconds of a change on every instance.

use std::time::Duration;

use lotse::access::Role;
use serde_json::json;

use crate::on_both;
use crate::support::app::{self, client};
use crate::support::wait::wait_for_some;

const KIEL: &str = "/api/v1/help?service=wohnsitzanmeldung&ars=010020000000";

on_both! {
    /// Anybody may ask, from any page, and ask again cheaply.
    async fn is_public_and_cacheable(app: TestApp) {
        let help = app.get("", KIEL).await;
        assert_eq!(help.header("access-control-allow-origin"), Some("*"));
        assert!(help.header("cache-control").unwrap().contains("max-age"));
        let tag = help.header("etag").unwrap().to_owned();
        let said = help.expect(200);
        assert_eq!(said["municipality"]["name"], "Kiel, Landeshauptstadt");
        assert_eq!(said["channels"][0]["phone"], "115");
        assert_eq!(said["channels"][0]["hours"], "Mo-Fr 08:00-18:00; PH off");
        let again = app.send("", "GET", KIEL, None, &[("If-None-Match", &tag)]).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""));
        let ask_first = [("Origin", "https://www.kiel.example"), ("Access-Control-Request-Method", "GET")];
        assert!(app.send("", "OPTIONS", KIEL, None, &ask_first).await.status < 300);
    }

    /// A place that exists always gets something that helps; only the unknown is 404.
    async fn is_never_a_dead_end(app: TestApp) {
        let hamburg = app.get("", &KIEL.replace("010020000000", "020000000000")).await.expect(200);
        let helps = !hamburg["channels"].as_array().unwrap().is_empty() || hamburg["notice"].is_string();
        assert!(helps, "{hamburg}");
        for unknown in [KIEL.replace("wohnsitzanmeldung", "gibt-es-nicht"), KIEL.replace("010020000000", "999990000000")] {
            let problem = app.get("", &unknown).await;
            assert_eq!(problem.header("content-type"), Some("application/problem+json"));
            problem.expect(404);
        }
        app.get("", &KIEL.replace("010020000000", "kiel")).await.expect_fault(422, "ars");
    }

    /// A change is seen on every instance within two seconds.
    async fn a_change_is_seen_everywhere(app: TestApp) {
        let mut app = app;
        let other = app.second_instance().await;
        let bases = [app.base.clone(), format!("http://{}", other.address().unwrap())];
        let admin = app.token(Role::Admin, "").await;
        let found = app.get(&admin, "/api/v1/adoptions?service=wohnsitzanmeldung&ars=01002").await.expect(200);
        let adoption = &found["items"][0];
        let channels = json!([{"kind": "phone", "label": "Bürgertelefon", "phone": "+49 431 9010", "hours": "24/7", "languages": ["de"]}]);
        let change = json!({"version": adoption["version"], "channels": channels}).to_string();
        let path = format!("/api/v1/adoptions/{}", adoption["id"].as_str().unwrap());
        app.send(&admin, "PATCH", &path, Some(change), &[]).await.expect(200);
        for base in bases {
            wait_for_some(format!("the change at {base}"), Duration::from_secs(2), || async {
                let help = app::send(&client(), &base, "", "GET", KIEL, None, &[]).await;
                help.body.contains("Bürgertelefon").then_some(())
            })
            .await;
        }
        assert!(other.stop().await);
    }
}
